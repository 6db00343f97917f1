use super::{lives::refuse_home, no_spare};
use crate::{
    Error, Placement, SqlSession,
    quote::{check_ident, quoted},
};

/// A database after whose model tenants' own databases are made: PostgreSQL copies its files, so all
/// that is in it is in the new one, rows and walls too.
///
/// ```no_run
/// # async fn f(isolation: &tenant_core::Isolation, server: impl tenant_core::SqlSession,
/// # inside: impl tenant_core::SqlSession) -> Result<(), tenant_core::Error> {
/// use tenant_core::DatabaseTemplate;
///
/// // `server`: a session on another database of the same server, such as `postgres`.
/// DatabaseTemplate::new("shop_template")?.create(&server, "acme").await?;
/// // `inside`: one on the new database. What is granted on a database itself is not copied.
/// isolation.apply(&inside).await?;
/// # Ok(()) }
/// ```
///
/// # Authority
/// It wants a login that may create databases and owns the template, or a superuser. The roles are the
/// whole server's: give [`Layout::new`](crate::Layout::new) a prefix that the databases share.
#[derive(Debug, Clone)]
pub struct DatabaseTemplate {
    name: String,
}

impl DatabaseTemplate {
    /// The database of this name. Nobody may be connected to it while another one is made like it.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`].
    pub fn new(name: impl Into<String>) -> Result<Self, Error> {
        let name = name.into();
        check_ident(&name)?;
        Ok(Self { name })
    }

    /// The template's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a database of this name. Then run [`Isolation::apply`](crate::Isolation::apply) in it: who
    /// may connect is not copied.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`]; [`Error::Session`], as when there is such a database already, or
    /// somebody is connected to the template. Then there is no new one.
    ///
    /// # Cancellation
    /// Dropped, the database may be made all the same.
    pub async fn create<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        database: &str,
    ) -> Result<(), Error> {
        check_ident(database)?;
        let (new, template) = (quoted(database), quoted(&self.name));
        // Nobody gets in before the isolation is applied, but for the owner.
        let sql = format!("CREATE DATABASE {new} TEMPLATE {template} CONNECTION LIMIT 0");
        session.batch(&sql).await?;
        let open = format!(
            "REVOKE ALL ON DATABASE {new} FROM PUBLIC; ALTER DATABASE {new} CONNECTION LIMIT -1"
        );
        Ok(session.batch(&open).await?)
    }

    /// Makes this many databases beforehand. They are called after the template, with a word of their
    /// own; run [`Isolation::apply`](crate::Isolation::apply) in each.
    ///
    /// # Errors
    /// [`Error::InvalidIdentifier`] where a spare's name would be too long; [`Error::Session`]. Those
    /// that were made before stay.
    pub async fn add_spares<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        count: usize,
    ) -> Result<Vec<String>, Error> {
        let mut made = Vec::new();
        for _ in 0..count {
            let sql = "SELECT '_spare_' || pg_catalog.substr(pg_catalog.gen_random_uuid()::text, 1, 8) AS word";
            let rows = session.rows(sql, &[]).await?;
            let word = rows.first().and_then(|row| row.get("word")?.as_str()).unwrap_or_default();
            let name = format!("{}{word}", self.name);
            self.create(session, &name).await?;
            made.push(name);
        }
        Ok(made)
    }

    /// The spares that are left of this template: migrate them with the tenants' databases.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub async fn spares<S: SqlSession + ?Sized>(&self, session: &S) -> Result<Vec<String>, Error> {
        let sql = "SELECT datname::text AS name FROM pg_catalog.pg_database \
                   WHERE starts_with(datname::text, $1::text || '_spare_') ORDER BY 1";
        let rows = session.rows(sql, &[&self.name]).await?;
        let name = |row: crate::JsonRow| Some(row.get("name")?.as_str()?.to_owned());
        Ok(rows.into_iter().filter_map(name).collect())
    }

    /// Gives a spare this name. Of many at once, each gets another one.
    ///
    /// # Errors
    /// [`Error::Template`] where no spare is left; [`Error::Session`], as when there is such a database
    /// already, or somebody is connected to the spare.
    pub async fn take_spare<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        database: &str,
    ) -> Result<(), Error> {
        check_ident(database)?;
        for spare in self.spares(session).await? {
            let sql = format!("ALTER DATABASE {} RENAME TO {}", quoted(&spare), quoted(database));
            match session.batch(&sql).await {
                // Somebody else took it.
                Err(_) if !self.spares(session).await?.contains(&spare) => {}
                done => return Ok(done?),
            }
        }
        Err(no_spare(&self.name))
    }

    /// Drops a tenant's own database, with whatever is in it: export or erase the tenant first.
    /// `registry` is a session on the registry's database.
    ///
    /// # Errors
    /// [`Error::InvalidPlacement`] where the place is not a whole database, or a tenant lives in it;
    /// [`Error::Session`], as when somebody is connected to it.
    ///
    /// # Cancellation
    /// Dropped, the database may go all the same.
    pub async fn drop_database<S, R>(
        &self,
        session: &S,
        registry: &R,
        place: &Placement,
    ) -> Result<(), Error>
    where
        S: SqlSession + ?Sized,
        R: SqlSession + ?Sized,
    {
        let Placement::Database { database } = place else {
            let why = format!("{place} is not a database of one tenant's; name one that is");
            return Err(Error::InvalidPlacement { why });
        };
        check_ident(database)?;
        if *database == self.name || database == Placement::MAIN {
            let why = format!("`{database}` is the template, or the registry's own; it stays");
            return Err(Error::InvalidPlacement { why });
        }
        refuse_home(registry, place).await?;
        Ok(session.batch(&format!("DROP DATABASE {}", quoted(database))).await?)
    }
}
