//! Reading, in every shape that a query may have.

use super::{
    super::{
        judge::Judge,
        kind::{Case, Kind, NO_ROW, never},
        live::{Actor, execute},
        target::Target,
    },
    on_table,
};

const WHY: &str = "A tenant reads another tenant's rows.";

pub(super) const KINDS: &[Kind] = &[
    on_table("ATK001", "read_all", "a query without any filter", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs")
    }),
    on_table("ATK002", "read_by_tenant", "naming the other tenant in the filter", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE theirs.{tc} = {id}")
    }),
    on_table("ATK003", "read_by_address", "fetching the row by `tableoid` and `ctid`", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row}")
    }),
    on_table("ATK004", "read_by_key", "fetching the row by its primary or unique key", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {key}")
    }),
    on_table("ATK005", "count", "counting the row", WHY, |t| {
        t.reads("SELECT {id} AS t FROM (SELECT count(*) AS n FROM {table} AS theirs WHERE {row}) AS c WHERE c.n > 0")
    }),
    on_table("ATK006", "exists", "`EXISTS` on the row", WHY, |t| {
        t.reads("SELECT {id} AS t WHERE EXISTS (SELECT FROM {table} AS theirs WHERE {row})")
    }),
    on_table("ATK007", "join", "joining the own rows with the other's", WHY, |t| {
        t.reads(
            "SELECT theirs.{tc} AS t FROM {table} AS mine CROSS JOIN {table} AS theirs WHERE {row}",
        )
    }),
    on_table("ATK008", "outer_join", "an outer join", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM (VALUES (1)) AS one (n) LEFT JOIN {table} AS theirs ON {row} WHERE theirs.{tc} IS NOT NULL")
    }),
    on_table("ATK009", "subselect", "a scalar subselect", WHY, |t| {
        t.reads("SELECT s.t FROM (SELECT (SELECT theirs.{tc} FROM {table} AS theirs WHERE {row}) AS t) AS s WHERE s.t IS NOT NULL")
    }),
    on_table("ATK010", "lateral", "a lateral subselect", WHY, |t| {
        t.reads("SELECT l.t FROM (VALUES (1)) AS one (n), LATERAL (SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row} AND one.n = 1) AS l")
    }),
    on_table("ATK011", "cte", "a materialised common table expression", WHY, |t| {
        t.reads("WITH c AS MATERIALIZED (SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row}) SELECT c.t FROM c")
    }),
    on_table("ATK012", "recursive_cte", "a recursive common table expression", WHY, |t| {
        t.reads("WITH RECURSIVE c (t, n) AS (SELECT theirs.{tc}, 1 FROM {table} AS theirs WHERE {row} UNION ALL SELECT c.t, c.n + 1 FROM c WHERE c.n < 3) SELECT c.t FROM c")
    }),
    on_table("ATK013", "union", "a union with the own rows", WHY, |t| {
        t.reads("SELECT mine.{tc} AS t FROM {table} AS mine WHERE mine.{tc} = {a} UNION ALL SELECT theirs.{tc} FROM {table} AS theirs WHERE {row}")
    }),
    on_table("ATK014", "window", "a window function", WHY, |t| {
        t.reads("SELECT first_value(theirs.{tc}) OVER (ORDER BY theirs.ctid) AS t FROM {table} AS theirs WHERE {row}")
    }),
    on_table("ATK015", "aggregate", "collecting tenants in an aggregate", WHY, |t| {
        t.reads("SELECT DISTINCT unnest(array_agg(theirs.{tc})) AS t FROM {table} AS theirs WHERE {row}")
    }),
    on_table("ATK016", "grouping_sets", "grouping sets", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row} GROUP BY GROUPING SETS ((theirs.{tc}), (theirs.{tc}, theirs.ctid))")
    }),
    on_table("ATK017", "distinct_on", "`DISTINCT ON`", WHY, |t| {
        t.reads("SELECT DISTINCT ON (theirs.{tc}) theirs.{tc} AS t FROM {table} AS theirs ORDER BY theirs.{tc}")
    }),
    on_table("ATK018", "order_and_limit", "sorting everybody's rows, from either end", WHY, |t| {
        t.reads("(SELECT theirs.{tc} AS t FROM {table} AS theirs ORDER BY 1 LIMIT 5) UNION ALL (SELECT theirs.{tc} AS t FROM {table} AS theirs ORDER BY 1 DESC LIMIT 5)")
    }),
    on_table("ATK019", "for_update", "locking the row with `FOR UPDATE`", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row} FOR UPDATE")
    }),
    on_table(
        "ATK020",
        "for_key_share",
        "locking the row with `FOR KEY SHARE SKIP LOCKED`",
        WHY,
        |t| {
            t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row} FOR KEY SHARE SKIP LOCKED")
        },
    ),
    on_table("ATK021", "address_range", "scanning a range of `ctid`s", WHY, |t| {
        t.reads(
            "SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE theirs.ctid >= '(0,0)' AND {row}",
        )
    }),
    on_table("ATK022", "system_columns", "filtering by system columns", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE theirs.xmin::text <> '0' AND theirs.cmin IS NOT NULL AND {row}")
    }),
    on_table("ATK023", "whole_row", "the whole row as JSON", WHY, |t| {
        t.reads("SELECT {id} AS t FROM (SELECT row_to_json(theirs) AS j FROM {table} AS theirs WHERE {row}) AS s WHERE s.j IS NOT NULL")
    }),
    on_table("ATK024", "whole_row_text", "the whole row as text, in a pattern", WHY, |t| {
        t.reads("SELECT s.t FROM (SELECT theirs::text AS row, theirs.{tc} AS t FROM {table} AS theirs) AS s WHERE s.row LIKE '%' || ({id})::text || '%'")
    }),
    on_table("ATK025", "correlated", "a correlated subselect", WHY, |t| {
        t.reads("SELECT {id} AS t FROM (VALUES (($1 ->> 'ctid')::pg_catalog.tid)) AS x (at) WHERE EXISTS (SELECT FROM {table} AS theirs WHERE theirs.ctid = x.at AND {row})")
    }),
    on_table("ATK026", "in_list", "an `IN` list of tenants", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE theirs.{tc} IN ({a}, {b}) AND theirs.{tc} = ANY (ARRAY[{id}])")
    }),
    on_table("ATK027", "tablesample", "`TABLESAMPLE SYSTEM (100)`", WHY, |t| {
        t.reads("SELECT theirs.{tc} AS t FROM {table} AS theirs TABLESAMPLE SYSTEM (100)")
    }),
    on_table("ATK028", "only", "`FROM ONLY`", WHY, |t| {
        if t.table.kind == "p" {
            return never("a partitioned table has no rows of its own");
        }
        t.reads("SELECT theirs.{tc} AS t FROM ONLY {table} AS theirs")
    }),
    on_table(
        "ATK029",
        "index_only",
        "an index-only scan, sequential scans switched off",
        WHY,
        |t| {
            t.reads_after(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off;\n",
            "SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE theirs.{tc} IS NOT NULL ORDER BY theirs.{tc}",
        )
        },
    ),
    on_table(
        "ATK030",
        "planner_switches",
        "reading with indexes and hashes switched off",
        WHY,
        |t| {
            t.reads_after(
            "SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; \
             SET LOCAL enable_bitmapscan = off; SET LOCAL enable_hashjoin = off;\n",
            "SELECT theirs.{tc} AS t FROM {table} AS mine JOIN {table} AS theirs ON theirs.{tc} IS NOT NULL",
        )
        },
    ),
    on_table("ATK031", "cursor", "a scrolling cursor, fetched from both ends", WHY, |t| {
        let fetch = |theirs: bool, into: &str| {
            let image = if theirs { "b" } else { "a" };
            let sql = t.fill(
                "SELECT count(*) FROM {table} AS theirs WHERE theirs.{tc} = {id} OR {row}",
                theirs,
            );
            format!(
                "OPEN probe_cursor SCROLL FOR EXECUTE {} USING {image};\n\
                 FETCH LAST FROM probe_cursor INTO {into};\n\
                 FETCH FIRST FROM probe_cursor INTO {into};\nCLOSE probe_cursor;\n",
                crate::quote_literal(&sql)
            )
        };
        if t.b.is_none() {
            return never(NO_ROW);
        }
        let body = format!(
            "stage := 'attack';\nDECLARE probe_cursor refcursor;\nBEGIN\n{}stage := 'control';\n{}END;\n",
            fetch(true, "seen"),
            fetch(false, "own")
        );
        vec![Case::run(Actor::A, body, Judge::Reads)]
    }),
    on_table(
        "ATK032",
        "prepared_across_tenants",
        "a generic plan, prepared and run by the other tenant, run again",
        WHY,
        |t| {
            across(
                t,
                "SELECT count(*) FILTER (WHERE theirs.{tc} IS DISTINCT FROM {a}) AS n, count(*) FILTER (WHERE theirs.{tc} = {a}) AS mine FROM {table} AS theirs",
            )
        },
    ),
];

/// Prepared as B with a generic plan, run as B, and then run as A.
fn across(t: &Target<'_>, query: &str) -> Vec<Case> {
    if t.b.is_none() {
        return never(NO_ROW);
    }
    let (Ok(as_a), Ok(as_b)) = (t.place.live.become_(Actor::A), t.place.live.become_(Actor::B))
    else {
        return never("the tenants could not be bound");
    };
    let prepare = execute(&t.fill(&format!("PREPARE tenancy_probe AS {query}"), true));
    let body = format!(
        "stage := 'prepare';\n{as_b}SET LOCAL plan_cache_mode = force_generic_plan;\n{prepare}\
         EXECUTE 'EXECUTE tenancy_probe' INTO seen, own;\n{as_a}\
         stage := 'attack';\nEXECUTE 'EXECUTE tenancy_probe' INTO seen, own;\n"
    );
    // A prepared statement outlives its transaction.
    let body = format!(
        "BEGIN EXECUTE 'DEALLOCATE tenancy_probe'; EXCEPTION WHEN OTHERS THEN NULL; END;\n{body}"
    );
    vec![Case::run(Actor::A, body, Judge::Reads)]
}
