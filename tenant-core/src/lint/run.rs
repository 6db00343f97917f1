use super::{
    Rule, rules,
    statement::{SETTINGS, with_comments},
    suppression::{Comment, Suppression, Suppressions},
};
use crate::{
    Error, Finding, JsonRow, Layout, Report, SessionError, SqlSession, Suppressed, Tenancy,
    seal::ACTIVITY_BYTES,
};

/// Reads the database's catalogue and reports what is wrong with the isolation of this tenancy,
/// with the default layout: role names that begin with the database's name. [`Lint`] takes another
/// layout, and reasons for what may stay.
///
/// ```
/// # use tenant_core::{Error, Report, Severity, SqlSession, Tenancy};
/// # async fn f(session: &dyn SqlSession, tenancy: &Tenancy) -> Result<(), Error> {
/// let report = tenant_core::lint(session, tenancy).await?;
/// assert_eq!(report.at_least(Severity::Warning).count(), 0, "{report}");
/// # Ok(()) }
/// ```
///
/// # Errors
/// As [`Lint::run`].
pub async fn lint<S: SqlSession + ?Sized>(session: &S, tenancy: &Tenancy) -> Result<Report, Error> {
    Lint::new(tenancy).run(session).await
}

/// A lint with its choices: [`lint`](lint()) without any.
///
/// ```
/// # use tenant_core::{Error, Layout, SqlSession, Tenancy};
/// # async fn f(session: &dyn SqlSession, tenancy: &Tenancy) -> Result<(), Error> {
/// use tenant_core::Lint;
///
/// let report = Lint::new(tenancy)
///     .layout(&Layout::new("shop")?)
///     .suppress("TEN131", "table public.plans", "tenants enter their own plans, ticket 4711")
///     .run(session)
///     .await?;
/// # Ok(()) }
/// ```
///
/// The same can be said where the object is made, with a comment on it:
///
/// ```sql
/// COMMENT ON TABLE plans IS 'tenancy: allow TEN131 because tenants enter their own plans';
/// ```
///
/// A comment may say so in several lines, and other things in others. Without a reason it does not
/// count. What is suppressed stays in the report, with its reason.
#[derive(Debug, Clone)]
pub struct Lint {
    tenancy: Tenancy,
    layout: Option<Layout>,
    server: Option<u32>,
    padding: usize,
    suppressions: Vec<Suppression>,
}

impl Lint {
    /// A lint of this tenancy with the default layout.
    pub fn new(tenancy: &Tenancy) -> Self {
        Self {
            tenancy: tenancy.clone(),
            layout: None,
            server: None,
            padding: ACTIVITY_BYTES,
            suppressions: Vec::new(),
        }
    }

    /// The rules, by code: for documents and tools that explain them.
    pub fn rules() -> &'static [Rule] {
        &rules::ALL
    }

    /// The names that the application and its database agree on. Without them, the roles are taken
    /// to be named after the database.
    pub fn layout(mut self, layout: &Layout) -> Self {
        self.layout = Some(layout.clone());
        self
    }

    /// Answers a finding: it may stay, for this reason. `object` is what the finding says it was
    /// found on, to the letter. A suppression that matches nothing is itself reported.
    pub fn suppress(
        mut self,
        code: impl Into<String>,
        object: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        self.suppressions.push(Suppression {
            code: code.into(),
            object: object.into(),
            reason: reason.into(),
        });
        self
    }

    /// Judges as if the server were of this version (`server_version_num`: `150008` is 15.8), for
    /// instance that of the standby, or of production.
    pub fn server_version(mut self, version: u32) -> Self {
        self.server = Some(version);
        self
    }

    /// Judges as if the pool's seal had this padding, instead of the default
    /// ([`Seal::padding`](crate::Seal::padding)).
    pub fn seal_padding(mut self, bytes: usize) -> Self {
        self.padding = bytes;
        self
    }

    /// Reads the catalogue. It writes nothing, takes any login, and sends the same few statements
    /// however many tables there are, on a connection of its own
    /// ([`SqlSession::dedicated`]): all of it sees one state of the database.
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] when the declaration cannot hold, [`Error::InvalidSuppression`]
    /// when one has no reason, [`Error::InvalidIdentifier`] when the database's name is too long to
    /// name roles after, [`Error::Unread`] with what the database said.
    pub async fn run<S: SqlSession + ?Sized>(&self, session: &S) -> Result<Report, Error> {
        self.tenancy.check()?;
        for suppression in &self.suppressions {
            suppression.check()?;
        }
        let session = session.dedicated().await.map_err(unread)?;
        let begin = format!("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; {SETTINGS}");
        session.batch(&begin).await.map_err(unread)?;
        let report = self.read(&*session).await;
        // The connection is closed in either case; what it read does not depend on this.
        let ended = session.batch("ROLLBACK").await.map_err(unread);
        let report = report?;
        ended?;
        Ok(report)
    }

    async fn read(&self, session: &dyn SqlSession) -> Result<Report, Error> {
        let layout = match &self.layout {
            Some(layout) => layout.clone(),
            None => default_layout(session).await?,
        };
        let tenancy = self.tenancy.qualified(&layout);
        tenancy.check()?;
        let sql = with_comments(&tenancy, &layout, self.server, self.padding, Self::rules().iter());
        let rows = session.rows(&sql, &[]).await.map_err(unread)?;
        let mut suppressions = Suppressions::new(&self.suppressions);
        let mut found = Vec::new();
        for row in &rows {
            let (class, object) = (number(row, "classid"), number(row, "objid"));
            match text(row, "code").and_then(|code| rules::by_code(&code)) {
                Some(rule) => found.push((class, object, finding(rule, row))),
                None => suppressions.comment(&Comment {
                    class,
                    object,
                    label: text(row, "object").unwrap_or_default(),
                    text: text(row, "found").unwrap_or_default(),
                }),
            }
        }
        let mut report = Report::default();
        for (class, object, finding) in found {
            match suppressions.reason(class, object, &finding) {
                Some(reason) => report.suppressed.push(Suppressed { finding, reason }),
                None => report.findings.push(finding),
            }
        }
        report.findings.extend(suppressions.rest());
        Ok(report.sorted())
    }
}

fn unread(source: SessionError) -> Error {
    Error::Unread { source }
}

async fn default_layout(session: &dyn SqlSession) -> Result<Layout, Error> {
    let rows = session.rows("SELECT current_database()::text AS name", &[]).await;
    let rows = rows.map_err(unread)?;
    Layout::new(&rows.first().and_then(|row| text(row, "name")).unwrap_or_default())
}

fn text(row: &JsonRow, column: &str) -> Option<String> {
    row.get(column)?.as_str().map(str::to_owned)
}

/// An oid comes as a number or, from some drivers, as its text.
fn number(row: &JsonRow, column: &str) -> u64 {
    let value = row.get(column);
    value
        .and_then(|v| v.as_u64().or_else(|| v.as_str().and_then(|text| text.parse().ok())))
        .unwrap_or_default()
}

fn finding(rule: &Rule, row: &JsonRow) -> Finding {
    Finding {
        code: rule.code,
        name: rule.name,
        severity: rule.severity,
        object: text(row, "object").unwrap_or_default(),
        found: text(row, "found").unwrap_or_default(),
        why: rule.why,
        mend: text(row, "mend"),
        source: rule.source.into(),
    }
}
