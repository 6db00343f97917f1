//! The rows of a tenant that stays: those that a move has left behind, or brought too early.

use super::{
    Erasure, ErasureError,
    look::Look,
    run::{Counts, delete_until_gone},
    statements::literal,
};
use crate::work::Work;

impl Erasure {
    /// The registry is not asked, and keeps the tenant.
    pub(crate) fn rows_only(mut self) -> Self {
        self.rows_only = true;
        self
    }

    /// Whether something would be in its way.
    pub(crate) async fn check_rows(&self, work: &Work) -> Result<(), ErasureError> {
        Look::take(self, work, false).await?.obstacle()
    }

    /// Erases them in this transaction, which goes on.
    pub(crate) async fn erase_rows(&self, work: &Work) -> Result<(), ErasureError> {
        let mut look = Look::take(self, work, false).await?;
        look.obstacle()?;
        work.session().batch(&look.set(self)).await?;
        delete_until_gone(self, work, &look, &literal(&self.id), &mut Counts::new()).await
    }
}
