//! Both sides at one moment: a snapshot of the source, and a transaction of the target.

use super::{
    MoveError, Mover,
    compare::{Difference, between, compare},
    compare_keys::{OfKeys, compare_keys},
    error::at,
    fill::fill,
    noted::{Keys, Noted},
    pair::Pair,
    proof::{Proof, looks},
};
use crate::{TenantId, export::snapshot::Snapshot};

pub(super) struct Both<'b> {
    mover: &'b Mover<'b>,
    pub(super) source: &'b Snapshot,
    pub(super) target: &'b Snapshot,
    pairs: &'b [Pair<'b>],
}

impl<'b> Both<'b> {
    pub(super) fn new(
        mover: &'b Mover<'b>,
        source: &'b Snapshot,
        target: &'b Snapshot,
        pairs: &'b [Pair<'b>],
    ) -> Self {
        Self { mover, source, target, pairs }
    }

    pub(super) fn tenant(&self) -> &TenantId {
        &self.mover.of.tenant
    }

    pub(super) async fn noted_here(&self) -> Result<Noted, MoveError> {
        let tables = self.pairs.iter().map(|pair| pair.from);
        Noted::read(self.source, tables, self.tenant()).await
    }

    pub(super) async fn noted_there(&self) -> Result<Noted, MoveError> {
        let tables = self.pairs.iter().map(|pair| pair.to);
        Noted::read(self.target, tables, self.tenant()).await
    }

    pub(super) async fn looks(&self) -> Result<[String; 2], MoveError> {
        let here = self.pairs.iter().map(|pair| pair.from);
        let there = self.pairs.iter().map(|pair| pair.to);
        Ok([
            looks(self.source, here, self.tenant()).await?,
            looks(self.target, there, self.tenant()).await?,
        ])
    }

    /// All rows.
    pub(super) async fn compare(&self) -> Result<Vec<Difference>, MoveError> {
        compare(self.source, self.target, self.pairs, self.tenant()).await
    }

    /// The rows of these keys.
    pub(super) async fn compare_keys(&self, keys: &Keys) -> Result<Vec<OfKeys>, MoveError> {
        let mut all = Vec::new();
        for (pair, keys) in self.pairs.iter().zip(keys) {
            let of = compare_keys(self.source, self.target, pair, keys, self.tenant());
            all.push(of.await?);
        }
        Ok(all)
    }

    pub(super) async fn fill(&self, differences: &[Difference]) -> Result<usize, MoveError> {
        fill(self.mover, self.source, self.target, self.pairs, differences).await
    }

    /// What is left of the differences after they were written, and what else was written there; a table
    /// that was empty before has its digest now.
    pub(super) async fn compare_again(
        &self,
        before: &[Difference],
        written: &Keys,
        proof: &mut Proof,
    ) -> Result<Vec<Difference>, MoveError> {
        let mut left = Vec::new();
        for ((pair, digest), (before, written)) in
            self.pairs.iter().zip(&mut proof.digests).zip(before.iter().zip(written))
        {
            if before.all {
                let what = format!("to compare {}", pair.to.label());
                let whole = between(self.source, self.target, pair, self.tenant());
                let whole = whole.await.map_err(at(&what))?;
                *digest = whole.digest.clone();
                left.push(whole);
            } else {
                let mut keys = written.clone();
                keys.extend(before.keys().cloned());
                let of = compare_keys(self.source, self.target, pair, &keys, self.tenant());
                left.push(of.await?.difference);
            }
        }
        Ok(left)
    }
}
