use tenant_core::{SqlSession, quote_ident};

use crate::{Error, TestServer};

/// Drops a database, whoever is connected, and the roles named after it.
pub(crate) async fn drop_database(server: &'static TestServer, name: String) -> Result<(), Error> {
    let admin = server.admin();
    let _lock = server.roles_lock().await?;
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quote_ident(&name)?);
    admin.batch(&sql).await?;
    let sql = "SELECT string_agg(quote_ident(rolname), ', ') AS roles FROM pg_roles \
               WHERE starts_with(rolname, $1)";
    for row in admin.rows(sql, &[&format!("{name}_")]).await? {
        if let Some(roles) = row.get("roles").and_then(|roles| roles.as_str()) {
            // What they may do with what belongs to the whole server goes first.
            let sql = format!("DROP OWNED BY {roles}; DROP ROLE {roles}");
            admin.batch(&sql).await?;
        }
    }
    Ok(())
}
