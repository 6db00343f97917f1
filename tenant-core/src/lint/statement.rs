//! All rules in one statement.

use super::{Rule, prelude::prelude};
use crate::{Layout, Tenancy, quote_literal};

/// What has to be set before [`query`] runs, in the same transaction: with no schema searched but
/// PostgreSQL's own, nobody's planted function or operator is called, and expressions are written
/// out in full; a backslash in a literal is one; a statement of this size is not compiled, which
/// would take longer than to run it; and nothing is joined row by row, which the planner likes
/// because it cannot know how many tables are declared (19 seconds for a thousand, instead of one).
pub(crate) const SETTINGS: &str = "SET LOCAL search_path = pg_catalog, pg_temp; \
     SET LOCAL standard_conforming_strings = on; SET LOCAL quote_all_identifiers = off; \
     SET LOCAL jit = off; SET LOCAL enable_nestloop = off";

/// One statement that answers with a row for each finding of these rules: `code`, `classid`,
/// `objid`, `object`, `found`, `mend`. It has no parameters, so it can stand in a `DO` block.
/// [`SETTINGS`] come first. `padding` is that of the pool's seal. Every table of the tenancy must have its schema.
pub(crate) fn query<'a>(
    tenancy: &Tenancy,
    layout: &Layout,
    server: Option<u32>,
    padding: usize,
    rules: impl Iterator<Item = &'a Rule>,
) -> String {
    let mut sql = prelude(tenancy, layout, server, padding);
    sql.push_str("\nSELECT NULL::text AS code, NULL::oid AS classid, NULL::oid AS objid, NULL::text AS object, NULL::text AS found, NULL::text AS mend WHERE false");
    for rule in rules.filter(|rule| !rule.query.is_empty()) {
        sql.push_str(&format!(
            "\nUNION ALL SELECT {}, q.classid::oid, q.objid::oid, q.object, q.found, q.mend \
             FROM ({}) AS q (classid, objid, object, found, mend)",
            quote_literal(rule.code),
            rule.query,
        ));
    }
    sql
}

/// The rows of [`query`], and beside them, without a code, every comment that suppresses something
/// (`found` is its text).
pub(super) fn with_comments<'a>(
    tenancy: &Tenancy,
    layout: &Layout,
    server: Option<u32>,
    padding: usize,
    rules: impl Iterator<Item = &'a Rule>,
) -> String {
    query(tenancy, layout, server, padding, rules)
        + "\nUNION ALL SELECT NULL, d.classoid, d.objoid, \
             (SELECT concat_ws(' ', i.type, i.identity) \
              FROM pg_identify_object(d.classoid, d.objoid, 0) i), d.description, NULL \
           FROM pg_description d WHERE d.description LIKE '%tenancy: allow%'\n\
           UNION ALL SELECT NULL, d.classoid, d.objoid, \
             (SELECT concat_ws(' ', i.type, i.identity) \
              FROM pg_identify_object(d.classoid, d.objoid, 0) i), d.description, NULL \
           FROM pg_shdescription d WHERE d.description LIKE '%tenancy: allow%' \
             AND (d.classoid <> 'pg_database'::regclass \
               OR d.objoid = (SELECT oid FROM pg_database WHERE datname = current_database())) \
             AND (d.classoid <> 'pg_authid'::regclass OR d.objoid IN (SELECT oid FROM our_role \
               UNION ALL SELECT oid FROM app_role))"
}

#[cfg(test)]
mod tests {
    use tenant_testkit::TestDatabase;

    use super::*;
    use crate::{Isolation, Lint, TableName, TenantKey};

    /// The start-up rules in a `DO` block, behind the settings, in one message.
    fn startup(tenancy: &Tenancy, layout: &Layout) -> String {
        let rules = Lint::rules().iter().filter(|rule| rule.startup);
        let body = format!(
            "DECLARE found record; BEGIN FOR found IN {} LOOP \
             RAISE EXCEPTION '% on %', found.code, found.object; END LOOP; END",
            query(tenancy, layout, None, 1024, rules)
        );
        format!("BEGIN; {SETTINGS}; DO {}; COMMIT", crate::quote::dollar_quoted(&body))
    }

    #[test]
    fn the_startup_rules_stand_in_a_do_block_of_one_message() {
        let db = TestDatabase::create_blocking().unwrap();
        let layout = Layout::new(db.name()).unwrap();
        let tenancy = Tenancy::new(TenantKey::Uuid)
            .tenant_table(TableName::new("in'voi\"ces\\"), None)
            .in_schemas("public", "public");
        let session = db.session();
        session.batch_blocking(r#"CREATE TABLE "in'voi""ces\" (id int)"#).unwrap();
        let message = startup(&tenancy, &layout);
        let refused = session.batch_blocking(&message).unwrap_err().to_string();
        assert!(refused.contains("TEN001") || refused.contains("TEN101"), "{refused}");

        let isolation = Isolation::new(&tenancy, &layout).unwrap();
        session.batch_blocking(&isolation.up()).unwrap();
        session.batch_blocking(&message).unwrap();
        session.batch_blocking("SET standard_conforming_strings = off").unwrap();
        session.batch_blocking(&message).unwrap();

        session
            .batch_blocking(r#"RESET ALL; ALTER TABLE "in'voi""ces\" NO FORCE ROW LEVEL SECURITY"#)
            .unwrap();
        let refused = session.batch_blocking(&message).unwrap_err().to_string();
        assert!(refused.contains("TEN002 on table public"), "{refused}");
    }
}
