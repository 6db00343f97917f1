use serde_json::{Map, Value};

use super::ACTOR;
use crate::{
    Binding, Claim, Error, Layout, Seal, TenantSource,
    quote::{dollar_quoted, quoted},
    quote_literal,
};

/// The claims of a verified token, as `PostgREST` sets them and Supabase's policies read them.
const CLAIMS: &str = "request.jwt.claims";

/// Whatever the server's own setting is, so that none that is missing shows the wrong tenant.
const PROPAGATE: &str = "SET LOCAL citus.propagate_set_commands = 'local'";

/// How a transaction is told its tenant, and who acts for it.
#[derive(Debug, Clone)]
pub(super) enum SetTenant {
    Plain(Plain),
    Seal(Seal),
}

impl SetTenant {
    pub(super) fn plain(layout: &Layout) -> Result<Self, Error> {
        match layout.binding_kind() {
            binding if binding.is_sealed() => Err(Error::NoSeal),
            _ => Ok(Self::Plain(Plain::of(layout))),
        }
    }

    /// The statement that sets the tenant.
    pub(super) fn sql(&self, tenant: &str, actor: &str) -> Result<String, Error> {
        match self {
            Self::Seal(seal) => {
                let open = seal.open(tenant, actor)?;
                // Keeps the token out of what `pg_stat_activity` shows of the message.
                Ok(format!("/*{}*/ {open}", " ".repeat(seal.padding_bytes())))
            }
            Self::Plain(plain) => Ok(plain.with(tenant, actor)),
        }
    }
}

/// Settings, and what each of them is set to.
#[derive(Debug, Clone)]
pub(super) struct Plain {
    form: Form,
    settings: Vec<(String, What)>,
}

#[derive(Debug, Clone, Copy)]
enum Form {
    /// One `SELECT` of `set_config`s.
    Config,
    /// A `SET LOCAL` each.
    Local,
    /// The same in a block, with the setting that makes Citus hand them on.
    Citus,
}

impl Form {
    fn local(layout: &Layout) -> Self {
        if layout.is_citus() { Self::Citus } else { Self::Local }
    }
}

#[derive(Debug, Clone)]
enum What {
    Tenant,
    Actor,
    /// A token's claims, with one of these at this path.
    Claims(Vec<String>, Box<What>),
}

impl Plain {
    /// As the layout has it; for a sealed one, what its transactions are told in the end.
    pub(super) fn of(layout: &Layout) -> Self {
        match layout.binding_kind() {
            Binding::SetLocal => Self::local(layout),
            _ => Self::new(layout, Form::Config),
        }
    }

    fn new(layout: &Layout, form: Form) -> Self {
        let mut settings =
            vec![(layout.setting_name().to_owned(), What::Tenant), (ACTOR.to_owned(), What::Actor)];
        settings.extend(match layout.source() {
            TenantSource::Setting => None,
            TenantSource::Claim(claim) => Some(claimed(claim, What::Tenant)),
            TenantSource::Members { who, .. } => Some(claimed(who, What::Actor)),
        });
        Self { form, settings }
    }

    /// As statements that the server need not plan.
    pub(super) fn local(layout: &Layout) -> Self {
        Self::new(layout, Form::local(layout))
    }

    /// Nobody's transaction, in which nothing is left over.
    pub(super) fn nobody(layout: &Layout) -> String {
        let plain = Self::local(layout);
        let none = plain.settings.iter().map(|(name, _)| (name, String::new()));
        plain.render(none)
    }

    pub(super) fn with(&self, tenant: &str, actor: &str) -> String {
        self.render(self.told(tenant, actor))
    }

    /// The settings and their values; the one that policies ask is the last that is not the actor.
    pub(super) fn told(
        &self,
        tenant: &str,
        actor: &str,
    ) -> impl Iterator<Item = (&String, String)> {
        self.settings.iter().map(move |(name, what)| (name, what.text(tenant, actor)))
    }

