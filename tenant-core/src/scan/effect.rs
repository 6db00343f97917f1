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
    /// It changes settings, the role or the schema, begins or ends transactions, or runs SQL that
    /// cannot be seen, and so could switch the tenant or leave it. An adapter refuses it unless raw
    /// SQL was asked for.
    Controls,
}

/// What begins a statement that stays within its rows.
const CONTAINED: [&str; 7] = ["select", "insert", "update", "delete", "with", "values", "merge"];

/// What begins one that may leave something. Everything else controls: `SET`, `COMMIT`, `DO`,
/// `CREATE`, `GRANT`, whatever comes.
const TRACES: [&str; 12] = [
    "declare", "fetch", "move", "close", "listen", "unlisten", "notify", "lock", "table",
    "explain", "show", "analyze",
];

/// Functions that leave something.
const TRACE_FUNCTIONS: [&str; 4] = ["pg_advisory", "pg_try_advisory", "lo_", "setseed"];

/// Functions that set, or that run SQL from a text, where it cannot be seen.
const CONTROL_FUNCTIONS: [&str; 9] = [
    "set_config",
    "query_to_xml",
    "cursor_to_xml",
    "table_to_xml",
    "schema_to_xml",
    "database_to_xml",
    "ts_stat",
    "ts_rewrite",
    "dblink",
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
        let mut before = None;
        for token in tokens(sql) {
            found.see(&token, before.as_ref());
            before = Some(token);
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
    fn see(&mut self, token: &Token<'_>, before: Option<&Token<'_>>) {
        match token {
            Token::Semicolon => self.begun = false,
            // It may spell any function's name.
            Token::Escaped => self.at_least(SqlEffect::Controls),
            Token::Open => self.call(before.and_then(Token::name).as_deref()),
            _ => {}
        }
        let Some(name) = token.name() else { return };
        if !self.begun {
            self.begun = true;
            self.statements += 1;
            if TRACES.contains(&&*name) {
                self.at_least(SqlEffect::LeavesTraces);
            } else if !CONTAINED.contains(&&*name) {
                self.at_least(SqlEffect::Controls);
            }
        }
        // A view whose rule calls `set_config`.
        if name == "pg_settings" {
            self.at_least(SqlEffect::Controls);
        }
        self.into |= token.is_word("into");
        self.inserts |= token.is_word("insert") || token.is_word("merge");
    }

    fn call(&mut self, function: Option<&str>) {
        let Some(name) = function else { return };
        if CONTROL_FUNCTIONS.iter().any(|function| name.starts_with(function)) {
            self.at_least(SqlEffect::Controls);
        } else if TRACE_FUNCTIONS.iter().any(|function| name.starts_with(function)) {
            self.at_least(SqlEffect::LeavesTraces);
        }
    }

    fn at_least(&mut self, effect: SqlEffect) {
        self.worst = self.worst.max(effect);
    }

    fn effect(mut self) -> SqlEffect {
        let makes_table = self.into && !self.inserts;
        if makes_table {
            self.at_least(SqlEffect::Controls);
        } else if self.statements != 1 {
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
            "SELECT pg_catalog.\"set_config\" /**/ ('a.b', 'c', false)",
            "SELECT 1; SET a.b = 1",
            "/* hint */ SET a.b = 1",
            "--\rRESET ROLE",
            "DISCARD ALL",
            "DEALLOCATE s0",
            "PREPARE s0 AS SELECT 1",
            "CREATE TEMP TABLE t()",
            "SELECT 1 INTO TEMP t",
            "DO $$ BEGIN END $$",
            "CALL x()",
            "GRANT x TO y",
            "UPDATE pg_catalog.pg_settings SET setting = $1",
            "SELECT query_to_xml($1, true, true, '')",
            "SELECT U&\"set\\005Fconfig\"('a', 'b', false)",
            "SELECT E'a'\n'\\'' , set_config('a', 'b', true) --'",
            "SELECT 1 AS \u{1f600}$x$, set_config('a', 'b', true) --$x$",
            "SELECT $\u{1f600}$ ' $\u{1f600}$, set_config('a', 'b', true)",
        ] {
            assert_eq!(SqlEffect::of(sql), Controls, "{sql}");
        }
    }

    #[test]
    fn what_outlives_its_transaction_is_known() {
        for sql in [
            "LISTEN x",
            "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
            "SELECT PG_ADVISORY_LOCK(1)",
            "SELECT lo_create(0)",
            "SELECT 1; SELECT 2",
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
            "SELECT t.set_config, ts_status, lo_rate FROM t",
            "INSERT INTO t (set_config) VALUES ($1) RETURNING id",
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
