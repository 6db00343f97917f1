//! Other ways to the same rows: views, partitions, functions that run a text.

use super::{
    super::{
        judge::Verdict,
        kind::{Case, Kind, never},
        live::Actor,
        schema::Relation,
        target::Target,
    },
    on_table,
};
use crate::{quote::quoted, quote_literal};

const VIEW: &str = "A view runs with its owner's rights, unless it is a security_invoker view.";
const STORED: &str = "A materialised view has no row security: it holds what its owner saw.";
const CHILD: &str = "Policies of a partitioned table do not hold for its partitions.";
const TEXT: &str = "A function runs a query from a text.";
const DEFINER: &str = "A SECURITY DEFINER function sees what its owner sees.";
/// The other's row by its tenant, and whatever is there.
const BARE: &str = "(SELECT theirs.{tc} AS t FROM {at} AS theirs WHERE theirs.{tc} = {id} LIMIT 10) \
                    UNION ALL (SELECT theirs.{tc} AS t FROM {at} AS theirs LIMIT 100)";

pub(super) const KINDS: &[Kind] = &[
    on_table("ATK151", "view_read", "reading every view that reads the table", VIEW, |t| {
        views(t, |t, view| t.view_reads(view))
    }),
    on_table("ATK152", "view_read_shared", "reading every view that reads the table, as the shared role", VIEW, |t| {
        views(t, |t, view| t.view_blind(Actor::Shared, view))
    }),
    on_table("ATK153", "view_read_login", "reading every view that reads the table, as the login", VIEW, |t| {
        views(t, |t, view| t.view_blind(Actor::Login, view))
    }),
    on_table("ATK154", "view_write", "changing the other's row through a view", VIEW, |t| {
        views(t, |t, view| {
            if !view.columns.iter().any(|column| column == t.tenant) {
                return never("the view does not show the tenant column");
            }
            let column = quoted(t.tenant);
            t.writes(&format!(
                "UPDATE {} AS theirs SET {column} = theirs.{column} WHERE theirs.{column} = {{id}}",
                view.sql()
            ))
        })
    }),
    on_table("ATK155", "materialised_view", "materialised views that read the table, judged from the grants", STORED, |t| {
        of(t, t.table.views.iter().filter(|view| view.kind == "m"), "no materialised view reads the table", |t, view| {
            t.catalogue(&format!(
                "SELECT count(*), pg_catalog.string_agg(r || ' may read it', ', ') \
                 FROM unnest(ARRAY[{{our_roles}}]::name[]) r \
                 WHERE pg_catalog.has_any_column_privilege(r, {}, 'SELECT')",
                view.oid()
            ))
        })
    }),
    on_table("ATK156", "partition_read", "reading a partition or heir directly", CHILD, |t| {
        children(t, |t, child| t.reads(&BARE.replace("{at}", &child.sql())))
    })
    .mend("REVOKE ALL ON {object} FROM {our_role_names}, PUBLIC;"),
    on_table("ATK157", "partition_insert", "inserting into a partition or heir directly", CHILD, |t| {
        children(t, |t, child| {
            t.inserts(&format!(
                "INSERT INTO {} ({{columns_theirs}}) OVERRIDING SYSTEM VALUE VALUES ({{values_theirs}})",
                child.sql()
            ))
        })
    }),
    on_table("ATK158", "partition_update", "updating a partition or heir directly", CHILD, |t| {
        children(t, |t, child| {
            t.writes(&format!(
                "UPDATE {} AS theirs SET {{touch}} = theirs.{{touch}} WHERE theirs.{{tc}} = {{id}} AND {{row}}",
                child.sql()
            ))
        })
    }),
    on_table("ATK159", "partition_delete", "deleting from a partition or heir directly", CHILD, |t| {
        children(t, |t, child| {
            t.writes(&format!("DELETE FROM {} AS theirs WHERE theirs.{{tc}} = {{id}} AND {{row}}", child.sql()))
        })
    }),
    on_table("ATK160", "partition_shared", "reading a partition or heir as the shared role", CHILD, |t| {
        children(t, |t, child| t.barred_from(Actor::Shared, &child.oid(), &BARE.replace("{at}", &child.sql())))
    }),
    on_table("ATK161", "partition_login", "reading a partition or heir as the login", CHILD, |t| {
        children(t, |t, child| t.barred_from(Actor::Login, &child.oid(), &BARE.replace("{at}", &child.sql())))
    }),
    on_table("ATK162", "parent_read", "reading through the table that this one is a part of", CHILD, |t| {
        let with_tenant = t.table.parents.iter().filter(|p| p.columns.iter().any(|c| c == t.tenant));
        of(t, with_tenant, "the table is a part of no other", |t, parent| {
            t.reads(&BARE.replace("{at}", &parent.sql()))
        })
    }),
    on_table("ATK163", "query_to_xml", "`query_to_xml`", TEXT, |t| {
        t.reads(&format!(
            "SELECT {{id}} AS t FROM (SELECT pg_catalog.query_to_xml({}, false, false, '')::text AS x) AS s \
             WHERE s.x LIKE '%<n>1</n>%'",
            "'SELECT count(*) AS n FROM (SELECT FROM {table_text} WHERE {tc_text}::text = ' || pg_catalog.quote_literal(({id})::text) || ' LIMIT 1) AS q'"
        ))
    }),
    on_table("ATK164", "cursor_to_xml", "`query_to_xmlschema`, `cursor_to_xml`: the same of a cursor", TEXT, |t| t.xml_cursor()),
    on_table("ATK165", "ts_stat", "`ts_stat`, which runs a query from a text", TEXT, |t| {
        t.reads(
            "SELECT {id} AS t FROM pg_catalog.ts_stat('SELECT pg_catalog.array_to_tsvector(ARRAY[{tc_text}::text]) FROM {table_text}') AS w \
             WHERE w.word = ({id})::text",
        )
    }),
    on_table("ATK166", "ts_rewrite", "`ts_rewrite`, which runs a query from a text", TEXT, |t| {
        t.reads(
            "SELECT {id} AS t WHERE pg_catalog.ts_rewrite('probe'::pg_catalog.tsquery, \
             'SELECT ''probe''::pg_catalog.tsquery, ''seen''::pg_catalog.tsquery FROM {table_text} \
             WHERE {tc_text}::text = ' || pg_catalog.quote_literal(({id})::text)) = 'seen'::pg_catalog.tsquery",
        )
    }),
    on_table("ATK167", "plan_cache", "a statement of PL/pgSQL, cached by the other tenant", TEXT, |t| t.cached()),
    on_table("ATK168", "definer_functions", "SECURITY DEFINER functions that name the table, judged from the catalogue: they are not called", DEFINER, |t| {
        let table = quote_literal(&t.table.name);
        t.catalogue(&format!(
            "SELECT count(*), pg_catalog.string_agg(DISTINCT f.oid::pg_catalog.regprocedure::text, ', ') \
             FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace, \
             unnest(ARRAY[{{our_roles}}]::name[]) r \
             WHERE f.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'tenancy') \
             AND pg_catalog.has_function_privilege(r, f.oid, 'EXECUTE') \
             AND pg_catalog.has_schema_privilege(r, n.oid, 'USAGE') \
             AND pg_catalog.strpos(pg_catalog.lower(coalesce(f.prosrc, '') || \
             coalesce(pg_catalog.pg_get_function_sqlbody(f.oid), '')), pg_catalog.lower({table})) > 0"
        ))
    })
    .warning(),
    on_table("ATK169", "leakproof_functions", "functions that somebody declared LEAKPROOF: they run before a policy's filter", "Such a function sees rows that the policy then hides.", |t| {
        t.catalogue(
            "SELECT count(*), pg_catalog.string_agg(f.oid::pg_catalog.regprocedure::text, ', ') \
             FROM pg_catalog.pg_proc f JOIN pg_catalog.pg_namespace n ON n.oid = f.pronamespace \
             WHERE f.proleakproof AND f.oid >= 16384 \
             AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.objid = f.oid AND d.deptype = 'e') \
             AND pg_catalog.has_function_privilege(current_user, f.oid, 'EXECUTE')",
        )
    })
    .warning(),
    on_table("ATK198", "partition_grants", "privileges on a partition or heir that has no row security of its own, judged from the catalogue", CHILD, |t| {
        children(t, |t, child| {
            t.catalogue(&format!(
                "SELECT count(*), pg_catalog.string_agg(r || ' has ' || p, ', ') \
                 FROM unnest(ARRAY[{{our_roles}}]::name[]) r, pg_catalog.pg_class c, \
                 unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p \
                 WHERE c.oid = {} AND NOT c.relrowsecurity \
                 AND pg_catalog.has_table_privilege(r, c.oid, p)",
                child.oid()
            ))
        })
    })
    .mend("REVOKE ALL ON {object} FROM {our_role_names}, PUBLIC;"),
];

