//! One run: who is there, what is planted, what is tried, what is said of it.

use std::borrow::Cow;

use super::{
    Probe,
    attempts::all,
    judge::Verdict,
    kind::{Action, Case, Cases, Kind},
    live::{Actor, Live, Seen, Who},
    place::Place,
    plant::{Planter, Row},
    schema::Table,
    target::Target,
};
use crate::{
    Attempt, Error, Finding, Layout, Outcome, Report, Severity, SqlSession, Tenancy, TenantTable,
    opening::{Opening, OpeningOptions},
    quote::quoted,
    quote_literal,
};

const SOURCE: &str = "docs/probe.md";

pub(super) async fn run(probe: &Probe, session: Box<dyn SqlSession>) -> Result<Report, Error> {
    let here = session
        .rows(
            "SELECT pg_catalog.current_database() AS database, session_user AS login, \
             pg_catalog.current_setting('server_version_num')::int AS version",
            &[],
        )
        .await?;
    let text = |name: &str| {
        let value = here.first().and_then(|row| row.get(name));
        value.and_then(|value| value.as_str()).unwrap_or_default().to_owned()
    };
    let version =
        here.first().and_then(|row| row.get("version")).and_then(serde_json::Value::as_i64);
    let version = i32::try_from(version.unwrap_or_default()).unwrap_or_default();
    let layout = match &probe.layout {
        Some(layout) => layout.clone(),
        None => Layout::new(&text("database"))?,
    };
    let tenancy = probe.tenancy.qualified(&layout);
    tenancy.check()?;
    let mut report = Report::default();
    if text("login") != layout.roles().login() {
        report.findings.push(another_login(&text("login"), layout.roles().login()));
        return Ok(report);
    }
    let opening = match &probe.opening {
        Some(opening) => opening.clone(),
        None => Opening::new(&layout, tenancy.key(), &OpeningOptions::default())?,
    };
    let (a, b) = match &probe.tenants {
        Some((a, b)) => (a.clone(), b.clone()),
        None => (Who::fresh(tenancy.key())?, Who::fresh(tenancy.key())?),
    };
    if a == b {
        return Err(Error::InvalidTenantId {
            why: "the probe's two tenants are the same: name two".to_owned(),
        });
    }
    let (user_a, user_b) = probe.users.as_ref().map(|(a, b)| (a.as_str(), b.as_str())).unzip();
    let mut live = Live {
        session,
        layout: &layout,
        opening: &opening,
        a: Who::new(a, user_a).await?,
        b: Who::new(b, user_b).await?,
        tenant_tables: Vec::new(),
        lock_timeout: probe.lock_timeout,
        statement_timeout: probe.statement_timeout,
    };
    // A wrong key is an error at once.
    live.become_(Actor::A)?;
    live.become_(Actor::B)?;
    live.tenant_tables = tenant_tables(&live, &tenancy).await?;
    let place = Place {
        live: &live,
        version,
        sealed: layout.binding_kind().is_sealed(),
        ours: names(&live, OURS).await?,
        other_roles: names(&live, &other_roles(&layout, version)).await?,
    };
    on_database(&place, &text("database"), &mut report).await?;
    for table in tenancy.tenant_tables() {
        on_table(&place, &tenancy, table, probe.with_triggers, &mut report).await?;
    }
    Ok(report.sorted())
}

const OURS: &str = "SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name \
     FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
     WHERE n.nspname = 'tenancy' AND c.relkind IN ('r', 'p', 'm', 'v', 'f') ORDER BY 1";

/// What the login may become, besides the layout's roles.
fn other_roles(layout: &Layout, version: i32) -> String {
    let roles = layout.roles();
    let ours: Vec<String> = [Some(roles.login()), roles.tenant(), roles.shared()]
        .into_iter()
        .flatten()
        .map(quote_literal)
        .collect();
    let may = if version >= 160_000 { "SET" } else { "MEMBER" };
    format!(
        "SELECT pg_catalog.quote_ident(r.rolname) AS name FROM pg_catalog.pg_roles r \
         WHERE pg_catalog.pg_has_role(session_user, r.oid, '{may}') AND r.rolname NOT IN ({}) \
         ORDER BY r.rolname LIKE 'pg\\_%', 1 LIMIT 20",
        ours.join(", ")
    )
}

async fn names(live: &Live<'_>, sql: &str) -> Result<Vec<String>, Error> {
    let rows = live.session.rows(sql, &[]).await?;
    Ok(rows.iter().filter_map(|row| Some(row.get("name")?.as_str()?.to_owned())).collect())
}

