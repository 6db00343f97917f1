//! What a tenancy needs in the database, as SQL that can be reviewed.

mod database;
mod down;
mod ledger;
mod roles;
mod schema;
mod seal;
mod table;

use std::collections::BTreeSet;

use crate::{Error, Layout, SqlSession, TableName, Tenancy, TenantTable};

/// What a [`Tenancy`] needs in the database: the schema `tenancy`, roles, and for every tenant
/// table its column, default, index, row security, policies and grants.
///
/// It is text first ([`up`](Self::up), [`down`](Self::down)), to be read, reviewed and put into a
/// migration; [`apply`](Self::apply) runs it. Running it again changes nothing. What it found is
/// written to `tenancy.ledger`, so that `down` gives back what was there. A table whose declaration
/// names no schema is taken to be in the layout's first one.
///
/// ```
/// use tenant_core::{Isolation, Layout, TableName, Tenancy, TenantKey};
///
/// let tenancy = Tenancy::new(TenantKey::Uuid).tenant_table(TableName::new("invoice"), None);
/// let isolation = Isolation::new(&tenancy, &Layout::new("shop")?)?;
/// assert!(isolation.up().contains(r#"ALTER TABLE "public"."invoice" FORCE ROW LEVEL SECURITY;"#));
/// # Ok::<(), tenant_core::Error>(())
/// ```
///
/// # Authority
/// It wants a login that may create roles and owns the tables: a superuser, or the migration role
/// with `CREATEROLE`. The login roles it makes have no password; give them one, or another way in,
/// as your `pg_hba.conf` demands.
#[derive(Debug, Clone)]
pub struct Isolation {
    tenancy: Tenancy,
    layout: Layout,
}

impl Isolation {
    /// What this tenancy needs under these names.
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] when the declaration cannot hold.
    pub fn new(tenancy: &Tenancy, layout: &Layout) -> Result<Self, Error> {
        let home = layout.schema_names().first().map_or("public", String::as_str);
        let tenancy = tenancy.qualified(home);
        tenancy.check()?;
        Ok(Self { tenancy, layout: layout.clone() })
    }

    /// The SQL that installs it: one transaction, to be run by whoever owns the tables.
    pub fn up(&self) -> String {
        let mut parts =
            vec![Self::head("installs tenant isolation; running it again changes nothing")];
        parts.extend(schema::up(&self.layout, self.tenancy.key()));
        parts.extend(roles::up(self.layout.roles()));
        parts.extend(database::up(&self.layout, &self.schemas()));
        parts.extend(schema::grants(&self.layout));
        for table in self.tenancy.tenant_tables() {
            parts.extend(table::tenant_up(&self.layout, self.tenancy.key(), table));
        }
        for table in self.tenancy.shared_tables() {
            parts.extend(table::shared_up(&self.layout, table));
        }
        parts.push("COMMIT;\n".to_owned());
        parts.join("\n")
    }

    /// The SQL that takes it away again and gives back what `up` found, as far as it is in
    /// `tenancy.ledger`: a tenant column that `up` added goes with what it held. It refuses to run
    /// while the registry still has tenants.
    pub fn down(&self) -> String {
        let mut parts =
            vec![Self::head("takes tenant isolation away and gives back what was there")];
        parts.extend(down::down(&self.layout, &self.tenancy));
        parts.push("COMMIT;\n".to_owned());
        parts.join("\n")
    }

    /// Runs [`up`](Self::up). Dropping the future leaves the database as it was or as it will be.
    ///
    /// # Errors
    /// [`Error::Session`] with what the database said; then nothing was changed.
    pub async fn apply<S: SqlSession + ?Sized>(&self, session: &S) -> Result<(), Error> {
        Ok(session.batch(&self.up()).await?)
    }

    /// Runs [`down`](Self::down). Dropping the future leaves the database as it was or as it will
    /// be.
    ///
    /// # Errors
    /// [`Error::Session`] with what the database said; then nothing was changed.
    pub async fn revert<S: SqlSession + ?Sized>(&self, session: &S) -> Result<(), Error> {
        Ok(session.batch(&self.down()).await?)
    }

    /// One installation at a time. No schema but PostgreSQL's own is searched: where everybody may
    /// create, somebody's function would run with the installer's rights.
    fn head(what: &str) -> String {
        format!(
            "-- This {what}.\nBEGIN;\n\
             SET LOCAL client_min_messages = warning;\n\
             SET LOCAL search_path = pg_catalog, pg_temp;\n\
             SELECT pg_advisory_xact_lock(hashtextextended('tenancy', 0));\n"
        )
    }

    /// The application's schemas: the layout's and the tables' own.
    fn schemas(&self) -> BTreeSet<&str> {
        let tables = self.tenancy.tenant_tables().iter().map(TenantTable::table);
        tables
            .chain(self.tenancy.shared_tables())
            .filter_map(TableName::schema)
            .chain(self.layout.schema_names().iter().map(String::as_str))
            .collect()
    }
}
