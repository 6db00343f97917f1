use std::hash::{BuildHasher, Hasher, RandomState};

use crate::quote::dollar_quoted;

/// Renders what two connections say, one message after the other, to find out whether each of them
/// is a session of its own.
///
/// Each sets something for its session, and then each looks whether it is still there: as it is
/// where nothing, or a pooler in session mode, stands between. The order of the looks is such that
/// neither handing out the connection that was used last nor taking them in turn gets through.
#[derive(Debug, Clone)]
pub struct PoolerCheck {
    nonce: String,
}

/// One message, and which of the two connections sends it.
#[derive(Debug, Clone)]
pub struct PoolerStep {
    /// The second connection, and not the first.
    pub second: bool,
    /// The message.
    pub sql: String,
}

impl PoolerCheck {
    /// The constraint that the error names where a connection is no session.
    pub const CONSTRAINT: &'static str = "tenant_pooler";

    /// Opens a transaction and leaves it open, which fails in statement mode. Then send
    /// [`RELEASE`](Self::RELEASE).
    pub const HOLD: &'static str = "BEGIN READ ONLY";

    /// Ends what [`HOLD`](Self::HOLD) began.
    pub const RELEASE: &'static str = "COMMIT";

    /// A check that takes nobody else's mark for its own.
    pub fn new() -> Self {
        let nonce = RandomState::new().build_hasher().finish();
        Self { nonce: format!("{nonce:016x}") }
    }

    /// The messages. Where one fails the pooler has been found; nothing is left in a transaction.
    pub fn steps(&self) -> Vec<PoolerStep> {
        let (first, second) = (false, true);
        let marks = [first, second].map(|second| self.mark(second));
        let looks = [first, second, second, first, first, second].map(|second| self.look(second));
        // The second one is closed.
        let wipe = PoolerStep { second: first, sql: "RESET tenancy.session".to_owned() };
        marks.into_iter().chain(looks).chain([wipe]).collect()
    }

    /// A query that fails if, prepared under a name of the driver's, it is known to the server under
    /// that very name: behind a pooler that keeps prepared statements it has a name of the pooler's.
    pub fn renamed(&self) -> String {
        format!(
            "SELECT /* tenancy {nonce} */ 1 / (NOT EXISTS (SELECT FROM pg_catalog.pg_prepared_statements \
             WHERE statement LIKE '%/* tenancy {nonce} */%' AND name ~ '^(s|sqlx_s_)[0-9]+$'))::int AS one",
            nonce = self.nonce
        )
    }

    fn mark(&self, second: bool) -> PoolerStep {
        let sql = format!("SET tenancy.session = '{}'", self.name(second));
        PoolerStep { second, sql }
    }

    fn look(&self, second: bool) -> PoolerStep {
        let body = dollar_quoted(&format!(
            "BEGIN IF current_setting('tenancy.session', true) IS DISTINCT FROM '{}' THEN \
             RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', \
             CONSTRAINT = '{}', MESSAGE = 'what the connection set for its session is gone, or \
             another one''s is there'; END IF; END",
            self.name(second),
            Self::CONSTRAINT
        ));
        PoolerStep { second, sql: format!("DO {body}") }
    }

    fn name(&self, second: bool) -> String {
        format!("{}-{}", self.nonce, u8::from(second))
    }
}

impl Default for PoolerCheck {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Whether a pooler with this many connections, which it takes in turn or last first, is found.
    fn found(connections: usize, in_turn: bool) -> bool {
        let mut marks: HashMap<usize, String> = HashMap::new();
        PoolerCheck::new().steps().iter().enumerate().any(|(at, step)| {
            let server = if in_turn { at % connections } else { 0 };
            let set = step.sql.strip_prefix("SET tenancy.session = ").map(str::to_owned);
            match set {
                Some(mark) => {
                    marks.insert(server, mark);
                    false
                }
                None if step.sql.starts_with("RESET") => false,
                None => marks.get(&server).is_none_or(|mark| !step.sql.contains(mark)),
            }
        })
    }

    #[test]
    fn no_way_of_handing_out_connections_gets_through() {
        assert!(found(1, false));
        for connections in 1..20 {
            assert!(found(connections, true), "{connections}");
        }
    }

    #[test]
    fn two_sessions_get_through() {
        let mut marks: HashMap<bool, String> = HashMap::new();
        for step in PoolerCheck::new().steps() {
            if let Some(mark) = step.sql.strip_prefix("SET tenancy.session = ") {
                marks.insert(step.second, mark.to_owned());
            } else if step.sql.starts_with("DO") {
                assert!(step.sql.contains(&marks[&step.second]));
            }
        }
    }
}