    fn render<'s>(&self, set: impl Iterator<Item = (&'s String, String)>) -> String {
        let each: Vec<String> = set
            .map(|(name, value)| match self.form {
                Form::Config => format!(
                    "pg_catalog.set_config({}, {}, true)",
                    quote_literal(name),
                    quote_literal(&value)
                ),
                Form::Local | Form::Citus => {
                    let name: Vec<String> = name.split('.').map(quoted).collect();
                    format!("SET LOCAL {} = {}", name.join("."), quote_literal(&value))
                }
            })
            .collect();
        match self.form {
            Form::Config => format!("SELECT {}", each.join(", ")),
            Form::Local => each.join("; "),
            // Citus sends its workers the text of the message that a statement came in. In a block
            // that is the statement, and no savepoint that they do not know.
            Form::Citus => format!(
                "DO {}",
                dollar_quoted(&format!("BEGIN {PROPAGATE}; {}; END", each.join("; ")))
            ),
        }
    }
}

fn claimed(claim: &Claim, what: What) -> (String, What) {
    match claim {
        Claim::Setting(name) => (name.clone(), what),
        Claim::Jwt(path) | Claim::AuthJwt(path) => {
            (CLAIMS.to_owned(), What::Claims(path.clone(), Box::new(what)))
        }
    }
}

impl What {
    fn text(&self, tenant: &str, actor: &str) -> String {
        match self {
            Self::Tenant => tenant.to_owned(),
            Self::Actor => actor.to_owned(),
            Self::Claims(path, what) => {
                // The token's subject, unless the path says something else of it.
                let mut claims = Map::from_iter([("sub".to_owned(), Value::from(actor))]);
                insert(&mut claims, path, what.text(tenant, actor));
                Value::from(claims).to_string()
            }
        }
    }
}

fn insert(claims: &mut Map<String, Value>, path: &[String], value: String) {
    match path {
        [] => {}
        [name] => {
            claims.insert(name.clone(), Value::from(value));
        }
        [name, rest @ ..] => {
            let mut inner = Map::new();
            insert(&mut inner, rest, value);
            claims.insert(name.clone(), Value::from(inner));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(source: TenantSource) -> String {
        let layout = Layout::new("shop").unwrap().tenant_source(source).unwrap();
        Plain::new(&layout, Form::Config).with("7", "al'ice")
    }

    #[test]
    fn the_claims_of_a_token_ride_along_where_policies_ask_for_them() {
        assert!(!told(TenantSource::Setting).contains("jwt"));
        let nested = TenantSource::Claim(Claim::jwt(["app_metadata", "tenant_id"]));
        let expected = r#"set_config('request.jwt.claims', '{"app_metadata":{"tenant_id":"7"},"sub":"al''ice"}', true)"#;
        assert!(told(nested.clone()).ends_with(expected), "{}", told(nested));
        let members = TenantSource::members(Claim::auth_jwt(["sub"])).unwrap();
        assert!(told(members).ends_with(r#"'{"sub":"al''ice"}', true)"#));
        let setting = TenantSource::members(Claim::Setting("app.user".into())).unwrap();
        assert!(told(setting).ends_with("set_config('app.user', 'al''ice', true)"));
    }

    #[test]
    fn citus_hands_the_tenant_on_by_a_block_of_its_own() {
        let layout = Layout::new("shop").unwrap().citus();
        assert_eq!(
            Plain::of(&layout).with("o'7$do$", ""),
            "DO $do0$BEGIN SET LOCAL citus.propagate_set_commands = 'local'; \
             SET LOCAL \"app\".\"current_tenant_id\" = 'o''7$do$'; \
             SET LOCAL \"tenancy\".\"actor\" = ''; END$do0$"
        );
        let nobody = Plain::nobody(&Layout::single_role("app").unwrap().citus());
        assert!(nobody.starts_with("DO $do$BEGIN SET LOCAL citus."), "{nobody}");
    }

    #[test]
    fn nobody_is_left_over() {
        let source = TenantSource::Claim(Claim::jwt(["tenant_id"]));
        let layout = Layout::new("shop").unwrap().tenant_source(source).unwrap();
        assert_eq!(
            Plain::nobody(&layout),
            r#"SET LOCAL "app"."current_tenant_id" = ''; SET LOCAL "tenancy"."actor" = ''; SET LOCAL "request"."jwt"."claims" = ''"#
        );
    }
}
