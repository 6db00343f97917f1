//! What Citus's own catalogue says, in statements that also run where there is none.

/// The commands that a role may send to other nodes, where its transaction's tenant does not count:
/// a pattern for the names of Citus's functions. Those that Citus calls itself are not among them.
pub(crate) const COMMANDS: &str = "^(run_command_on_[a-z_]+|master_run_on_worker)$";

/// The tables that Citus knows: `relid`, `method` (`h`: by hash, `n`: whole), `attnum` of the
/// column that it is distributed by, `colocation`, `replication` (`t`: a copy on every node).
pub(crate) fn tables() -> String {
    format!(
        "SELECT t.* FROM json_to_recordset({}) AS t (relid oid, method text, attnum int2, \
         colocation int, replication text)",
        ask(
            "pg_dist_partition",
            "json_build_object('relid', p.logicalrelid::oid, 'method', p.partmethod, \
             'attnum', substring(p.partkey FROM ':varattno ([0-9]+)'), \
             'colocation', p.colocationid, 'replication', p.repmodel)",
        )
    )
}

/// What Citus has made on its workers: `classid`, `objid`.
pub(crate) fn objects() -> String {
    format!(
        "SELECT o.* FROM json_to_recordset({}) AS o (classid oid, objid oid)",
        ask("pg_dist_object", "json_build_object('classid', p.classid, 'objid', p.objid)")
    )
}

/// All rows of a table that need not exist, as JSON. A statement that names it would not be
/// understood without it; a text that is run is understood only then. As hexadecimal digits
/// it comes through XML unchanged.
fn ask(table: &str, row: &str) -> String {
    let query = format!(
        "SELECT encode(convert_to(coalesce(json_agg({row}), '[]')::text, 'UTF8'), 'hex') AS hex \
         FROM pg_catalog.{table} p"
    );
    format!(
        "CASE WHEN to_regclass('pg_catalog.{table}') IS NULL THEN '[]'::json ELSE \
         convert_from(decode(substring(query_to_xml({}, false, false, '')::text \
         FROM '<hex>([0-9a-f]*)</hex>'), 'hex'), 'UTF8')::json END",
        crate::quote_literal(&query)
    )
}
