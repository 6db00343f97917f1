//! The parts of `up` that are still missing, as steps.

use super::{Phase, Step, found::Found, tables::not_null_without_rows};
use crate::isolation::{
    Isolation, citus,
    diff::Difference,
    parts::{LEAKPROOF, Part, SEARCHES, When, parts},
    schema, search,
};

/// What every other step stands on.
pub(super) fn first(isolation: &Isolation, found: &Found) -> Vec<Step> {
    let parts = parts(isolation);
    let mine = parts.iter().filter(|part| part.when == When::First && is_missing(part, found));
    mine.map(|part| step(part, Phase::Prepare)).collect()
}

/// Databases, walls, grants; `begun` where something before them is missing, too.
pub(super) fn last(
    isolation: &Isolation,
    found: &Found,
    children_first: &[usize],
    begun: bool,
) -> Vec<Step> {
    let tables = isolation.tenancy.tenant_tables();
    let mut parts: Vec<Part> =
        parts(isolation).into_iter().filter(|p| p.when == When::Last).collect();
    let snapshot = parts.pop();
    let rank = |part: &Part| {
        let of_tenant = tables.iter().position(|t| Some(t.table()) == part.table.as_ref());
        of_tenant.and_then(|index| children_first.iter().position(|i| *i == index))
    };
    // Only tenant tables have a rank, and they stand side by side.
    let from = parts.iter().position(|part| rank(part).is_some()).unwrap_or(0);
    let to = parts.iter().rposition(|part| rank(part).is_some()).map_or(from, |last| last + 1);
    parts[from..to].sort_by_key(rank);
    let mut steps = Vec::new();
    for part in &parts {
        let index = tables.iter().position(|t| Some(t.table()) == part.table.as_ref());
        steps.extend(index.and_then(|index| not_null_without_rows(isolation, index, found)));
        if is_missing(part, found) {
            steps.push(step(part, Phase::Enforce));
        }
    }
    if let Some(part) =
        snapshot.filter(|part| begun || !steps.is_empty() || is_missing(part, found))
    {
        steps.push(step(&part, Phase::Enforce));
    }
    steps
}

fn step(part: &Part, phase: Phase) -> Step {
    Step::new(part.title.clone(), part.noted(), phase, part.locks)
}

fn is_missing(part: &Part, found: &Found) -> bool {
    found.parts.get(&part.title) != Some(&part.hash())
        || found.differences.iter().any(|difference| is_mended_by(difference, part, found))
}

/// Whether running the part again mends what somebody has changed.
pub(super) fn is_mended_by(difference: &Difference, part: &Part, found: &Found) -> bool {
    let about = difference.about.as_deref();
    let of_part = part.table.as_ref().and_then(|table| found.names.get(&table.to_string()));
    let is_declared = about.is_some_and(|about| found.names.values().any(|name| name == about));
    match difference.kind.as_str() {
        "policy" | "row security" | "column" | "partition" => {
            let is_below = |name: &String| {
                found.tables.iter().any(|table| {
                    table.found == *name
                        && table.tree.iter().any(|r| Some(r.name.as_str()) == about)
                })
            };
            part.when == When::Last && of_part.is_some_and(is_below)
        }
        "grant" | "schema grant" if search::is_owners(&difference.object) => {
            part.title == SEARCHES && difference.expected.is_some()
        }
        "owner" | "grant" if is_declared => {
            part.when == When::Last && of_part.map(String::as_str) == about
        }
        "owner" if about.is_some_and(is_ours) => part.when == When::First,
        "owner" | "view" => part.title == "views" && !about.is_some_and(is_ours),
        "grant" if about.is_some_and(is_ours) => part.title == "grants on the schema tenancy",
        "grant" => ["views", "database and schemas"].contains(&part.title.as_str()),
        "schema grant" | "database grant" => part.title == "database and schemas",
        "leakproof" => part.title == LEAKPROOF && difference.expected.is_some(),
        "function" | "function grant" if search::is_ours(&difference.object) => {
            part.title == SEARCHES && difference.expected.is_some()
        }
        "function" if difference.object == "tenancy.current_tenant()" => part.when == When::First,
        "function" | "function grant" if schema::is_ours(&difference.object) => {
            part.when == When::First
        }
        "distribution" => part.title == citus::TITLE,
        "trigger" if schema::is_our_trigger(&difference.object) => part.when == When::First,
        "function" if difference.object == "tenancy.current_tenants()" => {
            part.title == "where the tenant is found"
        }
        _ => false,
    }
}

fn is_ours(relation: &str) -> bool {
    relation.starts_with("tenancy.")
}
