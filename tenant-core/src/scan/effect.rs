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
        let mut found = Found {
            begun: false,
            statements: 0,
            worst: Self::Contained,
            into: false,
            inserts: false,
        };
        for token in tokens(sql) {
            found.see(&token);
        }
        found.effect()
    }
}

/// What a statement's words say of it.
struct Found {
    /// A statement is under way, not just white space behind a semicolon.
    begun: bool,
    statements: usize,
    worst: SqlEffect,
    into: bool,
    inserts: bool,
}

impl Found {
    fn see(&mut self, token: &Token<'_>) {
        match token {
            Token::Semicolon => self.begun = false,
            // It may spell any function's name.
            Token::Escaped => self.at_least(SqlEffect::LeavesTraces),
            _ => {}
        }
        let Some(name) = token.name() else { return };
        if !self.begun {
            self.begun = true;
            self.statements += 1;
            if CONTROLS.contains(&&*name) {
                self.at_least(SqlEffect::Controls);
            } else if !CONTAINED.contains(&&*name) {
                self.at_least(SqlEffect::LeavesTraces);
            }
        }
        if name.eq_ignore_ascii_case("set_config") {
            self.at_least(SqlEffect::Controls);
        } else if TRACES.iter().any(|function| name.starts_with(function)) {
            self.at_least(SqlEffect::LeavesTraces);
        }
        self.into |= token.is_word("into");
        self.inserts |= token.is_word("insert") || token.is_word("merge");
    }

    fn at_least(&mut self, effect: SqlEffect) {
        self.worst = self.worst.max(effect);
    }

    fn effect(mut self) -> SqlEffect {
        let makes_table = self.into && !self.inserts;
        if makes_table || self.statements != 1 {
            self.at_least(SqlEffect::LeavesTraces);
        }
        self.worst
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
