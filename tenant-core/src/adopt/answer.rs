use std::{fmt, str::FromStr};

use super::AdoptError;

/// What somebody who knows says of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Its rows are tenants', found by its only foreign key to one of their tables.
    Tenant,
    /// Its rows are tenants', found by this column: one of a foreign key to the tenants' table or another
    /// tenant table, or one that holds the tenant's id itself.
    TenantVia(String),
    /// Its rows are everybody's: every tenant can read all of them.
    Shared,
    /// It is left alone: in neither group, so that no tenant reaches it.
    LeftOut,
}

impl FromStr for Answer {
    type Err = AdoptError;

    /// `tenant`, `tenant via column`, `shared` or `left out`.
    fn from_str(text: &str) -> Result<Self, AdoptError> {
        match text.trim() {
            "tenant" => Ok(Self::Tenant),
            "shared" => Ok(Self::Shared),
            "left out" => Ok(Self::LeftOut),
            other => match other.strip_prefix("tenant via ").map(str::trim) {
                Some(column) if !column.is_empty() => Ok(Self::TenantVia(column.to_owned())),
                _ => Err(AdoptError::Answer {
                    why: format!(
                        "{text:?} is no answer: write \"tenant\", \"tenant via column\", \"shared\" or \"left out\""
                    ),
                }),
            },
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant => f.write_str("tenant"),
            Self::TenantVia(column) => write!(f, "tenant via {column}"),
            Self::Shared => f.write_str("shared"),
            Self::LeftOut => f.write_str("left out"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_answer_is_read_back(column in r"[^\s](\PC{0,10}[^\s])?") {
            let answers =
                [Answer::Tenant, Answer::TenantVia(column), Answer::Shared, Answer::LeftOut];
            for answer in answers {
                prop_assert_eq!(answer.to_string().parse::<Answer>().unwrap(), answer);
            }
        }

        #[test]
        fn whatever_is_written_is_read_or_refused(text in r"((tenant|via|shared) ?|\PC){0,6}") {
            let _ = text.parse::<Answer>();
        }
    }
}
