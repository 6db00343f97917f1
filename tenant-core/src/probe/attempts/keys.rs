//! Foreign keys and unique keys: they are checked without regard to policies.

use super::{
    super::{
        judge::{Judge, NO_VALUE, OTHER_KEY, not_applicable},
        kind::{Case, Kind, never},
        live::Actor,
        plant::{Row, insert_values, value_of},
        schema::{Column, ForeignKey, UniqueKey},
        target::Target,
    },
    on_table,
};
use crate::{quote::quoted, quote_literal};

const REFERENCE: &str =
    "Foreign keys ignore row security: a row of one tenant hangs on another tenant's row.";
const TELLS: &str = "Unique keys ignore row security: a refused value exists in another tenant.";
const ADDRESS: &str = "ALTER TABLE {table} ADD UNIQUE ({tc}, …); drop the key without {tc}";

pub(super) const KINDS: &[Kind] = &[
    on_table(
        "ATK064",
        "reference",
        "inserting an own row that points at the other's row",
        REFERENCE,
        |t| {
            each_foreign_key(t, |t, key| {
                let values = with_parent_of_b(t, key)?;
                let insert = insert_values(t.table, Some(&t.tenant_value(false)), &values);
                Some(refers(t, key, &format!("EXECUTE {};\n", quote_literal(&insert))))
            })
        },
    ),
    on_table(
        "ATK065",
        "reference_by_update",
        "pointing an own row at the other's row",
        REFERENCE,
        |t| {
            each_foreign_key(t, |t, key| {
                let parent = t.b.as_ref()?.parents.get(&key.name)?;
                let own = own_columns(t, key);
                let sets: Vec<String> = key
                    .columns
                    .iter()
                    .zip(&key.parent_columns)
                    .filter(|(column, _)| own.contains(column))
                    .map(|(column, of)| {
                        Some(format!("{} = {}", quoted(column), parent_value(t, key, parent, of)?))
                    })
                    .collect::<Option<_>>()?;
                let update = t.fill(
                    &format!("UPDATE {{table}} AS theirs SET {} WHERE {{row}}", sets.join(", ")),
                    false,
                );
                Some(refers(t, key, &format!("EXECUTE {} USING a;\n", quote_literal(&update))))
            })
        },
    ),
    on_table(
        "ATK066",
        "hang_on_own",
        "the other's row hung on an own one: it goes with it, or keeps it from going",
        REFERENCE,
        |t| {
            each_foreign_key(t, |t, key| {
                let values = with_parent_of(t, key, t.b.as_ref()?, t.a.as_ref()?)?;
                let insert = insert_values(t.table, Some(&t.tenant_value(true)), &values);
                let as_b = t.place.live.become_(Actor::B).ok()?;
                Some(refers(t, key, &format!("{as_b}EXECUTE {};\n", quote_literal(&insert))))
            })
        },
    ),
    on_table(
        "ATK067",
        "unique_oracle",
        "inserting the other's value of a unique key",
        TELLS,
        |t| {
            each_unique_key(t, &t.table.unique_keys, |t, key, insert| {
                duplicate(t, key, &format!("EXECUTE {};\n", quote_literal(insert)))
            })
        },
    )
    .mend(ADDRESS),
    on_table(
        "ATK068",
        "conflict_do_nothing",
        "`ON CONFLICT DO NOTHING` with the other's value",
        TELLS,
        |t| {
            each_unique_key(t, &t.table.unique_keys, |t, key, insert| {
                let insert = format!("{insert} ON CONFLICT{} DO NOTHING", conflict_target(key));
                let body = format!(
                    "EXECUTE {};\nGET DIAGNOSTICS own = ROW_COUNT;\n\
                 IF own = 0 THEN RAISE unique_violation USING CONSTRAINT = {}; END IF;\n",
                    quote_literal(&insert),
                    quote_literal(&key.name)
                );
                duplicate(t, key, &body)
            })
        },
    )
    .mend(ADDRESS),
    on_table(
        "ATK069",
        "conflict_do_update",
        "`ON CONFLICT DO UPDATE` onto the other's row",
        "A tenant changes another tenant's row.",
        |t| {
            let mut cases = Vec::new();
            let full =
                t.table.unique_keys.iter().filter(|key| !key.columns.is_empty() && !key.partial);
            for key in full {
                let Some(insert) = with_key_of_b(t, key) else { continue };
                let columns: Vec<String> =
                    key.columns.iter().map(|column| quoted(column)).collect();
                let upsert = t.fill(
                    &format!(
                        "{insert} ON CONFLICT ({}) DO UPDATE SET {{touch}} = probe.{{touch}} \
                     WHERE probe.{{tc}} IS DISTINCT FROM {{a}}",
                        columns.join(", ")
                    ),
                    true,
                );
                let body = format!(
                    "{}stage := 'attack';\nBEGIN\n  EXECUTE {} INTO seen;\n  seen := coalesce(seen, 0);\n\
                 EXCEPTION WHEN foreign_key_violation THEN seen := 0; WHEN unique_violation THEN RAISE EXCEPTION USING ERRCODE = '{OTHER_KEY}';\nEND;\n",
                    has_value(key),
                    quote_literal(&format!(
                        "WITH hit AS ({upsert} RETURNING probe.{} AS t) SELECT count(*) FILTER (WHERE hit.t IS DISTINCT FROM {}) FROM hit",
                        quoted(t.tenant),
                        t.place.live.a.literal()
                    )),
                );
                cases.push(Case::run(Actor::A, body, Judge::Blind(&["42501"])).on(format!(
                    "key {} of table {}",
                    quoted(&key.name),
                    t.table.sql()
                )));
            }
            if cases.is_empty() {
                never("the table has no unique key, or no row could be planted")
            } else {
                cases
            }
        },
    ),
    on_table(
        "ATK070",
        "exclusion_oracle",
        "the other's value of an exclusion constraint",
        TELLS,
        |t| {
            each_unique_key(t, &t.table.exclusions, |t, key, insert| {
                duplicate(t, key, &format!("EXECUTE {};\n", quote_literal(insert)))
            })
        },
    ),
];

