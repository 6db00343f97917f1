//! `schemas`: tenants' own.

use serde_json::json;
use tenant_cli::Config;
use tenant_core::{Isolation, Placement, SchemaTemplate};

use super::{audit::record, spares};
use crate::{
    app::App,
    args::{CreateSchema, Schemas, Sure, Within},
    exit::{Answer, Failure},
    prompt::sure,
    session::PgSession,
};

pub(super) async fn schemas(app: &App, command: Schemas) -> Result<Answer, Failure> {
    match command {
        Schemas::Create(args) => create(&Home::open(app, &args.within).await?, &args).await,
        Schemas::Spares { keep, like, within } => {
            spares(&Home::open(app, &within).await?, keep, like.as_deref()).await
        }
        Schemas::Apply { schema, within, sure } => {
            apply(&Home::open(app, &within).await?, &schema, &sure).await
        }
        Schemas::Drop { schema, within, sure } => {
            remove(&Home::open(app, &within).await?, &schema, &sure).await
        }
    }
}

/// The database that a schema is in, and the registry's.
struct Home<'a> {
    app: &'a App,
    config: Config,
    actor: String,
    database: String,
    registry: &'a PgSession,
    other: Option<PgSession>,
}

impl<'a> Home<'a> {
    async fn open(app: &'a App, within: &Within) -> Result<Self, Failure> {
        let config = app.config()?;
        let actor = app.actor()?;
        let registry = app.session(&config).await?;
        let other = app.other_session(&config, &within.database).await?;
        Ok(Self { app, config, actor, database: within.database.clone(), registry, other })
    }

    fn session(&self) -> &PgSession {
        self.other.as_ref().unwrap_or(self.registry)
    }

    async fn isolation(&self) -> Result<Isolation, Failure> {
        Ok(self.config.isolation(self.app.database(&self.config).await?)?)
    }

    /// What is in the schema of this name, or in the first of the layout.
    async fn template(&self, like: Option<&str>) -> Result<SchemaTemplate, Failure> {
        let layout = self.app.layout(&self.config).await?;
        let home = layout.schema_names().first().map_or("public", String::as_str);
        let isolation = self.isolation().await?;
        Ok(SchemaTemplate::read(self.session(), &isolation, like.unwrap_or(home)).await?)
    }

    async fn recorded(&self, event: &'static str, schema: &str) -> Result<(), Failure> {
        let mut detail = json!({ "schema": schema });
        if self.other.is_some() {
            detail["database"] = json!(self.database);
        }
        record(self.registry, &self.actor, event, detail, "the schema is changed").await
    }
}

async fn create(home: &Home<'_>, args: &CreateSchema) -> Result<Answer, Failure> {
    let template = home.template(args.like.as_deref()).await?;
    let schema = &args.schema;
    if args.dry_run {
        return Ok(Answer::done(template.sql(schema)?));
    }
    let made = if args.spare {
        template.take_spare(home.session(), schema).await?;
        format!("The schema {schema} is made of a spare, with its walls.\n")
    } else {
        template.create(home.session(), schema).await?;
        format!("The schema {schema} is made like {}, with its walls.\n", template.name())
    };
    home.recorded("schema_made", schema).await?;
    Ok(Answer::done(made))
}

async fn spares(home: &Home<'_>, keep: Option<u16>, like: Option<&str>) -> Result<Answer, Failure> {
    let (app, session) = (home.app, home.session());
    let template = home.template(like).await?;
    let lacking = spares::lacking(keep, template.spares(session).await?.len());
    for done in 0..lacking {
        app.screen.progress("spares", done as u64, lacking as u64);
        for schema in template.add_spares(session, 1).await? {
            home.recorded("schema_made", &schema).await?;
        }
    }
    app.screen.clear();
    spares::answer(app, keep.map(|_| lacking), &template.spares(session).await?)
}

async fn apply(home: &Home<'_>, schema: &str, asked: &Sure) -> Result<Answer, Failure> {
    let isolation = home.isolation().await?;
    if asked.dry_run {
        return Ok(Answer::done(isolation.schema_up(schema)?));
    }
    let what = format!(
        "row security, policies and grants go up on the tables of the schema {schema}: from \
         then on a transaction without a tenant is refused there"
    );
    sure(home.app, asked.yes, &what, schema).await?;
    isolation.apply_schema(home.session(), schema).await?;
    home.recorded("schema_walled", schema).await?;
    Ok(Answer::done(format!("The schema {schema} has its walls.\n")))
}

async fn remove(home: &Home<'_>, schema: &str, asked: &Sure) -> Result<Answer, Failure> {
    let place = Placement::schema(&home.database, schema)?;
    let template = home.template(Some(schema)).await?;
    if asked.dry_run {
        return Ok(Answer::done(format!(
            "The schema {schema} would be dropped, if no tenant lives there and no row is left.\n"
        )));
    }
    let what = format!("the schema {schema} will be dropped for good");
    sure(home.app, asked.yes, &what, schema).await?;
    template.drop_schema(home.session(), home.registry, &place).await?;
    home.recorded("schema_dropped", schema).await?;
    Ok(Answer::done(format!("The schema {schema} is dropped.\n")))
}
