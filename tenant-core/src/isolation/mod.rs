//! What a tenancy needs in the database, as SQL that can be reviewed.

mod audit;
mod backfill;
mod citus;
mod current_tenant;
mod database;
mod diff;
mod down;
mod export;
mod facts;
pub(crate) mod guard;
mod hash;
mod keys;
mod leakproof;
mod ledger;
mod migration;
mod move_changes;
mod moves;
mod namespaces;
mod notify;
mod options;
mod own_schema;
mod parts;
mod plan;
mod policies;
mod quotas;
mod relations;
mod roles;
mod schema;
mod script;
mod seal;
mod search;
mod search_by;
mod source;
mod table;
mod template;
mod tenants;
mod views;

pub use backfill::Backfill;
pub use diff::Difference;
pub use leakproof::{Leakproof, OperatorFunction};
pub use migration::Migration;
#[cfg(feature = "export")]
pub(crate) use moves::{ERASER, MOVER, UNCOUNTED};
#[cfg(feature = "cache")]
pub(crate) use notify::CHANNEL;
use options::Options;
pub(crate) use own_schema::PART as OWN_SCHEMA;
pub use plan::{How, Phase, Plan, Step};
pub(crate) use quotas::recount;
pub(crate) use roles::{drop_schema_role, rename_schema_role};
pub use search::Search;
pub use search_by::SearchBy;
pub(crate) use template::fill;
pub(crate) use tenants::{DATABASE_TAKEN, NO_DATABASE, OTHER_REGION, SCHEMA_TAKEN};

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
/// assert!(isolation.up().contains("FORCE ROW LEVEL SECURITY"));
/// # Ok::<(), tenant_core::Error>(())
/// ```
///
/// # Authority
/// It wants a login that may create roles and owns the tables: a superuser, or the migration role
/// with `CREATEROLE`. The login roles it makes have no password; give them one, or another way in,
/// as your `pg_hba.conf` demands.
#[derive(Debug, Clone)]
pub struct Isolation {
    /// With every table in its schema.
    tenancy: Tenancy,
    /// As it was declared.
    declared: Tenancy,
    layout: Layout,
    options: Options,
    backfills: Vec<(TableName, Backfill)>,
    counted: Vec<TableName>,
    leakproof: Vec<Leakproof>,
    searches: Vec<Search>,
}