async fn tenant_tables(live: &Live<'_>, tenancy: &Tenancy) -> Result<Vec<i64>, Error> {
    let all: Vec<String> = tenancy
        .tenant_tables()
        .iter()
        .map(|table| {
            let schema = table.table().schema().unwrap_or("public");
            format!("({}, {})", quote_literal(schema), quote_literal(table.table().name()))
        })
        .collect();
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let sql = format!(
        "SELECT c.oid::bigint AS oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n \
         ON n.oid = c.relnamespace WHERE (n.nspname, c.relname) IN ({})",
        all.join(", ")
    );
    let rows = live.session.rows(&sql, &[]).await?;
    Ok(rows.iter().filter_map(|row| row.get("oid")?.as_i64()).collect())
}

async fn on_database(place: &Place<'_>, name: &str, report: &mut Report) -> Result<(), Error> {
    let object = format!("database {}", quoted(name));
    let cases = all().into_iter().flat_map(|kind| match kind.cases {
        Cases::Database(cases) => {
            cases(place).into_iter().map(|case| (kind, case)).collect::<Vec<_>>()
        }
        Cases::Table(_) => Vec::new(),
    });
    let cases: Vec<(&Kind, Case)> = cases.collect();
    place.live.begin().await?;
    let done = attack(place.live, cases, &object, |sql| place.fill(sql), report).await;
    place.live.rollback().await?;
    done
}

async fn on_table(
    place: &Place<'_>,
    tenancy: &Tenancy,
    declared: &TenantTable,
    with_triggers: bool,
    report: &mut Report,
) -> Result<(), Error> {
    let object = format!("table {}", declared.table());
    place.live.begin().await?;
    let done = in_table(place, tenancy, declared, with_triggers, &object, report).await;
    place.live.rollback().await?;
    match done {
        // The server refused a question and the connection lives: the other tables have their turn.
        Err(Error::Session { source }) if source.sqlstate.is_some() => {
            let state = source.sqlstate.unwrap_or_default();
            report.findings.push(unproven(&object, &stopped_by(&state)));
            Ok(())
        }
        done => done,
    }
}

async fn in_table(
    place: &Place<'_>,
    tenancy: &Tenancy,
    declared: &TenantTable,
    with_triggers: bool,
    object: &str,
    report: &mut Report,
) -> Result<(), Error> {
    let live = place.live;
    let Some(table) = Table::find(&*live.session, declared.table()).await? else {
        report.findings.push(unproven(object, "there is no such table"));
        return Ok(());
    };
    let table = &table;
    let tenant = declared.column();
    if table.column(tenant).is_none() {
        report.findings.push(unproven(object, &format!("it has no column {}", quoted(tenant))));
        return Ok(());
    }
    let mut gardener = Planter::new(live, tenancy, with_triggers);
    let mut why = None;
    let mut rows: [Option<Row>; 2] = [None, None];
    let mut planted = true;
    for (row, actor) in rows.iter_mut().zip([Actor::A, Actor::B]) {
        match gardener.plant(table, actor).await? {
            Ok(put_in) => *row = Some(put_in),
            Err(reason) => {
                planted = false;
                why.get_or_insert(reason);
            }
        }
    }
    if !planted {
        // What is there of the two will do for reading.
        for (row, (actor, who)) in rows.iter_mut().zip([(Actor::A, &live.a), (Actor::B, &live.b)]) {
            let slot = if actor == Actor::A { "tenancy.probe_a" } else { "tenancy.probe_b" };
            let mine = format!("r.{} = {}", quoted(tenant), who.literal());
            *row = gardener.find(table, &mine, actor, slot).await?.then(|| Row::there(slot));
        }
    }
    let [mut a, mut b] = rows;
    if let (true, Some(mine), Some(theirs)) = (planted, &a, &b) {
        let copy = format!(
            "SELECT pg_catalog.set_config('tenancy.probe_a', pg_catalog.current_setting('{}'), true), \
             pg_catalog.set_config('tenancy.probe_b', pg_catalog.current_setting('{}'), true)",
            mine.slot, theirs.slot
        );
        live.session.batch(&copy).await?;
        if let Err(reason) = gardener.is_there(table, tenant).await? {
            (why, planted, a, b) = (Some(reason), false, None, None);
        }
    }
    if let Some(why) = why {
        let less = if b.is_some() && a.is_some() {
            "rows that were there were only read"
        } else {
            "nothing was attacked"
        };
        report.findings.push(unproven(object, &format!("{why}; {less}")));
    }
    let mut parents = Vec::new();
    for key in &table.foreign_keys {
        parents.extend(Table::of(&*live.session, key.parent).await?);
    }
    let touch = touchable(live, table, tenant).await?;
    let target = Target { place, table, parents, tenant, touch, a, b, planted };
    let cases = all().into_iter().flat_map(|kind| match kind.cases {
        Cases::Table(cases) => {
            cases(&target).into_iter().map(|case| (kind, case)).collect::<Vec<_>>()
        }
        Cases::Database(_) => Vec::new(),
    });
    let cases: Vec<(&Kind, Case)> = cases.collect();
    attack(live, cases, object, |sql| target.fill(sql, true), report).await
}

