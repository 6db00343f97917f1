//! `tenants members`: who may act for a tenant.

use serde_json::json;
use tenant_core::SqlSession as _;

use super::tenants::tenants;
use crate::{
    app::{App, text},
    args::{Member, Members},
    exit::{Answer, Failure},
    table::{Rows, many, one_line},
};

pub(super) async fn run(app: &App, command: Members) -> Result<Answer, Failure> {
    let config = app.config()?;
    match command {
        Members::List { which } => {
            let (id, slug) = app.tenant(&config, &which.tenant).await?;
            let sql = "SELECT m.user_id AS \"user\" FROM tenancy.members AS m \
                       WHERE m.tenant_id::text = $1 ORDER BY m.user_id";
            let found = app.session(&config).await?.rows(sql, &[&id.to_string()]).await?;
            let mut rows = Rows::new(["user"]);
            for row in &found {
                rows.push([json!(text(row, "user"))]);
            }
            rows.summary = format!("{slug} has {}.", many(found.len(), "member"));
            rows.answer(app)
        }
        Members::Add(Member { which, user, why }) => {
            let tenants = tenants(app, &config, app.session(&config).await?)?;
            let (id, slug) = app.tenant(&config, &which.tenant).await?;
            tenants.add_member(&id, &user, &why.reason).await?;
            Ok(Answer::done(format!("{} is a member of {slug}.\n", one_line(&user))))
        }
        Members::Remove(Member { which, user, why }) => {
            let tenants = tenants(app, &config, app.session(&config).await?)?;
            let (id, slug) = app.tenant(&config, &which.tenant).await?;
            tenants.remove_member(&id, &user, &why.reason).await?;
            let user = one_line(&user);
            app.screen.remark(
                "Scopes that were verified before stay good for their minutes; `tenant tenants revoke` \
                 revokes claims and tokens.",
            );
            Ok(Answer::done(format!("{user} is no member of {slug} any more.\n")))
        }
    }
}
