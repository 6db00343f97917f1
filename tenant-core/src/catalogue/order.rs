use std::collections::BTreeMap;

use super::TenantTables;

/// Puts the tables into the order of their foreign keys, numbers those that are on a cycle with one
/// another alike, and marks the keys that make it one.
pub(super) fn in_order(all: &mut TenantTables) {
    let mut at: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
    for (index, table) in all.tables.iter().enumerate() {
        at.entry(table.oid).or_default().push(index);
    }
    let of = |oid| at.get(&oid).map_or(&[][..], Vec::as_slice);
    let mut parents = vec![Vec::new(); all.tables.len()];
    for key in &all.keys {
        for child in key.child.map_or(&[][..], of) {
            parents[*child].extend(of(key.parent));
        }
    }
    // What would go with a table's rows by way of others comes after it as well.
    for beyond in &all.beyond {
        for child in beyond.key.child.map_or(&[][..], of) {
            parents[*child].extend(beyond.roots.iter().copied().flat_map(of));
        }
    }
    let groups = groups(&parents);
    let mut tables: Vec<_> = all.tables.drain(..).map(Some).collect();
    let mut group_of = BTreeMap::new();
    for (number, group) in groups.iter().enumerate() {
        for index in group {
            if let Some(mut table) = tables[*index].take() {
                table.group = number;
                group_of.insert(table.oid, number);
                all.tables.push(table);
            }
        }
    }
    for key in &mut all.keys {
        let child = key.child.and_then(|oid| group_of.get(&oid));
        key.cyclic = child.is_some() && child == group_of.get(&key.parent);
    }
}

/// The strongly connected components, each after all that it leads to (Tarjan).
fn groups(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    struct Walk<'e> {
        edges: &'e [Vec<usize>],
        /// When each was met, and the earliest that it leads back to.
        met: Vec<Option<usize>>,
        low: Vec<usize>,
        open: Vec<usize>,
        is_open: Vec<bool>,
        count: usize,
        groups: Vec<Vec<usize>>,
    }

    impl Walk<'_> {
        fn visit(&mut self, node: usize) {
            self.met[node] = Some(self.count);
            self.low[node] = self.count;
            self.count += 1;
            self.open.push(node);
            self.is_open[node] = true;
            let edges = self.edges;
            for &next in &edges[node] {
                match self.met[next] {
                    None => {
                        self.visit(next);
                        self.low[node] = self.low[node].min(self.low[next]);
                    }
                    Some(met) if self.is_open[next] => self.low[node] = self.low[node].min(met),
                    Some(_) => {}
                }
            }
            if self.met[node] == Some(self.low[node]) {
                let start = self.open.iter().rposition(|open| *open == node).unwrap_or_default();
                let mut group = self.open.split_off(start);
                for member in &group {
                    self.is_open[*member] = false;
                }
                group.sort_unstable();
                self.groups.push(group);
            }
        }
    }

    let count = edges.len();
    let mut walk = Walk {
        edges,
        met: vec![None; count],
        low: vec![0; count],
        open: Vec::new(),
        is_open: vec![false; count],
        count: 0,
        groups: Vec::new(),
    };
    for node in 0..count {
        if walk.met[node].is_none() {
            walk.visit(node);
        }
    }
    walk.groups
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_cycle_is_one_group_and_a_self_reference_is_alone() {
        // 0 → 1 → 2 → 1, 3 → 3, 3 → 0
        assert_eq!(
            groups(&[vec![1], vec![2], vec![1], vec![3, 0]]),
            [vec![1, 2], vec![0], vec![3]]
        );
    }

    proptest! {
        #[test]
        fn whatever_a_table_refers_to_comes_before_it_or_is_in_its_group(
            edges in proptest::collection::vec((0_usize..12, 0_usize..12), 0..40),
        ) {
            let mut from = vec![Vec::new(); 12];
            for (child, parent) in &edges {
                from[*child].push(*parent);
            }
            let groups = groups(&from);
            let mut all: Vec<usize> = groups.concat();
            all.sort_unstable();
            prop_assert_eq!(all, (0..12).collect::<Vec<_>>());
            let of = |node: usize| groups.iter().position(|group| group.contains(&node)).unwrap();
            for (child, parent) in edges {
                prop_assert!(of(parent) <= of(child));
            }
        }
    }
}