/// A column that the tenant's role may update, and that can be set to what it is.
async fn touchable(live: &Live<'_>, table: &Table, tenant: &str) -> Result<String, Error> {
    let role = live.layout.roles().tenant().unwrap_or(live.layout.roles().login());
    let sql = format!(
        "SELECT a.attname AS name FROM pg_catalog.pg_attribute a WHERE a.attrelid = {}::pg_catalog.oid \
         AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attidentity <> 'a' \
         AND pg_catalog.has_column_privilege({}, a.attrelid, a.attnum, 'UPDATE') \
         ORDER BY a.attname = {} DESC, a.attnum LIMIT 1",
        table.oid,
        quote_literal(role),
        quote_literal(tenant),
    );
    Ok(names(live, &sql).await?.pop().unwrap_or_else(|| tenant.to_owned()))
}

/// Makes the attempts and takes down what came of them.
async fn attack(
    live: &Live<'_>,
    cases: Vec<(&Kind, Case)>,
    object: &str,
    fill: impl Fn(&str) -> String,
    report: &mut Report,
) -> Result<(), Error> {
    let mut stopped: Vec<Option<String>> = Vec::new();
    for (number, (_, case)) in cases.iter().enumerate() {
        stopped.push(match &case.action {
            Action::Run { actor, body, .. } => live.attempt(number, *actor, body).await?.err(),
            Action::Known(_) => None,
        });
    }
    let brought = live.brought().await?;
    for (number, ((kind, case), stopped)) in cases.into_iter().zip(stopped).enumerate() {
        let verdict = match case.action {
            Action::Known(verdict) => verdict,
            Action::Run { judge, .. } => match (stopped, brought.get(&number.to_string())) {
                (Some(state), _) => Verdict::NotApplicable(stopped_by(&state)),
                (None, Some(seen)) => match serde_json::from_value::<Seen>(seen.clone()) {
                    Ok(seen) => judge.of(&seen),
                    Err(_) => Verdict::Unproven("what it brought could not be read".to_owned()),
                },
                (None, None) => Verdict::Unproven("it brought nothing".to_owned()),
            },
        };
        let object = case.object.unwrap_or_else(|| object.to_owned());
        let (outcome, finding) = said(kind, &object, verdict, &fill);
        report.attempts.push(Attempt { code: kind.code, name: kind.name, object, outcome });
        report.findings.extend(finding);
    }
    Ok(())
}

fn stopped_by(state: &str) -> Cow<'static, str> {
    match state {
        "57014" => "it took too long and was stopped (57014)".into(),
        "55P03" => "the table is locked by somebody (55P03)".into(),
        state => format!("it was stopped ({state})").into(),
    }
}

fn said(
    kind: &Kind,
    object: &str,
    verdict: Verdict,
    fill: &impl Fn(&str) -> String,
) -> (Outcome, Option<Finding>) {
    let finding = |severity: Severity, found: String, mend: Option<String>| Finding {
        code: kind.code,
        name: kind.name,
        severity,
        object: object.to_owned(),
        found,
        why: kind.why,
        mend,
        source: SOURCE.into(),
    };
    match verdict {
        Verdict::Held(how) => (Outcome::Held { how }, None),
        Verdict::NotApplicable(why) => (Outcome::NotApplicable { why }, None),
        Verdict::Unproven(why) => {
            let found = finding(Severity::Warning, why.clone(), None);
            (Outcome::NotApplicable { why: why.into() }, Some(found))
        }
        Verdict::Leaked(evidence) => {
            let found = format!("{}: {evidence}", kind.tries);
            let found = finding(
                kind.severity,
                found,
                kind.mend.map(|mend| fill(mend).replace("{object}", object)),
            );
            (Outcome::Leaked { evidence }, Some(found))
        }
    }
}

/// Nothing is said of this table: that must not look like "held".
fn unproven(object: &str, why: &str) -> Finding {
    Finding {
        code: "ATK000",
        name: "not_proven",
        severity: Severity::Warning,
        object: object.to_owned(),
        found: format!("its isolation could not be proven: {why}"),
        why: "What was not attacked was not shown to hold.",
        mend: None,
        source: SOURCE.into(),
    }
}

fn another_login(found: &str, wanted: &str) -> Finding {
    Finding {
        code: "ATK000",
        name: "not_proven",
        severity: Severity::Error,
        object: format!("role {}", quoted(found)),
        found: format!(
            "the probe ran as {}, but the application's login is {}: nothing was attacked; give the \
             probe a session of that login, or the layout that the application has",
            quoted(found),
            quoted(wanted)
        ),
        why: "What another login can or cannot do says nothing of the application.",
        mend: None,
        source: SOURCE.into(),
    }
}
