//! Who goes first.

use std::collections::{HashSet, VecDeque};

use super::MigrationTarget;

/// The targets of a run, each place once.
#[derive(Debug, Default)]
pub(super) struct Order {
    /// Those that somebody named: one after the other, before all others.
    pub(super) canaries: Vec<MigrationTarget>,
    /// The others, for which the log does not say that all is done.
    pub(super) others: VecDeque<MigrationTarget>,
    /// Those for which it does: they come last, and show nothing.
    pub(super) complete: Vec<MigrationTarget>,
}

impl Order {
    pub(super) fn of(
        targets: impl IntoIterator<Item = MigrationTarget>,
        complete: &HashSet<(String, String)>,
    ) -> Self {
        let (mut order, mut seen) = (Self::default(), HashSet::new());
        for target in targets {
            let (database, schema) = target.place();
            let place = (database.to_owned(), schema.to_owned());
            let is_complete = complete.contains(&place);
            if !seen.insert(place) {
                continue;
            }
            if is_complete {
                order.complete.push(target);
            } else if target.canary {
                order.canaries.push(target);
            } else {
                order.others.push_back(target);
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(targets: impl IntoIterator<Item = MigrationTarget>) -> Vec<String> {
        targets.into_iter().map(|target| target.to_string()).collect()
    }

    fn targets() -> Vec<MigrationTarget> {
        let schema = |name: &str| MigrationTarget::schema("db", name);
        let shared = MigrationTarget::database("db");
        vec![schema("a"), schema("b"), schema("c").canary(), schema("a"), shared.clone(), shared]
    }

    #[test]
    fn each_place_comes_once_and_what_is_complete_last() {
        let complete = HashSet::from([("db".to_owned(), "a".to_owned())]);
        let order = Order::of(targets(), &complete);
        assert_eq!(names(order.canaries), ["db/c"]);
        assert_eq!(names(order.others), ["db/b", "db"]);
        assert_eq!(names(order.complete), ["db/a"]);
    }

    #[test]
    fn a_complete_canary_shows_nothing() {
        let complete = HashSet::from([("db".to_owned(), "c".to_owned())]);
        let order = Order::of(targets(), &complete);
        assert!(order.canaries.is_empty());
        assert_eq!(names(order.complete), ["db/c"]);
    }
}
