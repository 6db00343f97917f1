use std::collections::{HashMap, HashSet};

use super::tokens::{Token, tokens};
use crate::{Layout, Tenancy};

/// Knows the declared tenant tables and finds them in SQL: the last look before a statement leaves
/// on a shared handle. The shared role stands behind it.
#[derive(Debug, Clone, Default)]
pub struct TableScan {
    /// The schemas of the tables of each name.
    tables: HashMap<String, HashSet<String>>,
    /// Where a table without a schema is found.
    path: HashSet<String>,
}

impl TableScan {
    /// A scan for this tenancy's tables, under these names.
    pub fn new(tenancy: &Tenancy, layout: &Layout) -> Self {
        let path: HashSet<String> = layout.schema_names().iter().cloned().collect();
        let mut tables: HashMap<String, HashSet<String>> = HashMap::new();
        for table in tenancy.tenant_tables() {
            let schemas = tables.entry(table.table().name().to_owned()).or_default();
            match table.table().schema() {
                Some(schema) => drop(schemas.insert(schema.to_owned())),
                None => schemas.extend(path.iter().cloned()),
            }
        }
        Self { tables, path }
    }

    /// The first tenant table that the SQL names, if any.
    ///
    /// It finds a name where a table can stand, and in front of a dot. Names in Unicode escapes are
    /// not read, and count as found. What stands in a literal (dynamic SQL) is not seen and is left
    /// to the roles.
    pub fn tenant_table_in(&self, sql: &str) -> Option<String> {
        let tokens: Vec<Token<'_>> = tokens(sql).collect();
        let mut from_list = false;
        for (at, token) in tokens.iter().enumerate() {
            if *token == Token::Escaped {
                return Some("U&…".to_owned());
            }
            let Some(name) = token.name() else { continue };
            if matches!(token, Token::Word(_)) && RESERVED.contains(&&*name) {
                from_list = match &*name {
                    "from" | "using" => true,
                    "on" | "as" | "only" | "lateral" | "and" | "or" | "not" => from_list,
                    _ => false,
                };
                continue;
            }
            let Some(schemas) = self.tables.get(&*name) else { continue };
            let before = |back: usize| at.checked_sub(back).and_then(|at| tokens.get(at));
            let found = if before(1) == Some(&Token::Dot) {
                before(2).and_then(Token::name).is_some_and(|schema| schemas.contains(&*schema))
            } else {
                let stands = match before(1) {
                    Some(Token::Comma | Token::Open) => from_list,
                    Some(before) => BEFORE_TABLES.iter().any(|word| before.is_word(word)),
                    None => false,
                };
                let qualifies = tokens.get(at + 1) == Some(&Token::Dot);
                (stands || qualifies) && !schemas.is_disjoint(&self.path)
            };
            if found {
                return Some(name.into_owned());
            }
        }
        None
    }
}

/// What a table's name stands behind.
const BEFORE_TABLES: [&str; 8] =
    ["from", "join", "into", "update", "using", "only", "table", "lateral"];

