//! One target: its lock, what it has, what it lacks.

use std::collections::HashSet;

use super::{
    MigrateTarget, MigrationLog, MigrationResult, MigrationState, MigrationStep, MigrationTarget,
    OpenTarget,
    enter::{Entry, is_there},
};
use crate::{SessionError, SqlSession};

/// What every target's migration has in common.
pub(super) struct One<'r, S, M> {
    pub(super) log: &'r MigrationLog<S>,
    pub(super) migrator: &'r M,
    pub(super) steps: &'r [MigrationStep],
    pub(super) who: &'r str,
    pub(super) entry: &'r Entry,
    pub(super) retry_unclear: bool,
}

/// Why it goes no further.
struct Stuck {
    migration: Option<String>,
    unclear: bool,
    error: String,
}

impl From<String> for Stuck {
    fn from(error: String) -> Self {
        Self { migration: None, unclear: false, error }
    }
}

impl<S: SqlSession, M: MigrateTarget> One<'_, S, M> {
    pub(super) async fn migrate(&self, target: &MigrationTarget) -> MigrationResult {
        let mut applied = Vec::new();
        match self.apply_all(target, &mut applied).await {
            Ok(()) if applied.is_empty() => MigrationResult::UpToDate,
            Ok(()) => MigrationResult::Migrated { applied },
            Err(Stuck { migration, unclear, error }) => {
                MigrationResult::Failed { applied, migration, unclear, error }
            }
        }
    }

    /// What would be applied. Nothing is changed, and nobody is waited for.
    pub(super) async fn pending(&self, target: &MigrationTarget) -> MigrationResult {
        match self.look(target).await {
            Ok(migrations) if migrations.is_empty() => MigrationResult::UpToDate,
            Ok(migrations) => MigrationResult::Pending { migrations },
            Err(error) => MigrationResult::Failed {
                applied: Vec::new(),
                migration: None,
                unclear: false,
                error,
            },
        }
    }

    async fn look(&self, target: &MigrationTarget) -> Result<Vec<String>, String> {
        let open = self.migrator.open(target).await.map_err(|error| error.to_string())?;
        self.entry.enter(&*open, target, true).await?;
        let applied = open.applied().await.map_err(|error| error.to_string())?;
        let pending = self.steps.iter().filter(|step| !applied.contains(&step.name));
        Ok(pending.map(|step| step.name.clone()).collect())
    }

    async fn apply_all(
        &self,
        target: &MigrationTarget,
        applied: &mut Vec<String>,
    ) -> Result<(), Stuck> {
        let open = self.migrator.open(target).await.map_err(|error| error.to_string())?;
        self.entry.enter(&*open, target, false).await?;
        self.entry.lock(open.session(), target).await?;
        // From here on nobody else runs this target: what the log calls running was killed.
        for step in self.reconcile(&*open, target).await? {
            self.log
                .begun(target, &step.name, self.who)
                .await
                .map_err(|error| not_logged(&error))?;
            let done = match is_there(open.session(), target).await {
                Ok(()) => open.apply(&step.name).await.map_err(|error| error.to_string()),
                Err(error) => Err(error),
            };
            if let Err(error) = done {
                return Err(self.failed(target, step, !step.in_transaction, error).await);
            }
            applied.push(step.name.clone());
            self.log.ended(target, &step.name, None).await.map_err(|error| not_logged(&error))?;
        }
        Ok(())
    }

    /// The log becomes what the target says, and what the target lacks is returned.
    async fn reconcile(
        &self,
        open: &dyn OpenTarget,
        target: &MigrationTarget,
    ) -> Result<Vec<&MigrationStep>, Stuck> {
        let applied = open.applied().await.map_err(|error| error.to_string())?;
        let states = self.log.states(target).await.map_err(|error| not_logged(&error))?;
        let unknown = |name: &&str| states.get(*name) != Some(&MigrationState::Done);
        let found: Vec<&str> = applied.iter().map(String::as_str).filter(unknown).collect();
        if !found.is_empty() {
            self.log.found(target, &found, self.who).await.map_err(|error| not_logged(&error))?;
        }
        let applied: HashSet<&str> = applied.iter().map(String::as_str).collect();
        let pending = self.steps.iter().filter(|step| !applied.contains(&*step.name));
        let pending: Vec<&MigrationStep> = pending.collect();
        let unclear = pending.iter().find(|step| match states.get(&step.name) {
            Some(MigrationState::Unclear) => true,
            Some(MigrationState::Running) => !step.in_transaction,
            _ => false,
        });
        match unclear {
            Some(step) if !self.retry_unclear => {
                let error = "it was killed or failed outside of a transaction, so some of it may be there; \
                             look at the target, take away what is there of it, and run this again with \
                             `retry_unclear`";
                Err(self.failed(target, step, true, error.to_owned()).await)
            }
            _ => Ok(pending),
        }
    }

    async fn failed(
        &self,
        target: &MigrationTarget,
        step: &MigrationStep,
        unclear: bool,
        error: String,
    ) -> Stuck {
        let state = if unclear { MigrationState::Unclear } else { MigrationState::Failed };
        // Where the log cannot be written either, the first error is the one to tell, and the next run
        // finds the row as running.
        let _ = self.log.ended(target, &step.name, Some((state, &error))).await;
        Stuck { migration: Some(step.name.clone()), unclear, error }
    }
}

/// The target has what was applied, and the next run puts it into the log.
fn not_logged(error: &SessionError) -> String {
    format!("the log of migrations cannot be used: {error}")
}