fn own_columns<'k>(t: &Target<'_>, key: &'k ForeignKey) -> Vec<&'k String> {
    key.columns.iter().filter(|column| column.as_str() != t.tenant).collect()
}

fn each_foreign_key(
    t: &Target<'_>,
    body: impl Fn(&Target<'_>, &ForeignKey) -> Option<String>,
) -> Vec<Case> {
    let mut cases = Vec::new();
    for key in &t.table.foreign_keys {
        let object = format!("foreign key {} of table {}", quoted(&key.name), t.table.sql());
        if own_columns(t, key).is_empty() {
            continue;
        }
        let of_tenants = t.place.live.tenant_tables.contains(&key.parent);
        let case = if !of_tenants {
            Case::known(not_applicable("it points at a table that is not a tenant's"))
        } else if let (true, Some(body)) = (t.planted, body(t, key)) {
            Case::run(Actor::A, body, Judge::Told)
        } else {
            Case::known(not_applicable("no parent of the other tenant could be planted"))
        };
        cases.push(case.on(object));
    }
    if cases.is_empty() {
        never("the table has no foreign key besides the tenant's own")
    } else {
        cases
    }
}

/// Runs `statement` with the checks switched to immediate; the key that refuses it is this one.
fn refers(t: &Target<'_>, key: &ForeignKey, statement: &str) -> String {
    format!(
        "stage := 'prepare';\nSET CONSTRAINTS ALL IMMEDIATE;\nstage := 'attack';\n\
         BEGIN\n  {statement}  seen := 1;\nEXCEPTION WHEN foreign_key_violation THEN\n  \
         GET STACKED DIAGNOSTICS broke = CONSTRAINT_NAME;\n  \
         IF {} THEN RAISE; END IF;\n  seen := 0;\nEND;\nnote := {};\n",
        another(t, &key.name),
        quote_literal(&key.name),
    )
}

fn parent_value(t: &Target<'_>, key: &ForeignKey, slot: &str, column: &str) -> Option<String> {
    let parent = t.parents.iter().find(|parent| parent.oid == key.parent)?;
    Some(value_of(parent, slot, column))
}

/// A's own values, with B's parent in this key.
fn with_parent_of_b(t: &Target<'_>, key: &ForeignKey) -> Option<Vec<(String, String)>> {
    with_parent_of(t, key, t.a.as_ref()?, t.b.as_ref()?)
}

/// The values of one row, with the parent of the other.
fn with_parent_of(
    t: &Target<'_>,
    key: &ForeignKey,
    row: &Row,
    other: &Row,
) -> Option<Vec<(String, String)>> {
    let slot = other.parents.get(&key.name)?;
    let mut values = row.values.clone();
    for (column, of) in key.columns.iter().zip(&key.parent_columns) {
        if column != t.tenant {
            let value = parent_value(t, key, slot, of)?;
            values.retain(|(name, _)| name != column);
            values.push((column.clone(), value));
        }
    }
    Some(values)
}

/// An insert of A's that takes B's values of this key; those of an expression's columns as well.
fn with_key_of_b(t: &Target<'_>, key: &UniqueKey) -> Option<String> {
    let b = t.b.as_ref().filter(|_| t.planted)?;
    let mut values = t.a.as_ref()?.values.clone();
    let taken: Vec<&String> = if key.columns.is_empty() {
        let plain = t.table.columns.iter().filter(|c| !c.is_surrogate() && c.generated.is_empty());
        plain
            .map(|column| &column.name)
            .filter(|name| values.iter().any(|(n, _)| n == *name))
            .collect()
    } else {
        key.columns.iter().collect()
    };
    for column in taken {
        if *column == t.tenant || t.table.column(column).is_none_or(|c| !c.generated.is_empty()) {
            continue;
        }
        values.retain(|(name, _)| name != column);
        values.push((column.clone(), value_of(t.table, &b.slot, column)));
    }
    Some(insert_values(t.table, Some(&t.tenant_value(false)), &values))
}

fn has_value(key: &UniqueKey) -> String {
    let each: Vec<String> = key
        .columns
        .iter()
        .map(|column| {
            format!(
                "IF b -> 'row' ->> {} IS NULL THEN RAISE EXCEPTION USING ERRCODE = '{NO_VALUE}'; END IF;\n",
                quote_literal(column)
            )
        })
        .collect();
    each.concat()
}

fn each_unique_key(
    t: &Target<'_>,
    keys: &[UniqueKey],
    body: impl Fn(&Target<'_>, &UniqueKey, &str) -> String,
) -> Vec<Case> {
    let mut cases = Vec::new();
    for key in keys {
        let object = format!("key {} of table {}", quoted(&key.name), t.table.sql());
        let own = || key.columns.iter().filter(|column| column.as_str() != t.tenant);
        let of_own =
            |is: fn(&Column) -> bool| own().map(move |c| t.table.column(c).is_some_and(is));
        // A number of the table's own keeps the whole key from being met: `(id, at)` of partitions.
        let made_up = own().next().is_some()
            && (of_own(Column::is_numbered).any(|x| x) || of_own(Column::is_surrogate).all(|x| x));
        let only_tenant = !key.columns.is_empty() && own().next().is_none();
        let case = if only_tenant {
            Case::known(not_applicable("the key is the tenant itself"))
        } else if made_up {
            Case::known(not_applicable(
                "the key is made by the machine (UUID, identity, sequence): that a number is taken \
                 tells nothing of what is in the row",
            ))
        } else if let Some(insert) = with_key_of_b(t, key) {
            Case::run(Actor::A, body(t, key, &insert), Judge::Told)
        } else {
            Case::known(not_applicable("no row could be planted"))
        };
        cases.push(case.on(object));
    }
    if cases.is_empty() { never("the table has no such key") } else { cases }
}

/// Told when this key, and no other, refuses. A key that has the tenant can only refuse because of
/// a row of the tenant's own.
fn duplicate(t: &Target<'_>, key: &UniqueKey, statement: &str) -> String {
    let other = if key.columns.iter().any(|column| column == t.tenant) {
        "true".to_owned()
    } else {
        another(t, &key.name)
    };
    format!(
        "{}{}stage := 'attack';\nBEGIN\n  {statement}  seen := 0;\n\
         EXCEPTION\n  WHEN unique_violation OR exclusion_violation THEN\n    \
           GET STACKED DIAGNOSTICS broke = CONSTRAINT_NAME;\n    \
           IF {other} THEN RAISE EXCEPTION USING ERRCODE = '{OTHER_KEY}'; END IF;\n    \
           seen := 1;\n    note := {};\n  \
         WHEN foreign_key_violation THEN\n    seen := 0;\nEND;\n",
        has_value(key),
        t.without_own(),
        quote_literal(&key.name),
    )
}

fn conflict_target(key: &UniqueKey) -> String {
    if key.columns.is_empty() || key.partial {
        return String::new();
    }
    let columns: Vec<String> = key.columns.iter().map(|column| quoted(column)).collect();
    format!(" ({})", columns.join(", "))
}

/// Whether another constraint than this refused. A partition's has a name of its own.
fn another(t: &Target<'_>, name: &str) -> String {
    if t.table.children.is_empty() {
        format!("broke <> {}", quote_literal(name))
    } else {
        "false".to_owned()
    }
}
