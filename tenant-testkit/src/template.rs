//! Databases to copy from, made once per process and name.

use std::{
    collections::HashMap,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use tenant_core::{SqlSession, quote_ident};
use tokio::sync::OnceCell;

use crate::{Error, TestDatabase};

/// By the caller's name: the database, once it is set up.
type Templates = HashMap<String, Arc<OnceCell<String>>>;

static TEMPLATES: LazyLock<Mutex<Templates>> = LazyLock::new(Mutex::default);

/// The name of the database that `init` has set up. Others wait; where it fails, or its future is
/// dropped, the next one tries.
pub(crate) async fn prepared(
    name: &str,
    init: impl AsyncFnOnce(&TestDatabase) -> Result<(), Error>,
) -> Result<String, Error> {
    let cell = {
        let mut templates = TEMPLATES.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(templates.entry(name.to_owned()).or_default())
    };
    let template = cell
        .get_or_try_init(async || {
            let database = TestDatabase::create().await?;
            init(&database).await?;
            seal(&database).await?;
            Ok::<_, Error>(database.keep())
        })
        .await?;
    Ok(template.clone())
}

/// PostgreSQL copies only a database that nobody is connected to.
async fn seal(database: &TestDatabase) -> Result<(), Error> {
    database.session().close().await;
    let admin = database.server().admin();
    let name = database.name();
    let sql = format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", quote_ident(name)?);
    admin.batch(&sql).await?;
    // `CREATE DATABASE` waits some seconds for those that are on their way out.
    let sql = "SELECT pg_terminate_backend(pid)::text FROM pg_stat_activity WHERE datname = $1";
    admin.rows(sql, &[name]).await?;
    Ok(())
}
