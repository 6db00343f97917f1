use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Error, Layout, TenantId, quote::check_ident};

/// Where a tenant's rows live: in tables that it shares with others, in a schema of its own, or in a
/// database of its own. The registry says so, and nobody else: neither a claim nor a request can.
///
/// A database is called by a name of yours; its address comes from a
/// [`DatabaseProvider`](crate::DatabaseProvider). Row security stays on in all three.
///
/// ```
/// use tenant_core::{Placement, TenantRecord};
///
/// let small = TenantRecord::new(7, "acme");
/// assert_eq!(small.placement, Placement::shared(Placement::MAIN)?);
/// let large = TenantRecord::new(8, "globex").placement(Placement::schema("eu-1", "globex")?);
/// assert_eq!(large.placement.to_string(), "the schema `globex` of the database `eu-1`");
/// # Ok::<(), tenant_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "kind")]
#[non_exhaustive]
pub enum Placement {
    /// In the tables of everybody.
    Shared {
        /// In which database.
        database: String,
    },
    /// In a schema of its own.
    Schema {
        /// In which database.
        database: String,
        /// Which schema.
        schema: String,
    },
    /// In a database of its own.
    Database {
        /// Which one.
        database: String,
    },
}

impl Placement {
    /// The database that a pool's URL names, and the registry's own: the only one, unless there are
    /// more.
    pub const MAIN: &str = "main";

    /// In the shared tables of this database.
    ///
    /// # Errors
    /// [`Error::InvalidPlacement`] when the database's name is empty, longer than 63 bytes or has a NUL.
    pub fn shared(database: impl Into<String>) -> Result<Self, Error> {
        Self::Shared { database: database.into() }.checked()
    }

    /// In this schema of this database.
    ///
    /// # Errors
    /// [`Error::InvalidPlacement`] for a name that cannot be one, and for a schema that is
    /// PostgreSQL's or ours.
    pub fn schema(database: impl Into<String>, schema: impl Into<String>) -> Result<Self, Error> {
        Self::Schema { database: database.into(), schema: schema.into() }.checked()
    }

    /// In this database, alone.
    ///
    /// # Errors
    /// As [`shared`](Self::shared).
    pub fn database(database: impl Into<String>) -> Result<Self, Error> {
        Self::Database { database: database.into() }.checked()
    }

    /// The database's name.
    pub fn database_name(&self) -> &str {
        match self {
            Self::Shared { database }
            | Self::Schema { database, .. }
            | Self::Database { database } => database,
        }
    }

    /// The tenant's own schema, if it has one.
    pub fn schema_name(&self) -> Option<&str> {
        match self {
            Self::Schema { schema, .. } => Some(schema),
            Self::Shared { .. } | Self::Database { .. } => None,
        }
    }

    /// `shared`, `schema` or `database`, as the registry's table has it.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Shared { .. } => "shared",
            Self::Schema { .. } => "schema",
            Self::Database { .. } => "database",
        }
    }

    /// The same from the registry's table, where what is not there is as it was before there were
    /// placements.
    pub(crate) fn read(
        kind: Option<&str>,
        database: Option<String>,
        schema: Option<String>,
    ) -> Result<Self, Error> {
        let database = database.unwrap_or_else(|| Self::MAIN.to_owned());
        match (kind, schema) {
            (None | Some("shared"), None) => Self::shared(database),
            (Some("schema"), Some(schema)) => Self::schema(database, schema),
            (Some("database"), None) => Self::database(database),
            (kind, schema) => {
                let kind = kind.unwrap_or("shared");
                let with = if schema.is_some() { "a" } else { "no" };
                let why =
                    format!("it is `{kind}` and has {with} schema, which does not go together");
                Err(Error::InvalidPlacement { why })
            }
        }
    }

    /// Whether a session of the database `here` finds the tenant's rows in the tables of this layout:
    /// what export, import and erasure ask before they believe that there are none.
    pub(crate) fn is_found(
        &self,
        here: &str,
        tenant: &TenantId,
        layout: Option<&Layout>,
    ) -> Result<(), Error> {
        if self.database_name() != here {
            let (tenant, placement) = (tenant.clone(), self.clone());
            return Err(Error::Elsewhere { tenant, placement, here: here.to_owned() });
        }
        let home = layout.map_or("public", Layout::home);
        match self.schema_name() {
            Some(schema) if schema != home => {
                let why = format!(
                    "tenant {tenant} lives in {self}, and this looks for its rows in `{home}`; \
                     give it the layout `layout.tenant_schema({schema:?})`"
                );
                Err(Error::InvalidPlacement { why })
            }
            _ => Ok(()),
        }
    }

    fn checked(self) -> Result<Self, Error> {
        self.check().map(|()| self)
    }

    /// Whether there can be such a place. Whoever makes the variants by hand is asked again before
    /// anything is opened.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let wrong = |what: &str, name: &str, why: &str| {
            let why = format!("{what} `{}`: {why}", name.escape_debug());
            Err(Error::InvalidPlacement { why })
        };
        for (what, name) in
            [("the database", Some(self.database_name())), ("the schema", self.schema_name())]
        {
            let Some(name) = name else { continue };
            if let Err(Error::InvalidIdentifier { why, .. }) = check_ident(name) {
                return wrong(what, name, why);
            }
        }
        match self.schema_name() {
            // `$user` stands for another schema in a path, even in quotes.
            Some("$user") => wrong("the schema", "$user", "PostgreSQL reads it as the role's name"),
            Some(name) if name.starts_with("pg_") || name == "information_schema" => {
                wrong("the schema", name, "it is PostgreSQL's own; give the tenant another one")
            }
            Some("tenancy") => wrong(
                "the schema",
                "tenancy",
                "the isolation lives there; give the tenant another one",
            ),
            _ => Ok(()),
        }
    }
}

impl Default for Placement {
    /// In the shared tables of [`MAIN`](Self::MAIN).
    fn default() -> Self {
        Self::Shared { database: Self::MAIN.to_owned() }
    }
}

impl fmt::Display for Placement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Shared { database } => {
                write!(f, "the shared tables of the database `{database}`")
            }
            Self::Schema { database, schema } => {
                write!(f, "the schema `{schema}` of the database `{database}`")
            }
            Self::Database { database } => write!(f, "the database `{database}` of its own"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn schemas_of_postgres_and_of_ours_are_refused() {
        for name in ["", "pg_catalog", "pg_temp", "information_schema", "tenancy", "$user", "a\0b"]
        {
            let refused = Placement::schema("main", name);
            assert!(matches!(refused, Err(Error::InvalidPlacement { .. })), "{name:?}");
        }
        assert!(Placement::shared("").is_err());
        assert!(Placement::database("x".repeat(64)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(name in r#"(["'\\.$ ]|\PC){0,20}"#, kind in 0..3) {
            let placement = match kind {
                0 => Placement::shared(name.clone()),
                1 => Placement::schema(name.clone(), name.clone()),
                _ => Placement::database(name.clone()),
            };
            if let Ok(placement) = placement {
                let schema = placement.schema_name().map(str::to_owned);
                let read = Placement::read(Some(placement.kind()), Some(name), schema).unwrap();
                prop_assert_eq!(&read, &placement);
                let json = serde_json::to_string(&placement).unwrap();
                prop_assert_eq!(serde_json::from_str::<Placement>(&json).unwrap(), placement);
            }
        }
    }
}