impl Isolation {
    /// What this tenancy needs under these names.
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] when the declaration cannot hold, or the layout says Citus and
    /// something that Citus cannot do.
    pub fn new(tenancy: &Tenancy, layout: &Layout) -> Result<Self, Error> {
        layout.check(false)?;
        let declared = tenancy.clone();
        let tenancy = tenancy.qualified(layout);
        tenancy.check()?;
        let set = matches!(layout.source(), crate::TenantSource::Setting);
        if layout.binding_kind().is_sealed() && !set {
            let why = "a sealed context says itself which tenant it is for: leave the layout's \
                       source out, or its seal";
            return Err(Error::InvalidTenancy { why: why.to_owned() });
        }
        let layout = layout.clone();
        Ok(Self {
            tenancy,
            declared,
            layout,
            options: Options::default(),
            backfills: Vec::new(),
            counted: Vec::new(),
            leakproof: Vec::new(),
            searches: Vec::new(),
        })
    }

    /// The SQL that installs it: one transaction, to be run by whoever owns the tables.
    pub fn up(&self) -> String {
        let mut parts =
            vec![self.head("installs tenant isolation; running it again changes nothing")];
        parts.extend(parts::parts(self).iter().map(parts::Part::noted));
        parts.push("COMMIT;\n".to_owned());
        parts.join("\n")
    }

    /// The SQL that takes it away again and gives back what `up` found, as far as it is in
    /// `tenancy.ledger`: a tenant column that `up` added goes with what it held. It refuses to run
    /// while the registry still has tenants.
    pub fn down(&self) -> String {
        let mut parts =
            vec![self.head("takes tenant isolation away and gives back what was there")];
        parts.extend(down::down(&self.layout, &self.tenancy));
        parts.push("COMMIT;\n".to_owned());
        parts.join("\n")
    }

    /// What is still missing in this database, as steps that an application can go on beside: for
    /// tables that have rows. Nothing is changed.
    ///
    /// ```no_run
    /// # use tenant_core::{Error, Isolation, SqlSession};
    /// # async fn install(isolation: &Isolation, session: &dyn SqlSession) -> Result<(), Error> {
    /// let plan = isolation.plan(session).await?;
    /// println!("{plan}"); // to be read
    /// plan.run(session).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`Error::Plan`] when it cannot be told whose the rows of a table are, or a declared table is
    /// missing; [`Error::Session`] with what the database said.
    pub async fn plan<S: SqlSession + ?Sized>(&self, session: &S) -> Result<Plan, Error> {
        plan::plan(self, session).await
    }

    /// Makes a [`plan`](Self::plan) and runs it, with nobody else installing in between. Where no
    /// tenant table has rows, it is [`up`](Self::up), as a whole or not at all.
    ///
    /// Dropping the future leaves what was done until then; the next call goes on from there.
    ///
    /// # Errors
    /// Those of [`plan`](Self::plan), and [`Error::Step`] with the step that failed; those before it
    /// are done, and stay.
    pub async fn apply<S: SqlSession + ?Sized>(&self, session: &S) -> Result<(), Error> {
        plan::apply(self, session).await
    }

    /// Runs [`down`](Self::down). Dropping the future leaves the database as it was or as it will
    /// be.
    ///
    /// # Errors
    /// [`Error::Session`] with what the database said; then nothing was changed.
    pub async fn revert<S: SqlSession + ?Sized>(&self, session: &S) -> Result<(), Error> {
        Ok(session.batch(&self.down()).await?)
    }

    /// What somebody has changed since it was installed: a policy dropped, altered or added, row
    /// security switched off, a default, a grant, an owner, a function of the schema `tenancy`, a
    /// role, a partition that came later, a declared table that is not there. Nothing right after
    /// [`up`](Self::up).
    ///
    /// ```
    /// # use tenant_core::{Error, Isolation, SqlSession};
    /// # async fn check(isolation: &Isolation, session: &dyn SqlSession) -> Result<(), Error> {
    /// for difference in isolation.diff(session).await? {
    ///     eprintln!("{difference}");
    /// }
    /// # Ok(()) }
    /// ```
    ///
    /// # Authority
    /// It reads `tenancy.installed`, which the owner's login may, and a superuser.
    ///
    /// # Errors
    /// [`Error::Session`] with what the database said.
    pub async fn diff<S: SqlSession + ?Sized>(
        &self,
        session: &S,
    ) -> Result<Vec<Difference>, Error> {
        let session = session.dedicated().await?;
        session.batch("BEGIN READ ONLY; SET LOCAL search_path = pg_catalog, pg_temp").await?;
        diff::diff(self, &*session).await
    }

    /// The tables whose rows are counted.
    fn counted(&self) -> Vec<TenantTable> {
        let tables = self.tenancy.tenant_tables().iter();
        tables.filter(|table| self.counted.contains(table.table())).cloned().collect()
    }

    /// Whether a search function reads this table.
    fn is_searched(&self, table: &TableName) -> bool {
        self.searches.iter().any(|search| search.table() == table)
    }

    pub(crate) fn layout(&self) -> &Layout {
        &self.layout
    }

    /// As it was declared.
    pub(crate) fn declaration(&self) -> &Tenancy {
        &self.declared
    }

    /// With every table in its schema.
    pub(crate) fn tenancy(&self) -> &Tenancy {
        &self.tenancy
    }

    /// Whose a table's rows are, where it was said.
    pub(crate) fn backfill_of(&self, table: &TableName) -> Option<&Backfill> {
        self.backfills.iter().find(|(name, _)| name == table).map(|(_, how)| how)
    }

    /// The application's schemas: the layout's and the tables' own.
    pub(crate) fn schemas(&self) -> BTreeSet<&str> {
        let tables = self.tenancy.tenant_tables().iter().map(TenantTable::table);
        tables
            .chain(self.tenancy.shared_tables())
            .filter_map(TableName::schema)
            .chain(self.layout.schema_names().iter().map(String::as_str))
            .collect()
    }

    /// The same as an array in SQL.
    fn schema_list(&self) -> String {
        template::names(self.schemas())
    }
}
