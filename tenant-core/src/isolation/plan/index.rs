//! The index led by the tenant, without a lock on writers.

use super::{
    Step,
    found::{Found, Relation, Table},
};
use crate::{
    TenantTable,
    isolation::{hash::name_of, table::index_name},
    quote::quoted,
};

const CONCURRENTLY: &str =
    "SHARE UPDATE EXCLUSIVE: reads and writes go on; it waits for transactions that are open";

pub(super) fn steps(declared: &TenantTable, found: &Found) -> Vec<Step> {
    let Some(table) = found.table(declared).filter(|table| !table.has_index) else {
        return Vec::new();
    };
    // The unique key that a foreign key is going to reference is led by the tenant, too.
    if found.keys.iter().any(|key| key.parent == table.found && !key.has_key) {
        return Vec::new();
    }
    if table.partitioned {
        return of_partitions(declared, table);
    }
    let mut steps = Vec::new();
    steps.extend(table.invalid_index.as_deref().map(drop_invalid));
    steps.push(build(&index_name(declared), &table.name, declared.column()));
    steps
}

pub(super) fn drop_invalid(name: &str) -> Step {
    let sql = format!("DROP INDEX CONCURRENTLY IF EXISTS {name};\n");
    Step::prepare(format!("{name}: what was left half built goes"), sql, CONCURRENTLY).alone()
}

fn build(index: &str, relation: &str, column: &str) -> Step {
    let sql = format!(
        "CREATE INDEX CONCURRENTLY {} ON {relation} ({});\n",
        quoted(index),
        quoted(column)
    );
    Step::prepare(format!("{relation}: an index led by the tenant"), sql, CONCURRENTLY).alone()
}

/// A partitioned table takes no `CONCURRENTLY`: its own index is made empty, those of the
/// partitions beside the writers, and each is attached; the last one makes the whole valid.
fn of_partitions(declared: &TenantTable, table: &Table) -> Vec<Step> {
    const ATTACH: &str = "ACCESS EXCLUSIVE on the two indexes, for an instant";
    let column = quoted(declared.column());
    let own = |relation: &Relation| {
        if relation.parent.is_none() {
            return index_name(declared);
        }
        name_of(&format!("{}_{}", relation.relname, declared.column()), "_tenancy_idx")
    };
    // An index lies in its table's schema.
    let name = |relation: &Relation| match &relation.index {
        Some(index) if index.valid || relation.partitioned => index.name.clone(),
        _ => format!("{}.{}", quoted(&relation.schema), quoted(&own(relation))),
    };
    let mut steps = Vec::new();
    for relation in table.tree.iter().filter(|r| r.partitioned && r.index.is_none()) {
        let sql = format!(
            "CREATE INDEX {} ON ONLY {} ({column});\n",
            quoted(&own(relation)),
            relation.name
        );
        let title = format!("{}: an empty index led by the tenant", relation.name);
        steps.push(Step::prepare(
            title,
            sql,
            "SHARE on the partitioned table, which holds no rows, for an instant",
        ));
    }
    for relation in table.tree.iter().filter(|r| r.table) {
        match &relation.index {
            Some(index) if index.valid => continue,
            Some(index) => steps.push(drop_invalid(&index.name)),
            None => {}
        }
        steps.push(build(&own(relation), &relation.name, declared.column()));
    }
    // The deepest first.
    for relation in table.tree.iter().rev() {
        let parent = table.tree.iter().find(|p| Some(&p.name) == relation.parent.as_ref());
        let attached = relation.index.as_ref().is_some_and(|index| index.attached && index.valid);
        if let Some(parent) =
            parent.filter(|_| !attached && (relation.table || relation.partitioned))
        {
            let sql =
                format!("ALTER INDEX {} ATTACH PARTITION {};\n", name(parent), name(relation));
            steps.push(Step::prepare(
                format!("{}: its index is part of the whole", relation.name),
                sql,
                ATTACH,
            ));
        }
    }
    steps
}
