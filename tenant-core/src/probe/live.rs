//! The one connection, the transaction in which everything happens, and who is who in it.

use std::time::Duration;

use serde::Deserialize;
use uuid::Uuid;

use crate::{
    Error, Layout, Principal, SessionError, SqlSession, StaticRegistry, TenantId, TenantKey,
    TenantRecord, TenantScope, Verified,
    isolation::guard,
    opening::Opening,
    quote::{dollar_quoted, quoted},
    quote_literal,
};

/// What is raised to undo an attempt that succeeded. No class of PostgreSQL's begins with `TN`.
pub(super) const UNDO: &str = "TNPRB";

/// As whom an attempt is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Actor {
    /// The tenant that attacks.
    A,
    /// The tenant whose rows are attacked.
    B,
    /// The tenant's role, without any tenant.
    Nobody,
    /// The shared role.
    Shared,
    /// The login itself, which has taken no role.
    Login,
}

/// One of the two tenants.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) id: TenantId,
    scope: TenantScope<Verified>,
}

impl Who {
    pub(super) async fn new(id: TenantId, user: Option<&str>) -> Result<Self, Error> {
        id.check()?;
        let mut registry = StaticRegistry::new([TenantRecord::new(id.clone(), "probe")]);
        let principal = match user {
            Some(user) => {
                registry = registry.member(id.clone(), user);
                Principal::User(user.to_owned())
            }
            None => Principal::System("probe".into()),
        };
        let claim = TenantScope::claim(id.clone(), principal);
        let scope = claim
            .verify(&registry)
            .await
            .map_err(|why| Error::InvalidTenantId { why: why.to_string() })?;
        Ok(Self { id, scope })
    }

    /// An id that nobody has, unless somebody drew the same.
    pub(super) fn fresh(key: TenantKey) -> Result<TenantId, Error> {
        // Version 4, drawn by the standard library's random keys: the id is no secret.
        let random = || {
            use std::hash::{BuildHasher, RandomState};
            RandomState::new().hash_one(std::process::id())
        };
        match key {
            TenantKey::Uuid => {
                let bits = u128::from(random()) << 64 | u128::from(random());
                TenantId::from_uuid(
                    uuid::Builder::from_random_bytes(bits.to_be_bytes()).into_uuid(),
                )
            }
            // Far above what a sequence has reached.
            TenantKey::Bigint => {
                let top = i64::MAX - i64::try_from(random() >> 16).unwrap_or_default();
                Ok(TenantId::from(top))
            }
            TenantKey::Text => {
                let id = Uuid::from_u128(u128::from(random()));
                TenantId::try_from(format!("probe-{}", id.simple()))
            }
        }
    }

    /// The id as SQL, with its type.
    pub(super) fn literal(&self) -> String {
        format!("CAST({} AS {})", quote_literal(&self.id.to_string()), self.id.key())
    }
}

/// What an attempt brought, before it is judged.
#[derive(Debug, Clone, Default, Deserialize)]
pub(super) struct Seen {
    /// How far it came: `opening`, `prepare`, `attack`, `control`, `done`.
    pub(super) stage: String,
    /// How it ended: [`UNDO`], or what refused it.
    pub(super) state: String,
    /// The constraint that the refusal names.
    #[serde(default)]
    pub(super) constraint: Option<String>,
    /// Rows of others that it reached.
    #[serde(rename = "seen")]
    pub(super) others: Option<i64>,
    /// Rows of its own that the same statement reaches: shows that it can reach any.
    pub(super) own: Option<i64>,
    /// Names, never values.
    pub(super) note: Option<String>,
}

/// The connection of a probe.
pub(super) struct Live<'p> {
    pub(super) session: Box<dyn SqlSession>,
    pub(super) layout: &'p Layout,
    pub(super) opening: &'p Opening,
    pub(super) a: Who,
    pub(super) b: Who,
    /// The declared tables, by oid.
    pub(super) tenant_tables: Vec<i64>,
    pub(super) lock_timeout: Duration,
    pub(super) statement_timeout: Duration,
}

