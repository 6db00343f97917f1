use super::tokens::{Token, tokens};

/// What a statement may do beyond its own rows, judged by its words.
///
/// It errs towards caution where it can tell, and it cannot tell everything: a function of the
/// application's own may do anything inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SqlEffect {
    /// It reads or writes rows.
    Contained,
    /// It may leave something behind on its connection when the transaction is over: prepared
    /// statements, temporary tables, listeners, held cursors, locks. An adapter closes such a
    /// connection instead of lending it to the next tenant.
    LeavesTraces,
    /// It changes settings or the role, or begins or ends transactions, and so could switch the
    /// tenant or leave it. An adapter refuses it unless raw SQL was asked for.
    Controls,
}

/// What begins a statement that stays within its rows.
const CONTAINED: [&str; 7] = ["select", "insert", "update", "delete", "with", "values", "merge"];

/// What begins a statement that controls session or transaction.
const CONTROLS: [&str; 11] = [
    "set",
    "reset",
    "begin",
    "start",
    "commit",
    "end",
    "rollback",
    "abort",
    "savepoint",
    "release",
    "discard",
];

/// Functions that leave something, or that run SQL from a text, where it cannot be seen.
const TRACES: [&str; 12] = [
    "pg_advisory",
    "pg_try_advisory",
    "dblink",
    "lo_",
    "setseed",
    "query_to_xml",
    "cursor_to_xml",
    "table_to_xml",
    "schema_to_xml",
    "database_to_xml",
    "ts_stat",
    "ts_rewrite",
];

impl SqlEffect {
    /// What this SQL may do.
    pub fn of(sql: &str) -> Self {
        let tokens = tokens(sql);
        let words = || tokens.iter().filter_map(Token::name).map(str::to_lowercase);
        let has = |word: &str| tokens.iter().any(|token| token.is_word(word));
        let mut begins = tokens
            .split(|token| *token == Token::Semicolon)
            .filter_map(|statement| statement.iter().find_map(Token::name));
        let Some(first) = begins.next() else { return Self::LeavesTraces };
        if CONTROLS.contains(&first)
            || begins.clone().any(|first| CONTROLS.contains(&first))
            || words().any(|word| word == "set_config")
        {
            return Self::Controls;
        }
        let makes_table = has("into") && !has("insert") && !has("merge");
        let traces = words().any(|word| TRACES.iter().any(|function| word.starts_with(function)));
        let escaped = tokens.contains(&Token::Escaped);
        let several = begins.next().is_some();
        if !CONTAINED.contains(&first) || makes_table || traces || escaped || several {
            return Self::LeavesTraces;
        }
        Self::Contained
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{SqlEffect::*, *};

    #[test]
    fn what_could_switch_the_tenant_is_known() {
        for sql in [
            "SET app.x = '1'",
            "SET LOCAL ROLE x",
            "reset all",
            "COMMIT",
            "SELECT set_config('a.b', 'c', true)",
            "SELECT pg_catalog.\"set_config\"('a.b', 'c', false)",
            "SELECT 1; SET a.b = 1",
            "/* hint */ SET a.b = 1",
            "--\rRESET ROLE",
            "DISCARD ALL",
        ] {
            assert_eq!(SqlEffect::of(sql), Controls, "{sql}");
        }
    }

    #[test]
    fn what_outlives_its_transaction_is_known() {
        for sql in [
            "DEALLOCATE s0",
            "PREPARE s0 AS SELECT 1",
            "LISTEN x",
            "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
            "CREATE TEMP TABLE t()",
            "DO $$ BEGIN END $$",
            "SELECT PG_ADVISORY_LOCK(1)",
            "SELECT query_to_xml($1, true, true, '')",
            "SELECT 1 INTO TEMP t",
            "SELECT 1; SELECT 2",
            "SELECT U&\"set\\005Fconfig\"('a', 'b', false)",
            "",
        ] {
            assert_eq!(SqlEffect::of(sql), LeavesTraces, "{sql}");
        }
    }

    #[test]
    fn rows_are_just_rows() {
        for sql in [
            "SELECT 1",
            "(SELECT 1)",
            "INSERT INTO t VALUES ($1)",
            "WITH x AS (SELECT 1) SELECT * FROM x;",
            "UPDATE t SET a = 'set_config'",
            "SELECT \"set\", 'COMMIT; SET a = 1' FROM t -- SET",
        ] {
            assert_eq!(SqlEffect::of(sql), Contained, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn a_quoted_value_hides_nothing_behind_it(value in r"(['\\$]|\PC){0,30}") {
            let sql = format!("SELECT {}, set_config('a.b', '', true)", crate::quote_literal(&value));
            prop_assert_eq!(SqlEffect::of(&sql), Controls);
            let sql = format!("SELECT {}", crate::quote_literal(&value));
            prop_assert_eq!(SqlEffect::of(&sql), Contained);
        }
    }
}
