//! Finds declared tables in rendered SQL: the last look before a statement leaves on a shared
//! handle, for what the types could not see. Wall 2 stands behind it.

use std::collections::HashSet;

use crate::Tenancy;

/// Knows the declared tables by name and finds them in SQL text.
#[derive(Debug, Clone, Default)]
pub struct TableScan {
    tenant: HashSet<String>,
    shared: HashSet<String>,
}

impl TableScan {
    /// A scan for this tenancy's tables.
    pub fn new(tenancy: &Tenancy) -> Self {
        Self {
            tenant: tenancy.tenant_tables().iter().map(|t| t.table().name().to_owned()).collect(),
            shared: tenancy.shared_tables().iter().map(|t| t.name().to_owned()).collect(),
        }
    }

    /// The first tenant table that the SQL names, if any.
    ///
    /// A name behind `<shared table>.` is a column. Literals and comments are passed over, so a
    /// value that happens to be a table's name is no finding; dynamic SQL inside a literal is not
    /// seen and is left to the roles.
    pub fn tenant_table_in(&self, sql: &str) -> Option<String> {
        let mut qualifier: Option<String> = None;
        let mut previous: Option<String> = None;
        for token in tokens(sql) {
            match token {
                Token::Dot => qualifier = previous.take(),
                Token::Name(name) => {
                    let column = qualifier.take().is_some_and(|q| self.shared.contains(&q));
                    if !column && self.tenant.contains(&name) {
                        return Some(name);
                    }
                    previous = Some(name);
                }
                Token::Other => {
                    qualifier = None;
                    previous = None;
                }
            }
        }
        None
    }
}

/// Whether a statement may leave something behind on its connection after its transaction:
/// session settings, prepared statements, temporary tables, listeners, held cursors and locks.
///
/// Judged by its first word and by the functions it names; when in doubt, yes. An adapter closes
/// such a connection instead of lending it to the next tenant.
pub fn leaves_traces(sql: &str) -> bool {
    const PLAIN: [&str; 7] = ["select", "insert", "update", "delete", "with", "values", "merge"];
    const FUNCTIONS: [&str; 5] = ["set_config", "pg_advisory", "pg_try_advisory", "dblink", "lo_"];
    let names: Vec<String> = tokens(sql)
        .filter_map(|token| match token {
            Token::Name(name) => Some(name.to_lowercase()),
            Token::Dot | Token::Other => None,
        })
        .collect();
    let has = |word: &str| names.iter().any(|name| name == word);
    let plain = names.first().is_some_and(|first| PLAIN.contains(&first.as_str()));
    let makes_table = has("into") && !has("insert") && !has("merge");
    let calls = names.iter().any(|name| FUNCTIONS.iter().any(|f| name.starts_with(f)));
    let several = sql.trim_end().trim_end_matches(';').contains(';');
    !plain || makes_table || calls || several
}

enum Token {
    Name(String),
    Dot,
    Other,
}

/// Splits SQL as PostgreSQL's scanner does, as far as names, literals and comments go.
/// An unquoted name comes in lower case.
fn tokens(sql: &str) -> impl Iterator<Item = Token> + '_ {
    let mut rest = sql;
    std::iter::from_fn(move || {
        loop {
            let c = rest.chars().next()?;
            if c.is_whitespace() {
                rest = &rest[c.len_utf8()..];
            } else if let Some(comment) = rest.strip_prefix("--") {
                rest = comment.find('\n').map_or("", |at| &comment[at..]);
            } else if rest.starts_with("/*") {
                rest = after_comment(rest);
            } else {
                break;
            }
        }
        let c = rest.chars().next()?;
        let token;
        (token, rest) = match c {
            '.' => (Token::Dot, &rest[1..]),
            '\'' => (Token::Other, after_quoted(&rest[1..], '\'', false).1),
            '"' => {
                let (name, rest) = after_quoted(&rest[1..], '"', false);
                (Token::Name(name), rest)
            }
            '$' => (Token::Other, after_dollar(rest)),
            c if c.is_alphabetic() || c == '_' => {
                let end = rest
                    .find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))
                    .unwrap_or(rest.len());
                let (name, after) = rest.split_at(end);
                match after.strip_prefix('\'') {
                    Some(body) if name.eq_ignore_ascii_case("e") => {
                        (Token::Other, after_quoted(body, '\'', true).1)
                    }
                    // A `U&"…"` name can spell anything; its escapes are not read, so it is
                    // reported by its raw text and left to the roles.
                    _ => (Token::Name(name.to_lowercase()), after),
                }
            }
            c => (Token::Other, &rest[c.len_utf8()..]),
        };
        Some(token)
    })
}

