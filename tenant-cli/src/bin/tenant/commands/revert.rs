//! `revert`: the way back of `apply`.

use std::fmt;

use tenant_core::SqlSession as _;

use crate::{
    app::{App, text},
    args::Sure,
    exit::{Answer, Failure},
    prompt::sure,
    session::PgSession,
    table::many,
};

pub(super) async fn revert(app: &App, args: &Sure) -> Result<Answer, Failure> {
    let config = app.config()?;
    let session = app.session(&config).await?;
    let database = app.database(&config).await?;
    let isolation = config.isolation(database)?;
    let Some(installed) = Installed::read(session).await? else {
        let nothing = if args.dry_run { "-- " } else { "" };
        return Ok(Answer::done(format!(
            "{nothing}Nothing is installed here, so nothing was done.\n"
        )));
    };
    app.screen.remark(installed.to_string().trim_end());
    if args.dry_run {
        return Ok(Answer::done(isolation.down()));
    }
    if let Some(obstacle) = installed.obstacle() {
        return Err(Failure::refused(format!("{obstacle}; nothing was changed")));
    }
    let what = format!(
        "the isolation goes from {database}: from then on whoever may read its tables reads all tenants' rows"
    );
    sure(app, args.yes, &what, database).await?;
    isolation.revert(session).await?;
    Ok(Answer::done(format!(
        "The isolation is gone from {database}: whoever may read its tables reads all tenants' rows.\n"
    )))
}

/// What is in no other place than the schema `tenancy`, and what one of it is called.
const RECORDS: [(&str, &str); 4] = [
    ("tenancy.audit", "audit record"),
    ("tenancy.quotas", "quota"),
    ("tenancy.seal_keys", "sealing key"),
    ("tenancy.tombstones", "tombstone"),
];

/// What `down` is about to take away.
struct Installed {
    tenants: usize,
    /// Tenants' own, which have walls of their own.
    schemas: Vec<String>,
    walled: usize,
    columns: Vec<String>,
    roles: Vec<String>,
    records: Vec<String>,
}

impl Installed {
    async fn read(session: &PgSession) -> Result<Option<Self>, Failure> {
        if !is_there(session, "tenancy.ledger").await? {
            return Ok(None);
        }
        let schemas = if is_there(session, "tenancy.installed").await? {
            let sql = "SELECT n.nspname::text AS name FROM tenancy.installed AS i \
                       JOIN pg_catalog.pg_namespace AS n ON i.object = 'own schema ' || n.nspname \
                       WHERE i.kind = 'part' ORDER BY 1";
            names(session, sql).await?
        } else {
            Vec::new()
        };
        let columns = "SELECT l.object AS name FROM tenancy.ledger AS l WHERE l.kind = 'column' ORDER BY l.id";
        let roles =
            "SELECT l.object AS name FROM tenancy.ledger AS l WHERE l.kind = 'role' ORDER BY l.id";
        let mut records = Vec::new();
        for (table, what) in RECORDS {
            let count =
                if is_there(session, table).await? { count(session, table).await? } else { 0 };
            if count > 0 {
                records.push(many(count, what));
            }
        }
        let walled = "(SELECT DISTINCT p.polrelid FROM pg_catalog.pg_policy AS p \
                      WHERE starts_with(p.polname::text, 'tenancy_'))";
        Ok(Some(Self {
            tenants: count(session, "tenancy.tenants").await?,
            schemas,
            walled: count(session, walled).await?,
            columns: names(session, columns).await?,
            roles: names(session, roles).await?,
            records,
        }))
    }

    /// What core would refuse for, with what to do about it here.
    fn obstacle(&self) -> Option<String> {
        if !self.schemas.is_empty() {
            return Some(format!(
                "tenants' own schemas hang on the isolation: {}; bring their rows elsewhere (`tenant tenants move`, \
                 `erase`) and drop them first (`tenant schemas drop`)",
                self.schemas.join(", ")
            ));
        }
        let tenants = many(self.tenants, "tenant");
        (self.tenants > 0).then(|| {
            format!(
                "the registry has {tenants}, which nothing else remembers: keep what `tenant tenants list --format json` \
                 shows, then empty it, as the owner or a superuser: DELETE FROM tenancy.tenants"
            )
        })
    }
}

impl fmt::Display for Installed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "Taken away:")?;
        if self.walled > 0 {
            let tables = many(self.walled, "table");
            writeln!(
                f,
                "  row security and policies of {tables}: whoever may read one reads all tenants' rows from then on"
            )?;
        }
        for column in &self.columns {
            writeln!(f, "  the column {column}, with what is in it")?;
        }
        match &self.records[..] {
            [] => writeln!(f, "  the schema tenancy")?,
            records => writeln!(f, "  the schema tenancy, with {}", records.join(", "))?,
        }
        if !self.roles.is_empty() {
            let roles = self.roles.join(", ");
            writeln!(f, "  the roles {roles}, unless something else in the server is theirs")?;
        }
        writeln!(f, "Kept: every row. Given back as they were: keys, defaults, owners, rights.")
    }
}

async fn is_there(session: &PgSession, table: &str) -> Result<bool, Failure> {
    let sql = "SELECT to_regclass($1) IS NOT NULL AS there";
    let rows = session.rows(sql, &[table]).await?;
    Ok(rows.first().is_some_and(|row| text(row, "there") == "true"))
}

async fn count(session: &PgSession, of: &str) -> Result<usize, Failure> {
    let rows = session.rows(&format!("SELECT count(*) AS n FROM {of} AS c"), &[]).await?;
    Ok(rows.first().and_then(|row| text(row, "n").parse().ok()).unwrap_or_default())
}

async fn names(session: &PgSession, sql: &str) -> Result<Vec<String>, Failure> {
    Ok(session.rows(sql, &[]).await?.iter().map(|row| text(row, "name")).collect())
}
