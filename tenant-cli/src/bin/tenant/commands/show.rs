//! `tenants show`: everything that the registry knows of one tenant.

use serde_json::{Value, json};
use tenant_core::SqlSession as _;

use crate::{
    app::{App, text},
    args::{Format, Which},
    exit::{Answer, Failure},
    placement,
    table::{Rows, pretty},
};

const SQL: &str = "SELECT t.slug, t.id::text AS id, t.name, t.status, t.plan, t.legal_hold, t.epoch, \
     to_char(t.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') AS created, t.region, \
     t.placement, t.database, t.schema, \
     (SELECT count(*) FROM tenancy.members AS m WHERE m.tenant_id = t.id) AS members \
     FROM tenancy.tenants AS t WHERE t.id::text = $1";

const MOVE: &str = "SELECT m.step, m.to_placement AS placement, m.to_database AS database, \
     m.to_schema AS schema, m.actor FROM tenancy.moves AS m WHERE m.tenant_id::text = $1";

pub(super) async fn show(app: &App, which: &Which) -> Result<Answer, Failure> {
    let config = app.config()?;
    let (id, _) = app.tenant(&config, &which.tenant).await?;
    let session = app.session(&config).await?;
    let found = session.rows(SQL, &[&id.to_string()]).await?;
    let Some(row) = found.first() else {
        return Err(Failure::refused("the tenant is gone since it was looked for"));
    };
    let mut known: Vec<(&str, Value)> = Vec::new();
    for name in ["slug", "id", "name", "status", "plan", "legal_hold", "region", "members"] {
        known.push((name, row.get(name).cloned().unwrap_or_default()));
    }
    known.push(("place", json!(placement::typed(&place(row)?))));
    if let Some(moving) = session.rows(MOVE, &[&id.to_string()]).await?.first() {
        known.push(("moves_to", json!(placement::typed(&place(moving)?))));
        known.push(("move_is", moving.get("step").cloned().unwrap_or_default()));
        known.push(("moved_by", moving.get("actor").cloned().unwrap_or_default()));
    }
    for name in ["epoch", "created"] {
        known.push((name, row.get(name).cloned().unwrap_or_default()));
    }
    if app.format() == Format::Json {
        let known = known.into_iter().map(|(name, value)| (name.to_owned(), value));
        return Ok(Answer::done(pretty(&Value::Object(known.collect()))?));
    }
    let mut rows = Rows::new(["what", "is"]);
    for (name, value) in known {
        rows.push([json!(name.replace('_', " ")), value]);
    }
    rows.answer(app)
}

/// Where a row of the registry says that a tenant lives.
pub(super) fn place(row: &tenant_core::JsonRow) -> Result<tenant_core::Placement, Failure> {
    let schema = row.get("schema").and_then(Value::as_str);
    placement::of_columns(&text(row, "placement"), &text(row, "database"), schema)
}
