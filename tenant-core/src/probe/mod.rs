//! The breach probe: attacks a live database as its application would be attacked, and leaves
//! nothing.

mod attempts;
mod fit;
mod judge;
mod kind;
mod live;
mod place;
mod plant;
mod run;
mod schema;
mod shapes;
mod target;
mod template;
mod values;

use std::time::Duration;

use crate::{Error, Layout, Report, SqlSession, Tenancy, TenantId, opening::Opening};

/// Attacks a live database from inside, with the application's own login, and reports what held.
///
/// For every tenant table and two tenants, rows of both are planted, and one tenant attacks the
/// other's, in more than 150 ways, inside of one transaction that is rolled back: a probe that is
/// killed leaves nothing. What would lock, or cannot be rolled back, is judged from the catalogue.
/// `docs/probe.md` lists the attempts.
///
/// ```no_run
/// # async fn f(session: &dyn tenant_core::SqlSession, tenancy: &tenant_core::Tenancy)
/// # -> Result<(), tenant_core::Error> {
/// use tenant_core::{Layout, Probe};
///
/// let report = Probe::new(tenancy).layout(&Layout::new("shop")?).run(session).await?;
/// println!("{report}");
/// assert!(report.is_clean());
/// # Ok(()) }
/// ```
///
/// # Authority
/// The session must be the layout's `…_login`: what another login can or cannot do says nothing of
/// the application. With another one the report is one finding that says so.
#[derive(Debug, Clone)]
pub struct Probe {
    tenancy: Tenancy,
    layout: Option<Layout>,
    opening: Option<Opening>,
    tenants: Option<(TenantId, TenantId)>,
    users: Option<(String, String)>,
    with_triggers: bool,
    lock_timeout: Duration,
    statement_timeout: Duration,
}

impl Probe {
    /// A probe of these tables, with a layout named after the database and two tenants that nobody
    /// is.
    pub fn new(tenancy: &Tenancy) -> Self {
        Self {
            tenancy: tenancy.clone(),
            layout: None,
            opening: None,
            tenants: None,
            users: None,
            with_triggers: false,
            lock_timeout: Duration::from_secs(2),
            statement_timeout: Duration::from_secs(20),
        }
    }

    /// The layout that the application uses.
    pub fn layout(mut self, layout: &Layout) -> Self {
        self.layout = Some(layout.clone());
        self
    }

    /// How the application opens its transactions, where the layout does not say it all.
    pub fn opening(mut self, opening: Opening) -> Self {
        self.opening = Some(opening);
        self
    }

    /// Two tenants to attack with: `a` attacks `b`. Needed where a tenant column references a table
    /// of tenants, so that ids that nobody has are refused. Take two test tenants: their rows are
    /// read, and locked for a moment, but neither changed nor shown.
    pub fn tenants(mut self, a: impl Into<TenantId>, b: impl Into<TenantId>) -> Self {
        self.tenants = Some((a.into(), b.into()));
        self
    }

    /// The users who act for these tenants, a user of `a` and one of `b`. Needed where policies ask a
    /// table of members ([`TenantSource::Members`](crate::TenantSource)): name two test users whom it
    /// knows.
    pub fn users(mut self, a: impl Into<String>, b: impl Into<String>) -> Self {
        self.users = Some((a.into(), b.into()));
        self
    }

    /// Attacks tables with triggers and rules too. They are set off inside of the transaction; one
    /// that calls something outside of the database is not undone by the rollback.
    pub fn with_triggers(mut self) -> Self {
        self.with_triggers = true;
        self
    }

    /// How long an attempt waits for somebody else's lock. The default is two seconds.
    pub fn lock_timeout(mut self, timeout: Duration) -> Self {
        self.lock_timeout = timeout;
        self
    }

    /// How long an attempt may take. The default is twenty seconds.
    pub fn statement_timeout(mut self, timeout: Duration) -> Self {
        self.statement_timeout = timeout;
        self
    }

    /// Runs it on a connection of its own.
    ///
    /// Dropping the future closes that connection, and the server rolls back.
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] when the declaration cannot hold, [`Error::WrongKey`] or
    /// [`Error::InvalidTenantId`] for tenants that do not fit it, [`Error::Session`] when the
    /// connection fails. Whatever an attempt meets is in the report, and no error.
    pub async fn run<S: SqlSession + ?Sized>(&self, session: &S) -> Result<Report, Error> {
        run::run(self, session.dedicated().await?).await
    }
}

/// Probes with the defaults: [`Probe::new`] and [`Probe::run`].
///
/// # Errors
/// As [`Probe::run`].
pub async fn probe<S: SqlSession + ?Sized>(
    session: &S,
    tenancy: &Tenancy,
) -> Result<Report, Error> {
    Probe::new(tenancy).run(session).await
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{attempts, kind::Cases};

    #[test]
    fn there_are_more_than_sixty_kinds_and_no_code_or_name_is_used_twice() {
        let all = attempts::all();
        assert!(all.len() >= 150, "{}", all.len());
        let codes: HashSet<&str> = all.iter().map(|kind| kind.code).collect();
        let names: HashSet<&str> = all.iter().map(|kind| kind.name).collect();
        assert_eq!((codes.len(), names.len()), (all.len(), all.len()));

        for kind in all {
            assert!(kind.code.len() == 6 && kind.code.starts_with("ATK"), "{}", kind.code);
        }
    }

    /// The table in `docs/probe.md`, made from the catalogue. To write it anew:
    /// `TENANT_WRITE_DOCS=1 cargo test -p tenant-core --lib probe`.
    #[test]
    fn the_document_lists_every_attempt_as_it_is() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/probe.md");
        let document = std::fs::read_to_string(path).unwrap();
        let (head, rest) = document.split_once("<!-- attempts -->\n").unwrap();
        let (_, tail) = rest.split_once("<!-- end of attempts -->").unwrap();
        let mut table = String::from(
            "| code | name | what it tries | on | a leak is |\n|---|---|---|---|---|\n",
        );
        let mut all = attempts::all();
        all.sort_by_key(|kind| kind.code);
        for kind in all {
            let on = match kind.cases {
                Cases::Table(_) => "each table",
                Cases::Database(_) => "the database",
            };
            table.push_str(&format!(
                "| {} | `{}` | {} | {on} | {} |\n",
                kind.code, kind.name, kind.tries, kind.severity
            ));
        }
        let wanted = format!("{head}<!-- attempts -->\n{table}<!-- end of attempts -->{tail}");
        if std::env::var_os("TENANT_WRITE_DOCS").is_some() {
            std::fs::write(path, &wanted).unwrap();
        }
        assert!(document == wanted || std::env::var_os("TENANT_WRITE_DOCS").is_some());
    }
}
