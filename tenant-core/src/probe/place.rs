//! The database as a whole, for attempts that need no table.

use super::{
    judge::Judge,
    kind::{Case, ONE_ROLE, never},
    live::{Actor, Live, execute},
    template::fill,
};
use crate::{quote::quoted, quote_literal};

/// The database, for attempts that need no table.
pub(super) struct Place<'p> {
    pub(super) live: &'p Live<'p>,
    /// `server_version_num`
    pub(super) version: i32,
    /// Whether the context is sealed.
    pub(super) sealed: bool,
    /// What lies in the schema `tenancy`, and can be read: quoted, in full.
    pub(super) ours: Vec<String>,
    /// Roles that the login may become, besides the layout's: quoted.
    pub(super) other_roles: Vec<String>,
}

impl Place<'_> {
    /// Must be refused to this actor.
    pub(super) fn refused(&self, actor: Actor, sql: &str) -> Vec<Case> {
        self.refused_with(actor, sql, &["42501"])
    }

    /// The same, and to the login as well: SQL in a tenant's transaction can `RESET ROLE`.
    pub(super) fn refused_to_all(&self, sql: &str) -> Vec<Case> {
        let mut cases = self.refused(Actor::A, sql);
        if !self.is_single() {
            let login = format!("role {}", quoted(self.live.layout.roles().login()));
            let as_login = self.refused(Actor::Login, sql).into_iter();
            cases.extend(as_login.map(|case| case.on(login.clone())));
        }
        cases
    }

    pub(super) fn refused_with(
        &self,
        actor: Actor,
        sql: &str,
        codes: &'static [&'static str],
    ) -> Vec<Case> {
        if self.is_single() && matches!(actor, Actor::Login | Actor::Shared) {
            return never(ONE_ROLE);
        }
        let body = format!("stage := 'attack';\n{}", execute(&self.fill(sql)));
        vec![Case::run(actor, body, Judge::Refused(codes))]
    }

    /// Asks the catalogue: a query with the columns `n` (a count) and `names`.
    pub(super) fn catalogue(&self, sql: &str) -> Vec<Case> {
        let sql = quote_literal(&self.fill(sql));
        let body = format!("stage := 'attack';\nEXECUTE {sql} INTO seen, note;\n");
        vec![Case::run(Actor::A, body, Judge::Catalogue)]
    }

    pub(super) fn is_single(&self) -> bool {
        self.live.layout.roles().is_single()
    }

    /// The roles that the application runs as, as SQL literals.
    pub(super) fn our_roles(&self) -> String {
        let roles = self.live.layout.roles();
        let names: Vec<String> = [Some(roles.login()), roles.tenant(), roles.shared()]
            .into_iter()
            .flatten()
            .map(quote_literal)
            .collect();
        names.join(", ")
    }

    /// Fills in the names of roles and the two tenants.
    pub(super) fn fill(&self, template: &str) -> String {
        fill(template, |name| self.value(name))
    }

    pub(super) fn value(&self, name: &str) -> Option<String> {
        let layout = self.live.layout;
        let roles = layout.roles();
        let or_login = |role: Option<&str>| quoted(role.unwrap_or(roles.login()));
        Some(match name {
            "login" => quoted(roles.login()),
            "tenant_role" => or_login(roles.tenant()),
            "shared" => or_login(roles.shared()),
            "owner" => or_login(roles.owner()),
            "admin" => or_login(roles.admin()),
            "registry" => quoted(roles.registry()),
            "schema" => quoted(layout.home()),
            "our_roles" => self.our_roles(),
            "our_role_names" => {
                let names = [Some(roles.login()), roles.tenant(), roles.shared()];
                let names: Vec<String> = names.into_iter().flatten().map(quoted).collect();
                names.join(", ")
            }
            "a" => self.live.a.literal(),
            "b" => self.live.b.literal(),
            _ => return None,
        })
    }
}