fn after_quoted(body: &str, quote: char, escapes: bool) -> (String, &str) {
    let mut out = String::new();
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                out.push(quote);
            } else {
                return (out, &body[at + 1..]);
            }
        } else if c == '\\' && escapes {
            chars.next();
        } else {
            out.push(c);
        }
    }
    (out, "")
}

fn after_dollar(rest: &str) -> &str {
    let body = &rest[1..];
    let Some(end) = body.find(|c: char| !(c.is_alphanumeric() || c == '_')) else {
        return "";
    };
    // `$1` is a parameter: no dollar follows its number.
    if !body[end..].starts_with('$') || body.starts_with(|c: char| c.is_ascii_digit()) {
        return &body[end..];
    }
    let tag = &rest[..end + 2];
    let quoted = &rest[tag.len()..];
    quoted.find(tag).map_or("", |at| &quoted[at + tag.len()..])
}

fn after_comment(rest: &str) -> &str {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return &rest[at..];
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    ""
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{TableName, TenantKey};

    fn scan() -> TableScan {
        TableScan::new(
            &Tenancy::new(TenantKey::Uuid)
                .tenant_table(TableName::new("invoice"), None)
                .tenant_table(TableName::new("Odd \"Name"), None)
                .shared_table(TableName::new("plan")),
        )
    }

    #[test]
    fn a_tenant_table_is_found_wherever_it_stands() {
        for sql in [
            r#"SELECT * FROM "invoice""#,
            "select * from INVOICE",
            r#"SELECT 1 FROM "plan" WHERE EXISTS (SELECT 1 FROM "public"."invoice" AS x)"#,
            "SELECT $1, '--', invoice.id",
            "SELECT e'\\'', 1 FROM invoice",
            "SELECT 'a''b' FROM/**/invoice",
            "/* a /* b */ c */ TABLE invoice",
            r#"SELECT "Odd ""Name"."id" FROM x"#,
            "SELECT $x$ ' $x$ FROM invoice",
        ] {
            assert!(scan().tenant_table_in(sql).is_some(), "{sql}");
        }
    }

    #[test]
    fn values_comments_columns_and_other_names_are_no_finding() {
        for sql in [
            r#"SELECT "plan"."invoice" FROM "plan""#,
            "SELECT 'invoice', E'\\'invoice' FROM plan",
            "SELECT $$ invoice $$ FROM plan -- invoice",
            "SELECT /* invoice */ invoices, my_invoice FROM plan",
        ] {
            assert_eq!(scan().tenant_table_in(sql), None, "{sql}");
        }
    }

    #[test]
    fn statements_that_outlive_their_transaction_are_known() {
        for sql in [
            "SET app.x = '1'",
            "RESET ALL",
            "DEALLOCATE s0",
            "PREPARE s0 AS SELECT 1",
            "LISTEN x",
            "DECLARE c CURSOR WITH HOLD FOR SELECT 1",
            "CREATE TEMP TABLE t()",
            "COMMIT",
            "SELECT set_config('a.b', 'c', false)",
            "SELECT PG_ADVISORY_LOCK(1)",
            "SELECT 1 INTO TEMP t",
            "SELECT 1; SET a.b = 1",
            "/* hint */ SET a.b = 1",
            "",
        ] {
            assert!(leaves_traces(sql), "{sql}");
        }
        for sql in [
            "SELECT 1",
            "(SELECT 1)",
            "INSERT INTO t VALUES ($1)",
            "WITH x AS (SELECT 1) SELECT * FROM x;",
        ] {
            assert!(!leaves_traces(sql), "{sql}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_scanner_fail(sql in r#"(['"$\\/*\-.]|invoice|\PC){0,60}"#) {
            let _ = scan().tenant_table_in(&sql);
            let _ = leaves_traces(&sql);
        }

        #[test]
        fn a_quoted_value_never_hides_the_table_behind_it(value in r"(['\\$]|\PC){0,30}") {
            let sql = format!("SELECT {} FROM invoice", crate::quote_literal(&value));
            prop_assert!(scan().tenant_table_in(&sql).is_some());
        }
    }
}
