use std::sync::Arc;

use tenant_core::{Isolation, SqlSession, quote_ident};

use crate::{
    Error, Proxy, TestServer, TestSession, background, credentials::Credentials,
    drop_database::drop_database, external_server, template,
};

/// A database of its own for one test. Dropping the value drops the database, whoever is still
/// connected to it, and the roles whose names begin with its name and an underscore, which are the
/// ones that [`Layout`](tenant_core::Layout) makes by default.
///
/// ```
/// # async fn f() -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_core::SqlSession;
/// use tenant_testkit::TestDatabase;
///
/// let db = TestDatabase::create().await?;
/// db.session().batch("CREATE TABLE note (body text)").await?;
/// db.session().rows("INSERT INTO note VALUES ($1) RETURNING body", &["hello"]).await?;
/// # Ok(()) }
/// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(f()).unwrap();
/// ```
#[derive(Debug)]
pub struct TestDatabase {
    server: &'static TestServer,
    name: String,
    session: TestSession,
    credentials: Arc<Credentials>,
}

impl TestDatabase {
    /// A new, empty database; starts the server where that has not happened.
    ///
    /// # Errors
    /// What [`TestServer::shared`] says; what the server says.
    ///
    /// Dropping the future leaves nothing behind that the end of this process does not clear.
    pub async fn create() -> Result<Self, Error> {
        // Not `template1`, to which somebody may be connected.
        Self::clone_of("template0").await
    }

    /// [`create`](Self::create) for tests that cannot await; the thread waits.
    pub fn create_blocking() -> Result<Self, Error> {
        background::run_blocking(Self::create())
    }

    /// A copy of a database that `init` has set up. `init` runs once per process and `name`, on a
    /// database of its own; each call then gets a copy of that, which takes a fraction of the time.
    ///
    /// Roles are not copied. What is to carry roles named after the test's own database belongs
    /// into the test: [`install`](Self::install) on the copy.
    ///
    /// ```
    /// # async fn f() -> Result<(), tenant_testkit::Error> {
    /// use tenant_core::SqlSession;
    /// use tenant_testkit::TestDatabase;
    ///
    /// let db = TestDatabase::from_template("notes", async |template| {
    ///     template.session().batch("CREATE TABLE note (body text)").await?;
    ///     Ok(())
    /// })
    /// .await?;
    /// # let _ = db; Ok(()) }
    /// # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(f()).unwrap();
    /// ```
    ///
    /// # Errors
    /// What `init` says ([`Error::setup`] is for errors of your own), after which the next call
    /// tries it again; else as for [`create`](Self::create).
    pub async fn from_template(
        name: &str,
        init: impl AsyncFnOnce(&TestDatabase) -> Result<(), Error>,
    ) -> Result<Self, Error> {
        let template = template::prepared(name, init).await?;
        Self::clone_of(&template).await
    }

    async fn clone_of(template: &str) -> Result<Self, Error> {
        let template = template.to_owned();
        // In the background, so that a dropped future does not leave a nameless database.
        background::run(async move {
            let server = TestServer::shared().await?;
            let name = server.next_name();
            let sql = format!(
                "CREATE DATABASE {} TEMPLATE {}",
                quote_ident(&name)?,
                quote_ident(&template)?
            );
            server.admin().batch(&sql).await?;
            let session = server.session(&name);
            let database = Self {
                server,
                credentials: Arc::new(Credentials::new(server, session.clone())),
                session,
                name,
            };
            if !server.is_trusting() {
                let mark = external_server::mark(&database.name)?;
                server.admin().batch(&mark).await?;
            }
            Ok(database)
        })
        .await
    }

    /// Its name: short, lower case, different from all others.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The server that it lies on.
    pub fn server(&self) -> &'static TestServer {
        self.server
    }

    /// A superuser's session in it.
    pub fn session(&self) -> &TestSession {
        &self.session
    }

    /// A session with this role's login.
    ///
    /// # Errors
    /// The first statement says what the server says of the login.
    pub fn session_as(&self, role: &str) -> TestSession {
        let password = self.credentials.unless_trusted(role);
        self.server.session_as(&self.name, role, password.as_deref())
    }

    /// Where the superuser connects. No wall holds a superuser: for preparing and looking only.
    pub fn superuser_url(&self) -> String {
        self.url(self.server.superuser())
    }

    /// Where a role connects: the socket, which asks for no password.
    ///
    /// On an external server there may be no such way, so there the role is given a random
    /// password; a role that does not exist yet gets it from [`install`](Self::install).
    pub fn url(&self, role: &str) -> String {
        let password = self.credentials.unless_trusted(role);
        self.server.url(&self.name, role, password.as_deref())
    }

    /// Where a role connects over TCP on the loopback interface, with a random password, which the
    /// role is given. The same for each call.
    ///
    /// # Errors
    /// When there is no such role.
    pub async fn tcp_url(&self, role: &str) -> Result<String, Error> {
        let password = self.credentials.for_loopback(role).await?;
        Ok(self.server.tcp_url(&self.name, role, password.as_deref()))
    }

    /// Installs the isolation, one database at a time, since roles belong to the whole server.
    ///
    /// # Errors
    /// What the server says; then nothing was changed.
    ///
    /// Dropping the future does not stop it.
    pub async fn install(&self, isolation: &Isolation) -> Result<(), Error> {
        let server = self.server;
        let session = self.session.clone();
        let isolation = isolation.clone();
        let credentials = Arc::clone(&self.credentials);
        background::run(async move {
            let _lock = server.roles_lock().await?;
            isolation.apply(&session).await?;
            credentials.give().await
        })
        .await
    }

    /// A relay in front of the server, for counting round trips and for breaking connections.
    ///
    /// # Errors
    /// When no port can be opened.
    pub async fn proxy(&self) -> Result<Proxy, Error> {
        let (server, name) = (self.server, self.name.clone());
        let credentials = Arc::clone(&self.credentials);
        background::run(async move { Proxy::start(server, name, credentials) }).await
    }

    /// [`proxy`](Self::proxy) for tests that cannot await.
    pub fn proxy_blocking(&self) -> Result<Proxy, Error> {
        let (server, name) = (self.server, self.name.clone());
        let credentials = Arc::clone(&self.credentials);
        background::run_blocking(async move { Proxy::start(server, name, credentials) })
    }

    /// Drops the database now, and says what went wrong, which `Drop` cannot.
    ///
    /// # Errors
    /// What the server says.
    pub async fn close(mut self) -> Result<(), Error> {
        // Nothing is left for `Drop`.
        let name = std::mem::take(&mut self.name);
        background::run(drop_database(self.server, name)).await
    }

    /// Keeps it until the process ends: it is a template now.
    pub(crate) fn keep(mut self) -> String {
        std::mem::take(&mut self.name)
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        let name = std::mem::take(&mut self.name);
        if name.is_empty() {
            return;
        }
        let dropped = background::run_blocking(drop_database(self.server, name));
        if let Err(why) = dropped {
            tracing::warn!(%why, "a test's database could not be dropped");
        }
    }
}
