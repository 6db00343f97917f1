//! Learning of rows without reading them: errors, estimates, statistics.

use super::{
    super::{
        judge::Judge,
        kind::{Case, Kind, NO_ROW, never},
        live::Actor,
        target::Target,
    },
    on_table,
};
use crate::quote_literal;

const WHY: &str = "What an error, a plan or a statistic tells is as good as the row.";

pub(super) const KINDS: &[Kind] = &[
    on_table("ATK033", "division_oracle", "a filter that divides by zero on the other's row", WHY, |t| {
        raises(t, "22012", "SELECT count(*) FROM {table} AS theirs WHERE 1 / (theirs.{tc} IS DISTINCT FROM {id})::int = 1")
    }),
    on_table("ATK034", "cast_oracle", "a filter with a cast that fails on the other's row", WHY, |t| {
        raises(t, "22P02", "SELECT count(*) FROM {table} AS theirs WHERE (CASE WHEN theirs.{tc} = {id} THEN 'x' ELSE '1' END)::int = 1")
    }),
    on_table("ATK035", "order_by_oracle", "an error in `ORDER BY` on the other's row", WHY, |t| {
        raises(t, "22012", "SELECT count(*) FROM (SELECT FROM {table} AS theirs ORDER BY 1 / (theirs.{tc} IS DISTINCT FROM {id})::int LIMIT 1000) AS q")
    }),
    on_table("ATK036", "join_oracle", "an error in a join's condition on the other's row", WHY, |t| {
        raises(t, "22012", "SELECT count(*) FROM (VALUES (1)) AS one (n) JOIN {table} AS theirs ON one.n / (theirs.{tc} IS DISTINCT FROM {id})::int = 1")
    }),
    on_table("ATK037", "statistics_view", "`pg_stats` of the table: most common values, histograms", WHY, |t| {
        t.catalogue(
            "SELECT count(*) FILTER (WHERE NOT hidden), 'statistics of the columns can be read by whoever can read the table' \
             FROM (SELECT pg_catalog.row_security_active({oid}::pg_catalog.oid) AS hidden) AS q",
        )
    })
    .mend("ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;"),
    on_table("ATK038", "statistics_rows", "statistics of the table that `pg_stats` shows", WHY, |t| {
        t.catalogue(
            "SELECT (SELECT count(*) FROM pg_catalog.pg_stats s JOIN pg_catalog.pg_class c \
             ON c.relname = s.tablename JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
             AND n.nspname = s.schemaname WHERE c.oid = {oid}) + (SELECT count(*) FROM \
             pg_catalog.pg_stats_ext s JOIN pg_catalog.pg_class c ON c.relname = s.tablename \
             JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace AND n.nspname = s.schemaname \
             WHERE c.oid = {oid}), 'statistics of the columns are shown'",
        )
    }),
    on_table("ATK039", "sizes", "the table's size and row estimate", WHY, |_| {
        never("PostgreSQL shows to everybody how large a table is: over all tenants, not whose rows they are")
    }),
    on_table("ATK040", "plan_estimates", "the row estimates of `EXPLAIN`", WHY, |_| {
        never("an estimate is made of statistics over all tenants' rows; PostgreSQL shows it with every plan")
    }),
];

/// A query that raises `code` when it looks at the row.
fn raises(t: &Target<'_>, code: &str, query: &str) -> Vec<Case> {
    if t.b.is_none() {
        return never(NO_ROW);
    }
    let one = |theirs: bool, into: &str| {
        let image = if theirs { "b" } else { "a" };
        format!(
            "BEGIN\n  EXECUTE {} INTO {into} USING {image};\n  {into} := 0;\n\
             EXCEPTION WHEN SQLSTATE '{code}' THEN\n  {into} := 1;\nEND;\n",
            quote_literal(&t.fill(query, theirs))
        )
    };
    let body = format!(
        "stage := 'attack';\n{}stage := 'control';\n{}",
        one(true, "seen"),
        one(false, "own")
    );
    vec![Case::run(Actor::A, body, Judge::Reads)]
}