/// PostgreSQL's reserved key words: without quotes they are never a table's name.
const RESERVED: [&str; 77] = [
    "all",
    "analyse",
    "analyze",
    "and",
    "any",
    "array",
    "as",
    "asc",
    "asymmetric",
    "both",
    "case",
    "cast",
    "check",
    "collate",
    "column",
    "constraint",
    "create",
    "current_catalog",
    "current_date",
    "current_role",
    "current_time",
    "current_timestamp",
    "current_user",
    "default",
    "deferrable",
    "desc",
    "distinct",
    "do",
    "else",
    "end",
    "except",
    "false",
    "fetch",
    "for",
    "foreign",
    "from",
    "grant",
    "group",
    "having",
    "in",
    "initially",
    "intersect",
    "into",
    "lateral",
    "leading",
    "limit",
    "localtime",
    "localtimestamp",
    "not",
    "null",
    "offset",
    "on",
    "only",
    "or",
    "order",
    "placing",
    "primary",
    "references",
    "returning",
    "select",
    "session_user",
    "some",
    "symmetric",
    "table",
    "then",
    "to",
    "trailing",
    "true",
    "union",
    "unique",
    "user",
    "using",
    "variadic",
    "when",
    "where",
    "window",
    "with",
];

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{TableName, TenantKey};

    fn scan() -> TableScan {
        let items = TableName::new("items").and_then(|t| t.in_schema("sales"));
        TableScan::new(
            &Tenancy::new(TenantKey::Uuid)
                .tenant_table(TableName::new("invoice"), None)
                .tenant_table(TableName::new("order"), None)
                .tenant_table(TableName::new("Odd \"Name"), None)
                .tenant_table(items, None)
                .shared_table(TableName::new("plan")),
            &Layout::new("shop").unwrap(),
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
            "SELECT 1 --\rFROM invoice",
            r#"SELECT "Odd ""Name"."id" FROM x"#,
            "SELECT $x$ ' $x$ FROM invoice",
            r#"SELECT * FROM "order" ORDER BY id"#,
            r#"SELECT * FROM "sales"."items""#,
            r#"INSERT INTO "invoice" ("id") VALUES (1)"#,
            r#"INSERT INTO "plan" ("id") SELECT "id" FROM "invoice""#,
            r#"SELECT * FROM "plan", "invoice""#,
            r#"SELECT * FROM "plan" AS a JOIN b ON a.x = b.x, "invoice""#,
            r#"INSERT INTO "plan" (SELECT * FROM "order")"#,
            r#"DELETE FROM "plan" USING x, "invoice""#,
            r#"UPDATE "invoice" SET a = 1"#,
            r#"SELECT * FROM U&"in\0076oice""#,
        ] {
            assert!(scan().tenant_table_in(sql).is_some(), "{sql}");
        }
    }

    #[test]
    fn values_comments_columns_and_other_names_are_no_finding() {
        for sql in [
            r#"SELECT "plan"."invoice" FROM "plan""#,
            r#"SELECT "p2"."invoice" FROM "plan" AS "p2""#,
            "SELECT 'invoice', E'\\'invoice' FROM plan",
            "SELECT $$ invoice $$ FROM plan -- invoice",
            "SELECT /* invoice */ invoices, my_invoice FROM plan",
            r#"SELECT * FROM "plan" ORDER BY "plan"."id""#,
            r#"INSERT INTO "plan" ("id", "invoice") VALUES ($1, $2)"#,
            r#"INSERT INTO "public"."plan" ("invoice") VALUES ($1)"#,
            r#"INSERT INTO "plan" ("id") VALUES (1) ON CONFLICT ("invoice") DO NOTHING"#,
            r#"UPDATE "plan" SET "invoice" = "invoice" + $1 RETURNING "id", "invoice""#,
            r#"INSERT INTO "plan" ("id") VALUES (1) RETURNING "id", "invoice""#,
            r#"SELECT "id", "invoice" FROM "plan" WHERE "invoice" > 1 ORDER BY "invoice", "id""#,
            r#"SELECT count(*) AS "invoice" FROM "plan""#,
            r#"SELECT * FROM "catalogue"."items""#,
            r#"SELECT * FROM "items""#,
        ] {
            assert_eq!(scan().tenant_table_in(sql), None, "{sql}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_the_scanner_fail(sql in r#"(['"$\\/*\-.(]|invoice|into|\PC){0,60}"#) {
            let _ = scan().tenant_table_in(&sql);
        }

        #[test]
        fn a_quoted_value_never_hides_the_table_behind_it(value in r"(['\\$]|\PC){0,30}") {
            let sql = format!("SELECT {} FROM invoice", crate::quote_literal(&value));
            prop_assert!(scan().tenant_table_in(&sql).is_some());
        }
    }
}
