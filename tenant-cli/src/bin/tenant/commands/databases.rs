//! `databases`: those in which tenants can live.

use serde_json::{Value, json};
use tenant_cli::Config;
use tenant_core::{DatabaseTemplate, Placement, SqlSession as _};

use super::{audit::record, spares, tenants::tenants};
use crate::{
    app::App,
    args::{CreateDatabase, Databases, Sure},
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
        Databases::Create(args) => create(app, &config, &args).await,
        Databases::Spares { template, keep } => spares(app, &config, &template, keep).await,
        Databases::Drop { name, sure } => remove(app, &config, &name, &sure).await,
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

async fn create(app: &App, config: &Config, args: &CreateDatabase) -> Result<Answer, Failure> {
    let name = &args.name;
    Placement::database(name).map_err(|error| Failure::usage(error.to_string()))?;
    if name == Placement::MAIN {
        return Err(Failure::usage(format!(
            "`{name}` is what the registry calls its own database; give this one another name"
        )));
    }
    let actor = app.actor()?;
    let session = app.session(config).await?;
    let template = DatabaseTemplate::new(&args.like)?;
    // Before anything is made: whoever has no registry here hears of it.
    let is_known = is_known(session, name).await?;
    half_made(app, name);
    if args.spare {
        template.take_spare(session, name).await?;
    } else {
        template.create(session, name).await?;
    }
    wall(app, config, name).await?;
    app.if_interrupted(&format!(
        "The database {name} has its walls; `tenant databases add` makes it known where `databases list` lacks it"
    ));
    if args.region.is_some() || !is_known {
        let tenants = tenants(app, config, session)?;
        tenants.add_database(name, args.region.as_deref()).await.map_err(|error| {
            Failure::from(error).and(&format!(
                "the database {name} is made, and the registry does not know it: `tenant databases add`"
            ))
        })?;
    }
    recorded(session, &actor, name, &args.like).await?;
    app.screen.remark(&format!(
        "Tenants can live in {name} once it is said where it is: below `[databases]` in tenant.toml"
    ));
    let like = &args.like;
    Ok(Answer::done(if args.spare {
        format!("The database {name} is made of a spare of {like}, with its walls.\n")
    } else {
        format!("The database {name} is made like {like}, with its walls.\n")
    }))
}

async fn spares(
    app: &App,
    config: &Config,
    template: &str,
    keep: Option<u16>,
) -> Result<Answer, Failure> {
    let actor = app.actor()?;
    let session = app.session(config).await?;
    let template = DatabaseTemplate::new(template)?;
    let lacking = spares::lacking(keep, template.spares(session).await?.len());
    for done in 0..lacking {
        app.screen.progress("spares", done as u64, lacking as u64);
        half_made(app, "that was being made");
        for name in template.add_spares(session, 1).await? {
            wall(app, config, &name).await?;
            recorded(session, &actor, &name, template.name()).await?;
        }
    }
    app.screen.clear();
    spares::answer(app, keep.map(|_| lacking), &template.spares(session).await?)
}

async fn remove(app: &App, config: &Config, name: &str, asked: &Sure) -> Result<Answer, Failure> {
    let place = Placement::database(name).map_err(|error| Failure::usage(error.to_string()))?;
    let actor = app.actor()?;
    let session = app.session(config).await?;
    // Somebody else's database of that name would go, too.
    if !is_known(session, name).await? {
        return Err(Failure::refused(format!(
            "the registry knows no database `{name}`; `tenant databases list` shows those that it does"
        )));
    }
    let own = app.database(config).await?;
    if name != Placement::MAIN && !app.is_beside(config, name).await? {
        return Err(Failure::refused(format!(
            "what the registry calls `{name}` is, by its address, no database `{name}` of the server of {own}: drop \
             it with SQL where it is"
        )));
    }
    if asked.dry_run {
        return Ok(Answer::done(format!(
            "The database {name} would be dropped with all that is in it, if no tenant lives there.\n"
        )));
    }
    let what = format!("the database {name} will be dropped for good, with all that is in it");
    sure(app, asked.yes, &what, name).await?;
    DatabaseTemplate::new(own)?.drop_database(session, session, &place).await?;
    let sql = "DELETE FROM tenancy.databases AS d WHERE d.name = $1 RETURNING d.name";
    session.rows(sql, &[name]).await.map_err(|error| {
        Failure::from(error).and("the database is dropped; the registry still knows its name")
    })?;
    let detail = json!({ "database": name });
    record(session, &actor, "database_dropped", detail, "the database is dropped").await?;
    Ok(Answer::done(format!("The database {name} is dropped, and the registry forgot it.\n")))
}

async fn is_known(session: &PgSession, name: &str) -> Result<bool, Failure> {
    let sql = "SELECT d.name FROM tenancy.databases AS d WHERE d.name = $1";
    Ok(!session.rows(sql, &[name]).await?.is_empty())
}

/// What is to be said if it is interrupted before the walls are up.
fn half_made(app: &App, name: &str) {
    app.if_interrupted(&format!(
        "If the database {name} is there now, it may lack walls: drop it before this is run again"
    ));
}

/// Puts up what a copy does not have: who may connect is not copied.
async fn wall(app: &App, config: &Config, name: &str) -> Result<(), Failure> {
    let isolation = config.isolation(app.database(config).await?)?;
    let lacks = format!(
        "the database {name} is there, and lacks walls: mend what is said, drop it, and run this again"
    );
    let inside = app.session_beside(config, name).await.map_err(|error| error.and(&lacks))?;
    let walled = isolation.apply(&inside).await;
    app.screen.clear();
    walled.map_err(|error| Failure::from(error).and(&lacks))?;
    app.steps.end();
    Ok(())
}

async fn recorded(session: &PgSession, actor: &str, name: &str, like: &str) -> Result<(), Failure> {
    let detail = json!({ "database": name, "like": like });
    record(session, actor, "database_made", detail, "the database is made").await
}