impl Live<'_> {
    /// Opens the transaction that will be rolled back.
    pub(super) async fn begin(&self) -> Result<(), Error> {
        Ok(self.session.batch(&format!("BEGIN; {}", self.settings())).await?)
    }

    fn settings(&self) -> String {
        format!(
            "SET LOCAL lock_timeout = {}; SET LOCAL statement_timeout = {}; \
             SET LOCAL idle_in_transaction_session_timeout = '60s'; \
             SET LOCAL client_min_messages = error; \
             SET LOCAL standard_conforming_strings = on; SET LOCAL search_path = pg_catalog, pg_temp",
            self.lock_timeout.as_millis(),
            self.statement_timeout.as_millis(),
        )
    }

    /// PL/pgSQL after which no tenant is open whom somebody was before in the transaction, until the
    /// subtransaction ends. Where the server keeps that, it is left by this alone.
    fn leave(&self) -> String {
        format!(
            "IF starts_with(current_setting('{}'), '{}') THEN RESET ALL; {}; END IF;\n",
            guard::PARAMETER,
            guard::BEGINS,
            self.settings()
        )
    }

    /// Leaves nothing.
    pub(super) async fn rollback(&self) -> Result<(), Error> {
        self.session.batch("ROLLBACK").await?;
        // A prepared statement outlives its transaction, and a pooler's connection this session.
        let forget = "DO $do$ BEGIN IF EXISTS (SELECT FROM pg_catalog.pg_prepared_statements \
                      WHERE name = 'tenancy_probe') THEN EXECUTE 'DEALLOCATE tenancy_probe'; END IF; END $do$";
        // Where even that is refused, nothing was prepared.
        let _ = self.session.batch(forget).await;
        Ok(())
    }

    /// PL/pgSQL that becomes this actor, until the subtransaction ends.
    pub(super) fn become_(&self, actor: Actor) -> Result<String, Error> {
        let roles = self.layout.roles();
        let role = match actor {
            Actor::A | Actor::B | Actor::Nobody => roles.tenant(),
            Actor::Shared => roles.shared(),
            Actor::Login => None,
        };
        let path = self.layout.path();
        let mut statements = vec![
            role.map_or_else(
                || "SET LOCAL ROLE NONE".to_owned(),
                |role| format!("SET LOCAL ROLE {}", quoted(role)),
            ),
            format!("SET LOCAL search_path = {path}"),
        ];
        statements.push(match actor {
            Actor::A => self.opening.bind(&self.a.scope)?,
            Actor::B => self.opening.bind(&self.b.scope)?,
            // What a connection has after a transaction that had a tenant.
            Actor::Nobody | Actor::Shared | Actor::Login => self.set_tenant(""),
        });
        Ok(statements.iter().map(|sql| execute(sql)).collect())
    }

    /// The settings that name this tenant, and with it a user: `b`'s for `b`, nobody for nobody, and
    /// else the attacker's own.
    pub(super) fn told(&self, tenant: &str) -> Vec<(String, String)> {
        let user = |who: &Who| match who.scope.principal() {
            Principal::User(user) => user.clone(),
            _ => String::new(),
        };
        let user = match tenant {
            "" => String::new(),
            tenant if tenant == self.b.id.to_string() => user(&self.b),
            _ => user(&self.a),
        };
        self.opening.told(tenant, &user)
    }

    /// The calls of `set_config` that an attacker would make to become this tenant.
    pub(super) fn set_configs(&self, tenant: &str) -> String {
        let each = self.told(tenant).into_iter().map(|(name, value)| {
            let (name, value) = (quote_literal(&name), quote_literal(&value));
            format!("pg_catalog.set_config({name}, {value}, true)")
        });
        each.collect::<Vec<_>>().join(", ")
    }

    /// The statement that an attacker would send to become this tenant.
    pub(super) fn set_tenant(&self, tenant: &str) -> String {
        format!("SELECT {}", self.set_configs(tenant))
    }

    /// The same in statements that begin with `set`.
    pub(super) fn set_by(&self, set: &str, tenant: &str) -> String {
        let each = self.told(tenant).into_iter().map(|(name, value)| {
            let name: Vec<String> = name.split('.').map(quoted).collect();
            format!("{set} {} = {}", name.join("."), quote_literal(&value))
        });
        each.collect::<Vec<_>>().join("; ")
    }

    /// Runs a PL/pgSQL block in a savepoint of its own, so that the transaction goes on whatever
    /// happens. Says what the server refused.
    pub(super) async fn block(&self, body: &str) -> Result<Result<(), String>, Error> {
        let sql = format!("SAVEPOINT probe; DO {}; RELEASE SAVEPOINT probe", dollar_quoted(body));
        let Err(refused) = self.session.batch(&sql).await else { return Ok(Ok(())) };
        // A connection that is gone says so here.
        let back = "ROLLBACK TO SAVEPOINT probe; RELEASE SAVEPOINT probe";
        self.session.batch(back).await.map_err(|_| refused_twice(&refused))?;
        Ok(Err(refused.sqlstate.unwrap_or_else(|| "an error of the driver".to_owned())))
    }

    /// Makes one attempt and takes down what it brought under `number`.
    pub(super) async fn attempt(
        &self,
        number: usize,
        actor: Actor,
        body: &str,
    ) -> Result<Result<(), String>, Error> {
        let leave = match actor {
            Actor::A | Actor::B => String::new(),
            Actor::Nobody | Actor::Shared | Actor::Login => self.leave(),
        };
        let become_ = leave + &self.become_(actor)?;
        self.block(&format!(
            "
#variable_conflict use_variable
DECLARE
  a jsonb := nullif(pg_catalog.current_setting('tenancy.probe_a', true), '')::jsonb;
  b jsonb := nullif(pg_catalog.current_setting('tenancy.probe_b', true), '')::jsonb;
  seen bigint; own bigint; note text; text_a text; text_b text; shown record;
  stage text := 'opening'; state text; broke text;
BEGIN
  BEGIN
    {become_}
    {body}
    stage := 'done';
    RAISE EXCEPTION USING ERRCODE = '{UNDO}';
  EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, broke = CONSTRAINT_NAME;
  END;
  PERFORM pg_catalog.set_config('tenancy.probe', (
    coalesce(nullif(pg_catalog.current_setting('tenancy.probe', true), ''), '{{}}')::jsonb
    || pg_catalog.jsonb_build_object('{number}', pg_catalog.jsonb_build_object('stage', stage,
      'state', state, 'constraint', broke, 'seen', seen, 'own', own, 'note', note)))::text, true);
END
"
        ))
        .await
    }

    /// What the attempts since `BEGIN` brought, by their numbers.
    pub(super) async fn brought(
        &self,
    ) -> Result<serde_json::Map<String, serde_json::Value>, Error> {
        Ok(self.setting("tenancy.probe").await?)
    }

    /// A setting of this transaction that holds JSON.
    pub(super) async fn setting<T: serde::de::DeserializeOwned + Default>(
        &self,
        name: &str,
    ) -> Result<T, SessionError> {
        let sql =
            format!("SELECT pg_catalog.current_setting({}, true) AS json", quote_literal(name));
        let rows = self.session.rows(&sql, &[]).await?;
        let text = rows.first().and_then(|row| row.get("json")).and_then(|json| json.as_str());
        match text {
            None | Some("") => Ok(T::default()),
            Some(text) => serde_json::from_str(text).map_err(SessionError::driver),
        }
    }
}

/// Both errors are one: the connection is gone, and the server has rolled back.
fn refused_twice(first: &SessionError) -> Error {
    let state = first.sqlstate.as_deref().unwrap_or("none");
    Error::from(SessionError::driver(format!(
        "the probe's transaction was lost (SQLSTATE {state}), and the server rolled it back"
    )))
}

/// One SQL statement, as PL/pgSQL runs it.
pub(super) fn execute(sql: &str) -> String {
    format!("EXECUTE {};\n", quote_literal(sql))
}
