use crate::{Backfill, Error, Isolation, Layout, TableName, Tenancy, TenantKey};

/// Why an adoption cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptError {
    /// No table, or more than one, looks like that of the tenants.
    #[error("it cannot be told which table has a row per tenant: {}", list(.candidates))]
    WhichTenants {
        /// Those that it could be, the likeliest first.
        candidates: Vec<Candidate>,
    },
    /// An answer that the database does not bear out.
    #[error("{why}")]
    Answer {
        /// What is wrong with it, and what to write instead.
        why: String,
    },
    /// The table of tenants is no such table.
    #[error("{why}")]
    Tenants {
        /// What is wrong with it, and what to do.
        why: String,
    },
    /// Tables of which it is not known whose their rows are.
    #[error("it is not known whose the rows of {tables} are: answer for each of them")]
    Unsure {
        /// Their names.
        tables: String,
    },
    /// The isolation is installed here.
    #[error(
        "the isolation is installed in this database, so there is nothing to adopt: change tenant.toml, then \
         `tenant plan`; or take it away first, with Isolation::down"
    )]
    Installed,
    /// A table cannot be watched, or nothing is.
    #[error("{why}")]
    Watch {
        /// What is in the way, and what to do.
        why: String,
    },
    /// What core said, mostly of the database.
    #[error(transparent)]
    Core(#[from] Error),
}

fn list(candidates: &[Candidate]) -> String {
    if candidates.is_empty() {
        return "no table is referenced by another one".to_owned();
    }
    let one = |c: &Candidate| format!("{} ({} tables hang on it)", c.table, c.hanging);
    format!("it could be {}", candidates.iter().map(one).collect::<Vec<_>>().join(", "))
}

/// A table that could have a row per tenant.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Candidate {
    /// The table.
    pub table: TableName,
    /// How many tables hang on it by foreign keys that are `NOT NULL`.
    pub hanging: usize,
}

/// Whose a table's rows are.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Whose {
    /// Tenants'.
    Tenants {
        /// The tenant column.
        column: String,
        /// How the rows that are there get it; `None` where the column is there and filled.
        backfill: Option<Backfill>,
    },
    /// Everybody's.
    Shared,
    /// Nobody's that an application works for: a migration tool's own table, or left out by an answer.
    LeftOut,
    /// It cannot be told.
    Unsure,
}

/// A table, and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AdoptedTable {
    pub(super) name: TableName,
    pub(super) whose: Whose,
    pub(super) why: String,
    pub(super) remarks: Vec<String>,
}

impl AdoptedTable {
    /// Its name, with its schema where that is not the first one.
    pub fn name(&self) -> &TableName {
        &self.name
    }

    /// Whose its rows are.
    pub fn whose(&self) -> &Whose {
        &self.whose
    }

    /// Why that is so, or what speaks for and against it.
    pub fn why(&self) -> &str {
        &self.why
    }

    /// What has to be done before its walls can go up, such as rows that point at another tenant's.
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }
}

/// An existing database, told apart. Made by [`Adopt::read`](crate::Adopt::read).
#[derive(Debug, Clone)]
pub struct Adoption {
    pub(super) tenants: TableName,
    pub(super) key: TenantKey,
    pub(super) tables: Vec<AdoptedTable>,
    pub(super) registry: String,
}

impl Adoption {
    /// The table that has a row per tenant.
    pub fn tenants_table(&self) -> &TableName {
        &self.tenants
    }

    /// What a tenant's id is.
    pub fn key(&self) -> TenantKey {
        self.key
    }

    /// All tables, by name.
    pub fn tables(&self) -> &[AdoptedTable] {
        &self.tables
    }

    /// Those that have to be answered for.
    pub fn unsure(&self) -> impl Iterator<Item = &AdoptedTable> {
        self.tables.iter().filter(|table| table.whose == Whose::Unsure)
    }

    /// The declaration.
    ///
    /// # Errors
    /// [`AdoptError::Unsure`] while a table is.
    pub fn tenancy(&self) -> Result<Tenancy, AdoptError> {
        let unsure: Vec<String> = self.unsure().map(|table| table.name.to_string()).collect();
        if !unsure.is_empty() {
            return Err(AdoptError::Unsure { tables: unsure.join(", ") });
        }
        let mut tenancy = Tenancy::new(self.key);
        for table in &self.tables {
            let name = Ok(table.name.clone());
            tenancy = match &table.whose {
                Whose::Tenants { column, .. } => tenancy.tenant_table(name, Some(column)),
                Whose::Shared => tenancy.shared_table(name),
                Whose::LeftOut | Whose::Unsure => tenancy,
            };
        }
        Ok(tenancy)
    }

    /// What the declaration needs in the database, with whose the rows are that are there.
    ///
    /// # Errors
    /// [`AdoptError::Unsure`] while a table is; [`AdoptError::Core`] when the declaration cannot hold.
    pub fn isolation(&self, layout: &Layout) -> Result<Isolation, AdoptError> {
        let mut isolation = Isolation::new(&self.tenancy()?, layout)?;
        for table in &self.tables {
            if let Whose::Tenants { backfill: Some(backfill), .. } = &table.whose {
                isolation = isolation.backfill(table.name.clone(), backfill.clone())?;
            }
        }
        Ok(isolation)
    }

    /// Enters a tenant in `tenancy.tenants` for each row of the table of tenants; again, and it enters
    /// those that are missing. To be run after the isolation was installed.
    pub fn registry(&self) -> &str {
        &self.registry
    }
}
