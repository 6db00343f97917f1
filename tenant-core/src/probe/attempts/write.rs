//! Inserting for another tenant, changing its rows, moving rows between tenants.

use super::{
    super::kind::{Kind, never},
    on_table,
};

const PUT_IN: &str = "A tenant puts rows into another tenant's data.";
const CHANGED: &str = "A tenant changes another tenant's rows.";
const MOVED: &str = "A row changes hands.";

pub(super) const KINDS: &[Kind] = &[
    on_table("ATK041", "insert", "inserting a row that names the other tenant", PUT_IN, |t| {
        t.inserts("{insert_theirs}")
    }),
    on_table("ATK042", "insert_returning", "the same with `RETURNING`", PUT_IN, |t| {
        t.inserts("{insert_theirs} RETURNING probe.{tc}")
    }),
    on_table("ATK043", "insert_in_cte", "the same in a common table expression", PUT_IN, |t| {
        t.inserts("WITH put AS ({insert_theirs} RETURNING 1) SELECT FROM put")
    }),
    on_table("ATK044", "insert_select", "`INSERT … SELECT` for the other tenant", PUT_IN, |t| {
        t.inserts(
            "INSERT INTO {table} ({columns_theirs}) OVERRIDING SYSTEM VALUE SELECT {values_theirs}",
        )
    }),
    on_table(
        "ATK045",
        "insert_among_own",
        "a row for the other tenant between own ones",
        PUT_IN,
        |t| {
            // Theirs first: of a table with one row per tenant the own one is there already.
            t.inserts(
                "INSERT INTO {table} ({columns_theirs}) OVERRIDING SYSTEM VALUE \
             VALUES ({values_theirs}), ({values_mixed})",
            )
        },
    ),
    on_table("ATK046", "insert_without_tenant", "inserting a row of no tenant", PUT_IN, |t| {
        let values = t.b.as_ref().map(|row| row.values.clone()).unwrap_or_default();
        let nobody = (t.tenant.to_owned(), "NULL".to_owned());
        t.refused_to_insert(&nobody, &values)
    }),
    on_table(
        "ATK047",
        "insert_by_default",
        "leaving the tenant to the column's default",
        PUT_IN,
        |t| t.defaulted(),
    ),
    on_table(
        "ATK048",
        "copy_by_select",
        "copying the other's row with `INSERT … SELECT`",
        CHANGED,
        |t| {
            t.writes(
                "INSERT INTO {table} ({columns}) OVERRIDING SYSTEM VALUE \
             SELECT {values} FROM {table} AS theirs WHERE {row}",
            )
        },
    ),
    on_table("ATK049", "update", "updating the other's row", CHANGED, |t| {
        t.writes("UPDATE {table} AS theirs SET {touch} = theirs.{touch} WHERE {row}")
    }),
    on_table("ATK050", "update_by_tenant", "updating what carries the other's id", CHANGED, |t| {
        t.writes("UPDATE {table} AS theirs SET {touch} = theirs.{touch} WHERE theirs.{tc} = {id} AND {row}")
    }),
    on_table("ATK051", "update_returning", "updating with `RETURNING`", CHANGED, |t| {
        t.writes("UPDATE {table} AS theirs SET {touch} = theirs.{touch} WHERE {row} RETURNING theirs.{tc}")
    }),
    on_table(
        "ATK052",
        "update_from",
        "`UPDATE … FROM` a join with the other's row",
        CHANGED,
        |t| {
            t.writes(
                "UPDATE {table} AS theirs SET {touch} = theirs.{touch} FROM {table} AS again \
             WHERE again.tableoid = theirs.tableoid AND again.ctid = theirs.ctid AND {row}",
            )
        },
    ),
    on_table("ATK053", "update_in_cte", "updating in a common table expression", CHANGED, |t| {
        t.writes(
            "WITH hit AS (UPDATE {table} AS theirs SET {touch} = theirs.{touch} WHERE {row} RETURNING 1) \
             SELECT FROM hit",
        )
    }),
    on_table("ATK054", "update_by_key", "updating by the primary or unique key", CHANGED, |t| {
        t.writes("UPDATE {table} AS theirs SET {touch} = theirs.{touch} WHERE {key}")
    }),
    on_table("ATK055", "give_away", "giving an own row to the other tenant", MOVED, |t| {
        t.gives("UPDATE {table} AS theirs SET {tc} = {b} WHERE {row}")
    }),
    on_table("ATK056", "take_over", "taking the other's row", MOVED, |t| {
        t.writes("UPDATE {table} AS theirs SET {tc} = {a} WHERE {row}")
    }),
    on_table("ATK057", "delete", "deleting the other's row", CHANGED, |t| {
        t.writes("DELETE FROM {table} AS theirs WHERE {row}")
    }),
    on_table("ATK058", "delete_returning", "deleting with `RETURNING`", CHANGED, |t| {
        t.writes("DELETE FROM {table} AS theirs WHERE {row} RETURNING theirs.{tc}")
    }),
    on_table(
        "ATK059",
        "delete_using",
        "`DELETE … USING` a join with the other's row",
        CHANGED,
        |t| {
            t.writes(
                "DELETE FROM {table} AS theirs USING {table} AS again \
             WHERE again.tableoid = theirs.tableoid AND again.ctid = theirs.ctid AND {row}",
            )
        },
    ),
    on_table("ATK060", "delete_in_cte", "deleting in a common table expression", CHANGED, |t| {
        t.writes(
            "WITH gone AS (DELETE FROM {table} AS theirs WHERE {row} RETURNING 1) SELECT FROM gone",
        )
    }),
    on_table("ATK061", "merge_update", "`MERGE … WHEN MATCHED THEN UPDATE`", CHANGED, |t| {
        t.merges("WHEN MATCHED THEN UPDATE SET {touch} = theirs.{touch}")
    }),
    on_table("ATK062", "merge_delete", "`MERGE … WHEN MATCHED THEN DELETE`", CHANGED, |t| {
        t.merges("WHEN MATCHED THEN DELETE")
    }),
    on_table(
        "ATK063",
        "merge_insert",
        "`MERGE … THEN INSERT` for the other tenant",
        PUT_IN,
        |t| {
            if t.place.version < 150_000 {
                return never("this server has no MERGE");
            }
            t.inserts(
            "MERGE INTO {table} AS theirs USING (VALUES (1)) AS one (n) ON false WHEN NOT MATCHED \
             THEN INSERT ({columns_theirs}) OVERRIDING SYSTEM VALUE VALUES ({values_theirs})",
        )
        },
    ),
];
