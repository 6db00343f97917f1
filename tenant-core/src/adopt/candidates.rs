//! Which table has a row per tenant.

use super::{
    Candidate,
    graph::{Graph, Table},
    names,
};
use crate::TableName;

/// The table, where exactly one of the names that are usual has tables hanging on it and hangs on no
/// other such; else those that it could be.
pub(super) fn choose(
    tables: &[Table],
    name: impl Fn(&Table) -> Option<TableName>,
) -> Result<usize, Vec<Candidate>> {
    let none = vec![None; tables.len()];
    let graphs: Vec<Graph<'_>> =
        (0..tables.len()).map(|root| Graph::new(tables, root, &none)).collect();
    let hanging = |index: &usize| graphs[*index].hanging();
    let named: Vec<usize> = (0..tables.len())
        .filter(|index| names::is_tenants(&tables[*index].name) && hanging(index) > 0)
        .collect();
    // A customer of a store hangs on the store; what hangs on one another does not count.
    let above =
        |index: usize, other: usize| graphs[other].is_firm(index) && !graphs[index].is_firm(other);
    let highest: Vec<usize> = named
        .iter()
        .copied()
        .filter(|index| !named.iter().any(|other| other != index && above(*index, *other)))
        .collect();
    if let [only] = highest.as_slice() {
        return Ok(*only);
    }
    let mut could = if highest.is_empty() { (0..tables.len()).collect() } else { highest };
    could.retain(|index| hanging(index) > 0);
    could.sort_by_key(|index| std::cmp::Reverse(hanging(index)));
    could.truncate(8);
    let candidate = |index: usize| {
        Some(Candidate { table: name(&tables[index])?, hanging: graphs[index].hanging() })
    };
    Err(could.into_iter().filter_map(candidate).collect())
}
