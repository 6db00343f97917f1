//! Tables and their foreign keys, and what leads from where to the tenants' table.

use serde::Deserialize;

use super::Answer;
use crate::quote::quoted;

/// A table as the catalogue has it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Table {
    pub(super) oid: i64,
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) primary_key: Vec<String>,
    pub(super) keys: Vec<Key>,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct Column {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) sql_type: String,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Key {
    pub(super) name: String,
    /// The oid of the other table.
    pub(super) parent: i64,
    pub(super) columns: Vec<String>,
    pub(super) referenced: Vec<String>,
    pub(super) not_null: bool,
}

/// By what a row's tenant is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Way {
    /// It is the tenant's own row.
    Root,
    /// This foreign key of its, by its place.
    Key(usize),
    /// A column that holds the tenant's id, without a foreign key.
    Column(String),
}

/// What leads to the tenants' table.
#[derive(Debug)]
pub(super) struct Graph<'t> {
    pub(super) tables: &'t [Table],
    pub(super) root: usize,
    answers: &'t [Option<Answer>],
    /// How each tenant table's rows find their tenant.
    pub(super) ways: Vec<Option<Way>>,
    depth: Vec<Option<usize>>,
}

impl Table {
    /// As it stands in SQL.
    pub(super) fn label(&self) -> String {
        format!("{}.{}", quoted(&self.schema), quoted(&self.name))
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

impl<'t> Graph<'t> {
    /// Follows the foreign keys backwards from the tenants' table, those with the shortest way first.
    pub(super) fn new(tables: &'t [Table], root: usize, answers: &'t [Option<Answer>]) -> Self {
        let count = tables.len();
        let mut graph =
            Self { tables, root, answers, ways: vec![None; count], depth: vec![None; count] };
        graph.ways[root] = Some(Way::Root);
        graph.depth[root] = Some(0);
        // One that holds the tenant's id itself is as near as can be.
        for (index, answer) in answers.iter().enumerate() {
            if let Some(Answer::TenantVia(column)) = answer
                && graph.keys_with(index, column).is_empty()
                && index != root
            {
                graph.ways[index] = Some(Way::Column(column.clone()));
                graph.depth[index] = Some(1);
            }
        }
        for depth in 1..=count {
            let found: Vec<(usize, usize)> = (0..count)
                .filter(|index| graph.depth[*index].is_none())
                .filter_map(|index| Some((index, graph.nearest(index, depth)?)))
                .collect();
            for (index, key) in found {
                graph.ways[index] = Some(Way::Key(key));
                graph.depth[index] = Some(depth);
            }
        }
        graph
    }

    /// The tenant tables, each behind the one that its way leads to.
    pub(super) fn nearest_first(&self) -> Vec<usize> {
        let mut firm: Vec<usize> = (0..self.tables.len()).filter(|i| self.is_firm(*i)).collect();
        firm.sort_by_key(|index| self.depth[*index]);
        firm
    }

    pub(super) fn index(&self, oid: i64) -> Option<usize> {
        self.tables.iter().position(|table| table.oid == oid)
    }

    /// Whether its rows are tenants'.
    pub(super) fn is_firm(&self, index: usize) -> bool {
        self.ways[index].is_some()
    }

    /// How many tables are.
    pub(super) fn hanging(&self) -> usize {
        self.ways.iter().flatten().count() - 1
    }

    /// The places of the foreign keys of a table that this column is one of.
    fn keys_with(&self, index: usize, column: &str) -> Vec<usize> {
        let keys = self.tables[index].keys.iter().enumerate();
        keys.filter(|(_, key)| key.columns.iter().any(|c| c == column)).map(|(at, _)| at).collect()
    }

    /// The first key of a table that leads to one of this depth less one, if it may be followed.
    fn nearest(&self, index: usize, depth: usize) -> Option<usize> {
        let answer = self.answers[index].as_ref();
        let may = |key: &Key| match answer {
            Some(Answer::Shared | Answer::LeftOut) => false,
            Some(Answer::Tenant) => true,
            Some(Answer::TenantVia(column)) => key.columns.contains(column),
            None => key.not_null,
        };
        let leads = |key: &Key| {
            self.index(key.parent)
                .is_some_and(|parent| parent != index && self.depth[parent] == Some(depth - 1))
        };
        self.tables[index].keys.iter().position(|key| may(key) && leads(key))
    }

    /// The keys of a table to tenant tables, with the other table, but for those to itself.
    pub(super) fn to_firm(&self, index: usize) -> Vec<(usize, usize)> {
        let keys = self.tables[index].keys.iter().enumerate();
        keys.filter_map(|(at, key)| Some((at, self.index(key.parent)?)))
            .filter(|(_, parent)| *parent != index && self.is_firm(*parent))
            .collect()
    }

    /// Whether any chain of foreign keys leads from a table to the tenants', also of those that may be
    /// NULL.
    pub(super) fn reaches(&self, index: usize) -> bool {
        let mut seen = vec![false; self.tables.len()];
        let mut open = vec![index];
        while let Some(at) = open.pop() {
            for key in &self.tables[at].keys {
                if let Some(parent) = self.index(key.parent)
                    && !seen[parent]
                    && !matches!(self.answers[parent], Some(Answer::Shared | Answer::LeftOut))
                {
                    if parent == self.root {
                        return true;
                    }
                    seen[parent] = true;
                    open.push(parent);
                }
            }
        }
        false
    }

    /// The joins that lead from a row to its tenant, and the expression that is the tenant's id there.
    /// `alias` names the row; the aliases of the others begin with it.
    pub(super) fn tenant_of(&self, index: usize, alias: &str) -> (String, String) {
        let table = &self.tables[index];
        let root = &self.tables[self.root];
        let id = |alias: &str, column: &str| format!("{alias}.{}::text", quoted(column));
        match &self.ways[index] {
            Some(Way::Key(at)) => {
                let key = &table.keys[*at];
                if key.parent == root.oid && key.referenced == root.primary_key {
                    return (String::new(), id(alias, &key.columns[0]));
                }
                let Some(parent) = self.index(key.parent) else {
                    return (String::new(), "NULL".to_owned());
                };
                let next = format!("{alias}_");
                let (rest, tenant) = self.tenant_of(parent, &next);
                (self.join(key, parent, alias, &next) + &rest, tenant)
            }
            Some(Way::Column(column)) => (String::new(), id(alias, column)),
            Some(Way::Root) => {
                let column = root.primary_key.first().map_or("", String::as_str);
                (String::new(), id(alias, column))
            }
            None => (String::new(), "NULL".to_owned()),
        }
    }

    pub(super) fn join(&self, key: &Key, parent: usize, alias: &str, next: &str) -> String {
        let pairs = key.columns.iter().zip(&key.referenced);
        let on: Vec<String> = pairs
            .map(|(from, to)| format!("{next}.{} = {alias}.{}", quoted(to), quoted(from)))
            .collect();
        format!(" JOIN {} {next} ON {}", self.tables[parent].label(), on.join(" AND "))
    }

    /// The way in words: `customer_id → customer → store`.
    pub(super) fn said(&self, index: usize) -> String {
        let mut said = Vec::new();
        let mut at = index;
        loop {
            match &self.ways[at] {
                Some(Way::Key(key)) => {
                    let key = &self.tables[at].keys[*key];
                    said.push(key.columns.join(", "));
                    let Some(parent) = self.index(key.parent) else { break };
                    said.push(self.tables[parent].name.clone());
                    at = parent;
                }
                Some(Way::Column(column)) => {
                    said.push(column.clone());
                    break;
                }
                _ => break,
            }
        }
        said.join(" → ")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn table(oid: usize, parents: &[(usize, bool)]) -> Table {
        let key = |(at, (parent, not_null)): (usize, &(usize, bool))| Key {
            name: format!("k{at}"),
            parent: i64::try_from(*parent).unwrap(),
            columns: vec![format!("c{at}")],
            referenced: vec!["id".to_owned()],
            not_null: *not_null,
        };
        Table {
            oid: i64::try_from(oid).unwrap(),
            schema: "public".to_owned(),
            name: format!("t{oid}"),
            columns: Vec::new(),
            primary_key: vec!["id".to_owned()],
            keys: parents.iter().enumerate().map(key).collect(),
        }
    }

    #[test]
    fn the_shortest_way_is_taken_and_one_that_may_be_null_is_none() {
        // 0 is the tenants'; 1 → 0; 2 → 1, 0; 3 → 2 (nullable); 0 → 1 is a cycle.
        let tables = [
            table(0, &[(1, true)]),
            table(1, &[(0, true)]),
            table(2, &[(1, true), (0, true)]),
            table(3, &[(2, false)]),
            table(4, &[(4, true)]),
        ];
        let graph = Graph::new(&tables, 0, &[const { None }; 5]);
        assert_eq!(graph.ways[0], Some(Way::Root));
        assert_eq!(graph.ways[2], Some(Way::Key(1)));
        assert_eq!(graph.ways[3], None);
        assert!(graph.reaches(3) && !graph.reaches(4));
        assert_eq!(graph.hanging(), 2);
        assert_eq!(graph.said(2), "c1 → t0");
    }

    #[test]
    fn what_is_answered_as_shared_leads_nowhere() {
        let tables = [table(0, &[]), table(1, &[(0, true)]), table(2, &[(1, true)])];
        let graph = Graph::new(&tables, 0, &[None, Some(Answer::Shared), None]);
        assert!(!graph.is_firm(1) && !graph.is_firm(2) && !graph.reaches(2));
    }

    proptest! {
        /// Whatever the keys, each way ends at the tenants' table.
        #[test]
        fn a_way_ends(edges in proptest::collection::vec((0_usize..8, 0_usize..8, any::<bool>()), 0..24)) {
            let mut parents = vec![Vec::new(); 8];
            for (child, parent, not_null) in edges {
                parents[child].push((parent, not_null));
            }
            let tables: Vec<Table> =
                parents.iter().enumerate().map(|(oid, parents)| table(oid, parents)).collect();
            let none = vec![None; 8];
            let graph = Graph::new(&tables, 0, &none);
            for index in 0..8 {
                if graph.is_firm(index) && index != 0 {
                    prop_assert!(graph.said(index).ends_with("t0"));
                    prop_assert!(graph.reaches(index));
                    let (_, tenant) = graph.tenant_of(index, "t");
                    prop_assert!(tenant != "NULL");
                }
            }
        }
    }
}
