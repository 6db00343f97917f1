//! What is equal on both sides, carried on from pass to pass.

use super::{MoveError, MovedTable, error::at};
use crate::{
    JsonRow, TenantId,
    export::{digest::RowsDigest, snapshot::Snapshot, tables::Table},
    quote_literal,
};

/// All rows of both sides were compared once, and since then those that were written.
#[derive(Debug)]
pub(super) struct Proof {
    /// In the order of the pairs: the tables of the target, and digests of their rows.
    pub(super) names: Vec<String>,
    pub(super) digests: Vec<RowsDigest>,
    /// What no trigger would note had it changed.
    pub(super) looks: [String; 2],
}

impl Proof {
    pub(super) fn tables(&self) -> Vec<MovedTable> {
        let table = |(name, digest): (&String, &RowsDigest)| MovedTable {
            table: name.clone(),
            rows: digest.rows,
            checksum: digest.text(),
        };
        self.names.iter().zip(&self.digests).map(table).collect()
    }
}

/// The files and partitions of these tables, and the triggers that note: it is another text after
/// `TRUNCATE`, after a partition has come or gone, and after somebody has touched the triggers; and it is
/// never the same where one of them is lacking or switched off, since nothing is noted then.
pub(super) async fn looks(
    snapshot: &Snapshot,
    tables: impl Iterator<Item = &Table>,
    tenant: &TenantId,
) -> Result<String, MoveError> {
    let oids: Vec<String> =
        tables.flat_map(|table| &table.found.tree).map(ToString::to_string).collect();
    let sql = format!(
        "SELECT CASE WHEN t.awake = 3 * cardinality(ARRAY[{0}]::oid[]) THEN concat_ws(' ', c.files, t.triggers) \
           ELSE gen_random_uuid()::text END AS looks FROM (\
           SELECT string_agg(concat_ws(':', c.oid, pg_relation_filenode(c.oid)), ' ' ORDER BY c.oid) AS files \
           FROM pg_class AS c WHERE c.oid = ANY (ARRAY[{0}]::oid[])) AS c, (\
           SELECT count(*) FILTER (WHERE t.tgenabled = 'A') AS awake, \
             string_agg(concat_ws(':', t.oid, t.xmin, t.tgenabled), ' ' ORDER BY t.oid) AS triggers \
           FROM pg_trigger AS t WHERE t.tgrelid = ANY (ARRAY[{0}]::oid[]) AND starts_with(t.tgname::text, 'tenancy_noting_') \
           AND right(t.tgname::text, 32) = left(encode(sha256(convert_to({1}, 'UTF8')), 'hex'), 32)) AS t",
        oids.join(", "),
        quote_literal(&tenant.to_string())
    );
    let what = "a look at the triggers that note what is written";
    let rows = snapshot.session.rows(&sql, &[]).await.map_err(at(what))?;
    let text = |row: &JsonRow| row.get("looks")?.as_str().map(str::to_owned);
    Ok(rows.first().and_then(text).unwrap_or_default())
}
