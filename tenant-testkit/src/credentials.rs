//! Passwords for roles, where a way in asks for one.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use tenant_core::{SqlSession, quote_ident, quote_literal};
use uuid::Uuid;

use crate::{Error, TestServer, TestSession};

/// Drawn when first asked for; a role keeps its own, so that each URL stays good.
#[derive(Debug)]
pub(crate) struct Credentials {
    server: &'static TestServer,
    session: TestSession,
    passwords: Mutex<HashMap<String, String>>,
}

impl Credentials {
    pub(crate) fn new(server: &'static TestServer, session: TestSession) -> Self {
        Self { server, session, passwords: Mutex::default() }
    }

    /// The role's password, which the role has been given.
    pub(crate) async fn for_loopback(&self, role: &str) -> Result<Option<String>, Error> {
        if self.is_not_ours(role) {
            return Ok(self.server.superuser_password().map(str::to_owned));
        }
        let password = self.password(role);
        self.session.batch(&set_password(role, &password)?).await?;
        Ok(Some(password))
    }

    /// The same where the server trusts nobody, and else none. A role that is not there yet gets
    /// it later, by [`give`](Self::give).
    pub(crate) fn unless_trusted(&self, role: &str) -> Option<String> {
        if self.server.is_trusting() {
            return None;
        }
        if self.is_not_ours(role) {
            return self.server.superuser_password().map(str::to_owned);
        }
        let password = self.password(role);
        let given =
            set_password(role, &password).and_then(|sql| Ok(self.session.batch_blocking(&sql)?));
        if let Err(why) = given {
            tracing::debug!(role, %why, "this role has no password yet");
        }
        Some(password)
    }

    /// For the roles whose URL was asked for before they were there.
    pub(crate) async fn give(&self) -> Result<(), Error> {
        if self.server.is_trusting() {
            return Ok(());
        }
        let known: Vec<(String, String)> = {
            let passwords = self.passwords.lock().unwrap_or_else(PoisonError::into_inner);
            passwords.iter().map(|(r, p)| (r.clone(), p.clone())).collect()
        };
        for (role, password) in known {
            let there = "SELECT 1 FROM pg_roles WHERE rolname = $1";
            if !self.session.rows(there, &[&role]).await?.is_empty() {
                self.session.batch(&set_password(&role, &password)?).await?;
            }
        }
        Ok(())
    }

    /// The superuser of an external server.
    fn is_not_ours(&self, role: &str) -> bool {
        !self.server.is_trusting() && role == self.server.superuser()
    }

    fn password(&self, role: &str) -> String {
        let mut passwords = self.passwords.lock().unwrap_or_else(PoisonError::into_inner);
        passwords
            .entry(role.to_owned())
            .or_insert_with(|| Uuid::new_v4().simple().to_string())
            .clone()
    }
}

fn set_password(role: &str, password: &str) -> Result<String, Error> {
    Ok(format!("ALTER ROLE {} PASSWORD {}", quote_ident(role)?, quote_literal(password)))
}
