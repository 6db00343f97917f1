//! A database that Citus distributes: which tables go where, and what their shards need.

use super::{
    relations::{shared_tables, tenant_tables},
    template::{fill, script},
};
use crate::{Layout, Tenancy, citus, quote_literal};

/// The part's name.
pub(super) const TITLE: &str = "distribution over the workers";

/// Said where Citus is missing, also by a plan.
pub(super) const MISSING: &str = "Citus is not installed in this database, though the layout says \
    Layout::citus(): put citus into shared_preload_libraries and CREATE EXTENSION citus, or leave \
    Layout::citus() out";

/// DDL of several kinds in one transaction, which Citus runs in parallel only until it must not.
pub(super) const SEQUENTIAL: &str = "SET LOCAL citus.multi_shard_modify_mode = 'sequential';\n";

/// Refuses a database in which none of it could be done, before anything else is.
pub(super) fn required() -> String {
    "-- Citus, 11 or newer, on its coordinator.\n".to_owned()
        + &script(include_str!("sql/citus_required.sql"), &[("missing", &quote_literal(MISSING))])
}

/// Distributes what is declared. Behind the walls: no shard ever stands without.
pub(super) fn up(tenancy: &Tenancy) -> Vec<String> {
    let tables = [
        ("tenants", tenant_tables(tenancy.tenant_tables())),
        ("shareds", shared_tables(tenancy.shared_tables())),
    ];
    let tables: Vec<(&str, &str)> =
        tables.iter().map(|(name, sql)| (*name, sql.as_str())).collect();
    let commands = quote_literal(citus::COMMANDS);
    vec![
        SEQUENTIAL.to_owned(),
        "-- The policies are asked on the workers, so what they call is there.\n".to_owned()
            + &script(include_str!("sql/citus_functions.sql"), &[]),
        "-- Shared tables whole on every node, tenants' tables by their tenant, side by side.\n"
            .to_owned()
            + &script(include_str!("sql/citus_distribute.sql"), &tables),
        "-- Nobody sends commands to other nodes, where this transaction's tenant does not count.\n"
            .to_owned()
            + &script(include_str!("sql/citus_commands.sql"), &[("commands", &commands)]),
    ]
}

/// What `up` distributed comes back whole, while it still has its tenant column.
pub(super) fn down() -> String {
    let commands = quote_literal(citus::COMMANDS);
    "-- What was distributed comes back to the coordinator.\n".to_owned()
        + &script(include_str!("sql/citus_down.sql"), &[("commands", &commands)])
}

/// How each declared table is distributed, as facts.
pub(super) fn facts(layout: &Layout, tenancy: &Tenancy) -> String {
    if !layout.is_citus() {
        return String::new();
    }
    fill(
        include_str!("sql/citus_facts.sql"),
        &[
            ("tenants", &tenant_tables(tenancy.tenant_tables())),
            ("shareds", &shared_tables(tenancy.shared_tables())),
            ("citus_tables", &citus::tables()),
        ],
    )
}