/// The same attempt on each relation, with its name as the object.
fn of<'r>(
    t: &Target<'_>,
    relations: impl Iterator<Item = &'r Relation>,
    none: &'static str,
    cases: impl Fn(&Target<'_>, &Relation) -> Vec<Case>,
) -> Vec<Case> {
    let all: Vec<Case> = relations
        .flat_map(|relation| {
            let what = match relation.kind.as_str() {
                "v" => "view",
                "m" => "materialised view",
                _ => "table",
            };
            let object = format!("{what} {}", relation.sql());
            cases(t, relation).into_iter().map(move |case| case.on(object.clone()))
        })
        .collect();
    if all.is_empty() { never(none) } else { all }
}

fn views(t: &Target<'_>, cases: impl Fn(&Target<'_>, &Relation) -> Vec<Case>) -> Vec<Case> {
    of(t, t.table.views.iter().filter(|view| view.kind == "v"), "no view reads the table", cases)
}

fn children(t: &Target<'_>, cases: impl Fn(&Target<'_>, &Relation) -> Vec<Case>) -> Vec<Case> {
    of(t, t.table.children.iter(), "the table has no partitions or heirs", |t, child| {
        if child.kind == "f" {
            let why = "a foreign table cannot have row security; it was not attacked".to_owned();
            return vec![Case::known(Verdict::Unproven(why))];
        }
        cases(t, child)
    })
}
