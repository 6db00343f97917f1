use std::fmt;

use super::PoolerCheck;

/// What is wrong with the pooler before the database. Its text says what to set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolerTrouble {
    /// Connections are handed on between transactions, and the pool was not told.
    Undeclared,
    /// Connections are handed on between statements.
    Statement,
    /// The pool was told that statements stay prepared, and they do not.
    NotPreparing,
    /// The pooler refuses a setting that the driver sends when it connects.
    StartupParameter,
}

impl PoolerTrouble {
    /// Reads it from an error of the server's or the pooler's: the constraint that it names, if it
    /// does, and its text.
    pub fn of(constraint: Option<&str>, message: &str) -> Option<Self> {
        let gone = || message.contains("does not exist") || message.contains("already exists");
        if constraint == Some(PoolerCheck::CONSTRAINT) {
            Some(Self::Undeclared)
        } else if message.contains("statement pooling") {
            Some(Self::Statement)
        } else if message.contains("unsupported startup parameter") {
            Some(Self::StartupParameter)
        } else if message.contains("prepared statement \"") && gone() {
            Some(Self::Undeclared)
        } else {
            None
        }
    }
}

impl fmt::Display for PoolerTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Undeclared => {
                "a pooler that hands connections on after each transaction stands before the \
                 database, and the pool was not told; build it with `.pooler(Pooler::Transaction)`, \
                 or use the pooler in session mode"
            }
            Self::Statement => {
                "the pooler before the database is in statement mode, in which there are no \
                 transactions and so no tenants; set `pool_mode = transaction` for this database, \
                 and build the pool with `.pooler(Pooler::Transaction)`"
            }
            Self::NotPreparing => {
                "the pooler before the database does not keep prepared statements; set \
                 `max_prepared_statements` (PgBouncer 1.21 or newer), or build the pool with \
                 `.pooler(Pooler::Transaction)`"
            }
            Self::StartupParameter => {
                "the pooler before the database refuses a setting that the driver sends when it \
                 connects; name it in the pooler's `ignore_startup_parameters` (sqlx sends \
                 `extra_float_digits`), or take it out of the address (`options`)"
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_poolers_say_is_understood() {
        for (message, trouble) in [
            (
                "transaction blocks not allowed in statement pooling mode",
                Some(PoolerTrouble::Statement),
            ),
            (
                "unsupported startup parameter: extra_float_digits",
                Some(PoolerTrouble::StartupParameter),
            ),
            ("prepared statement \"s1\" already exists", Some(PoolerTrouble::Undeclared)),
            ("prepared statement \"s1\" does not exist", Some(PoolerTrouble::Undeclared)),
            ("relation \"s1\" does not exist", None),
            ("password authentication failed", None),
        ] {
            assert_eq!(PoolerTrouble::of(None, message), trouble, "{message}");
        }
        let told = PoolerTrouble::of(Some(PoolerCheck::CONSTRAINT), "");
        assert_eq!(told, Some(PoolerTrouble::Undeclared));
    }
}
