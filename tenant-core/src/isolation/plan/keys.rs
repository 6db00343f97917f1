//! Foreign keys that carry the tenant, beside those that do not, until they can take over.

use std::collections::BTreeSet;

use super::{
    Step,
    found::{ForeignKey, Found},
    index::drop_invalid,
};
use crate::{
    isolation::{
        keys::{LOOK, remember_key},
        roles::block_with,
    },
    quote::quoted,
};

const BOTH: &str = "SHARE ROW EXCLUSIVE on both tables, for an instant: nothing is scanned";
const SCAN: &str =
    "SHARE UPDATE EXCLUSIVE on the table and ROW SHARE on the other for one scan: writes go on";
const SWAP: &str = "ACCESS EXCLUSIVE on both tables, for an instant: nothing is scanned";
const BUILDS: &str = "ACCESS EXCLUSIVE on a partitioned table for as long as it takes: partitions have no gentler way";

pub(super) fn steps(found: &Found) -> Vec<Step> {
    let mut made = BTreeSet::new();
    let mut steps = Vec::new();
    for key in &found.keys {
        if !key.new_there {
            steps.push(look(key));
        }
        if !key.has_key && made.insert((&key.parent, &key.key_name)) {
            steps.extend(unique(key));
        }
        steps.extend(replace(key));
    }
    steps
}

/// Rows that cross tenants already are told before anything is switched on.
fn look(key: &ForeignKey) -> Step {
    let sql = block_with(
        "fk record;\n  look text;\n  crossing bigint;",
        &format!("FOR fk IN {} LOOP\n    {}\n  END LOOP;", key.look, LOOK.trim_end()),
    );
    let title = format!("{}: no row points at another tenant's by {}", key.child, key.conname);
    Step::prepare(title, sql, "none")
}

/// What the new foreign key references.
fn unique(key: &ForeignKey) -> Vec<Step> {
    let name = quoted(&key.key_name);
    let columns = format!("{}, {}", quoted(&key.parent_col), key.referenced_list);
    let ledger = remember_key("key", &key.parent, &key.key_name, None);
    let title = format!("{}: ({columns}) is a key", key.parent);
    if key.parent_kind == "p" {
        let sql = format!(
            "{ledger}ALTER TABLE {} ADD CONSTRAINT {name} UNIQUE ({columns});\n",
            key.parent
        );
        return vec![Step::prepare(title, sql, BUILDS)];
    }
    let mut steps = Vec::new();
    if key.key_valid != Some(true) {
        steps.extend(key.key_index.as_deref().map(drop_invalid));
        let sql =
            format!("CREATE UNIQUE INDEX CONCURRENTLY {name} ON {} ({columns});\n", key.parent);
        let title = format!("{}: ({columns}) is unique", key.parent);
        steps.push(
            Step::prepare(title, sql, "SHARE UPDATE EXCLUSIVE: reads and writes go on; it waits for transactions that are open")
                .alone(),
        );
    }
    let sql = format!(
        "{ledger}ALTER TABLE {} ADD CONSTRAINT {name} UNIQUE USING INDEX {name};\n",
        key.parent
    );
    steps.push(Step::prepare(
        title,
        sql,
        "ACCESS EXCLUSIVE on the table, for an instant: nothing is scanned",
    ));
    steps
}

fn replace(key: &ForeignKey) -> Vec<Step> {
    let (child, new, old) = (&key.child, quoted(&key.new_name), quoted(&key.conname));
    let mut steps = Vec::new();
    // Before PostgreSQL 18 a partitioned table takes no foreign key that is not valid.
    let at_once = key.child_kind == "p";
    if !key.new_there {
        let sql = format!(
            "{}ALTER TABLE {child} ADD CONSTRAINT {new} {}{};\n",
            remember_key("foreign key", child, &key.conname, Some(&key.old)),
            key.new,
            if at_once { "" } else { " NOT VALID" },
        );
        let title = format!("{child}: {}, for new rows", key.new);
        steps.push(Step::prepare(title, sql, if at_once { BUILDS } else { BOTH }));
    }
    if key.convalidated && !key.new_valid && !at_once {
        let sql = format!("ALTER TABLE {child} VALIDATE CONSTRAINT {new};\n");
        steps.push(Step::prepare(format!("{child}: {}, for all rows", key.new), sql, SCAN));
    }
    let sql = format!(
        "ALTER TABLE {child} DROP CONSTRAINT {old};\nALTER TABLE {child} RENAME CONSTRAINT {new} TO {old};\n"
    );
    steps.push(Step::prepare(format!("{child}: it takes the place of {}", key.conname), sql, SWAP));
    steps
}
