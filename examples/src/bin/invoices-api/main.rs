//! A service over tenants' invoices: `cargo run --bin invoices-api`.
//!
//! It starts a PostgreSQL of its own with a music shop's data, one tenant per country, and prints
//! what to `curl`. `--orm diesel` takes the other ORM, `--check` makes a tour of requests and ends.
//! `docs/invoices-api.md` walks through it, and says how it is given a database that is there.

mod check;
mod database;
mod demo;
mod diesel;
mod failure;
mod invoices;
mod login;
mod queue;
mod routes;
mod seaorm;
mod staff;
mod state;
mod worker;

use std::{env, error::Error, sync::Arc};

use tokio::{net::TcpListener, sync::watch};

use database::Database;
use state::{Orm, State};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

#[tokio::main]
async fn main() -> Result<()> {
    let (orm, check) = arguments()?;
    let (database, demo) = match Database::of_environment()? {
        Some(_) if check => {
            return Err("--check is for the demo's database: unset LOGIN_URL".into());
        }
        Some(database) => (database, None),
        None => {
            let (shop, database) = demo::create().await?;
            (database, Some(shop))
        }
    };
    let state = Arc::new(State::start(orm, database).await?);
    let port = env::var("PORT").map_or(Ok(0), |port| port.parse::<u16>())?;
    let public = TcpListener::bind(("127.0.0.1", port)).await?;
    let admin = TcpListener::bind(("127.0.0.1", 0)).await?;
    let (at, admin_at) = (public.local_addr()?, admin.local_addr()?);

    let (stop, stopped) = watch::channel(false);
    let until = |mut stopped: watch::Receiver<bool>| async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let watching = state.watch().await?;
    let worker = tokio::spawn(worker::run(state.clone(), stopped.clone()));
    let public = axum::serve(public, routes::public(&state)?)
        .with_graceful_shutdown(until(stopped.clone()))
        .into_future();
    let admin = axum::serve(admin, routes::admin(&state))
        .with_graceful_shutdown(until(stopped))
        .into_future();
    let (public, admin) = (tokio::spawn(public), tokio::spawn(admin));

    let (at, admin_at) = (format!("http://{at}"), format!("http://{admin_at}"));
    let outcome = match &demo {
        Some(demo) if check => check::tour(&state, demo, &at, &admin_at).await,
        _ => {
            say(orm, &at, &admin_at);
            tokio::signal::ctrl_c().await.map_err(Into::into)
        }
    };
    stop.send_replace(true);
    public.await??;
    admin.await??;
    worker.await?;
    watching.abort();
    outcome
}

fn arguments() -> Result<(Orm, bool)> {
    let (mut orm, mut check) = (env::var("ORM").unwrap_or_else(|_| "seaorm".into()), false);
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--orm" => orm = arguments.next().ok_or("--orm wants `seaorm` or `diesel`")?,
            "--check" => check = true,
            other => {
                return Err(format!("`{other}` is no option; there are --orm and --check").into());
            }
        }
    }
    Ok((orm.parse()?, check))
}

fn say(orm: Orm, at: &str, admin_at: &str) {
    println!(
        "invoices-api through {orm}, at {at}; for staff at {admin_at}. Ctrl-C ends it.\n\n\
         API={at} ADMIN={admin_at}\n\
         TOKEN=$(curl -s $API/login --json '{{\"user\":\"fharris@google.com\",\"password\":\"Harris\"}}' \
         | sed 's/.*\"token\":\"\\([^\"]*\\)\".*/\\1/')\n\
         curl -s $API/revenue -H \"Authorization: Bearer $TOKEN\"\n\
         curl -s \"$API/invoices?limit=2\" -H \"Authorization: Bearer $TOKEN\"\n\n\
         A demo: a user's password is the last name, and nothing limits how often it is tried."
    );
}
