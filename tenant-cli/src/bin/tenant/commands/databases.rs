//! `databases` and `schemas`: places where tenants can live.

use serde_json::{Value, json};
use tenant_core::{Placement, SchemaTemplate, SqlSession as _};

use super::{audit::record, tenants::tenants};
use crate::{
    app::App,
    args::{CreateSchema, Databases, Schemas},
    exit::{Answer, Failure},
    prompt::sure,
    session::PgSession,
    table::{Rows, many},
};

pub(super) async fn databases(app: &App, command: Databases) -> Result<Answer, Failure> {
    let config = app.config()?;
    match command {
        Databases::List => {
            let sql = "SELECT d.name, d.region, (SELECT count(*) FROM tenancy.tenants AS t \
                       WHERE t.database = d.name AND t.status <> 'deleted') AS tenants \
                       FROM tenancy.databases AS d ORDER BY d.name";
            let found = app.session(&config).await?.rows(sql, &[]).await?;
            let mut rows = Rows::new(["name", "region", "tenants"]);
            for row in &found {
                let at = |column| row.get(column).cloned().unwrap_or(Value::Null);
                rows.push(["name", "region", "tenants"].map(at));
            }
            rows.summary = many(found.len(), "database") + ".";
            rows.answer(app)
        }
        Databases::Add { name, region } => {
            let tenants = tenants(app, &config, app.session(&config).await?)?;
            tenants.add_database(&name, region.as_deref()).await?;
            Ok(Answer::done(match region {
                Some(region) => format!("Tenants can live in {name}, which is in {region}.\n"),
                None => format!("Tenants can live in {name}.\n"),
            }))
        }
    }
}

pub(super) async fn schemas(app: &App, command: Schemas) -> Result<Answer, Failure> {
    match command {
        Schemas::Create(args) => create(app, &args).await,
        Schemas::Apply { schema, sure: asked } => {
            let config = app.config()?;
            let actor = app.actor()?;
            let session = app.session(&config).await?;
            let isolation = config.isolation(app.database(&config).await?)?;
            if asked.dry_run {
                return Ok(Answer::done(isolation.schema_up(&schema)?));
            }
            let what = format!(
                "row security, policies and grants go up on the tables of the schema {schema}: from \
                 then on a transaction without a tenant is refused there"
            );
            sure(app, asked.yes, &what, &schema).await?;
            isolation.apply_schema(session, &schema).await?;
            recorded(session, &actor, "schema_walled", &schema).await?;
            Ok(Answer::done(format!("The schema {schema} has its walls.\n")))
        }
        Schemas::Drop { schema, sure: asked } => {
            let config = app.config()?;
            let actor = app.actor()?;
            let session = app.session(&config).await?;
            let place = Placement::schema(Placement::MAIN, &schema)?;
            let isolation = config.isolation(app.database(&config).await?)?;
            let template = SchemaTemplate::read(session, &isolation, &schema).await?;
            if asked.dry_run {
                return Ok(Answer::done(format!(
                    "The schema {schema} would be dropped, if no tenant lives there and no row is left.\n"
                )));
            }
            let what = format!("the schema {schema} will be dropped for good");
            sure(app, asked.yes, &what, &schema).await?;
            template.drop_schema(session, session, &place).await?;
            recorded(session, &actor, "schema_dropped", &schema).await?;
            Ok(Answer::done(format!("The schema {schema} is dropped.\n")))
        }
    }
}

async fn create(app: &App, args: &CreateSchema) -> Result<Answer, Failure> {
    let config = app.config()?;
    let actor = app.actor()?;
    let session = app.session(&config).await?;
    let layout = app.layout(&config).await?;
    let home = layout.schema_names().first().map_or("public", String::as_str);
    let like = args.like.as_deref().unwrap_or(home);
    let isolation = config.isolation(app.database(&config).await?)?;
    let template = SchemaTemplate::read(session, &isolation, like).await?;
    let schema = &args.schema;
    if args.dry_run {
        return Ok(Answer::done(template.sql(schema)?));
    }
    template.create(session, schema).await?;
    recorded(session, &actor, "schema_made", schema).await?;
    Ok(Answer::done(format!("The schema {schema} is made like {like}, with its walls.\n")))
}

async fn recorded(
    session: &PgSession,
    actor: &str,
    event: &'static str,
    schema: &str,
) -> Result<(), Failure> {
    record(session, actor, event, json!({ "schema": schema }), "the schema is changed").await
}
