//! One pass: the target's rows become what the source's are, in one transaction of the target.

use super::{
    MoveError, Mover,
    both::Both,
    compare::Difference,
    error::at,
    noted::Noted,
    pair::{KEYS, Pair, of_keys},
    proof::Proof,
};
use crate::{
    ImportError,
    export::{sequences::raise_and_record, snapshot::Snapshot, tables::Table},
    opening::COMMIT,
};

pub(super) const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How often it writes what triggers of the target have changed or taken away again.
const ROUNDS: usize = 3;

/// Each key leads to its row by an index, however few rows there seem to be.
const BY_KEY: &str = "SET LOCAL enable_seqscan = off; SET LOCAL enable_hashjoin = off; \
                      SET LOCAL enable_mergejoin = off";

/// The first pass: all rows, and nothing is proven.
pub(super) async fn copy(mover: &Mover<'_>) -> Result<(), MoveError> {
    let (source, target) = open(mover).await?;
    let pairs = Pair::all(&source.tables, &target.tables, mover.homes())?;
    let both = Both::new(mover, &source, &target, &pairs);
    let noted = both.noted_here().await?;
    let differences = both.compare().await?;
    if !differences.iter().all(Difference::is_none) {
        both.fill(&differences).await?;
    }
    let tenant = &mover.of.tenant;
    let rows = |table: &Table| vec![table.of_tenant(tenant)];
    raise_and_record(&target, &rows, None).await.map_err(sequences)?;
    close(&both, &noted).await
}

/// Compares what is not proven yet: all rows, or those that were written since the proof; brings it over,
/// and proves it. What it says is how much was written.
///
/// The proof is gone if something else has written in the target: then the next pass compares all.
pub(super) async fn pass(
    mover: &Mover<'_>,
    proof: &mut Option<Proof>,
    last: bool,
) -> Result<usize, MoveError> {
    let (source, target) = open(mover).await?;
    let pairs = Pair::all(&source.tables, &target.tables, mover.homes())?;
    let both = Both::new(mover, &source, &target, &pairs);
    let tenant = &mover.of.tenant;
    let looks = both.looks().await?;
    let here = both.noted_here().await?;
    let mut there = both.noted_there().await?;
    let known = proof.take().filter(|proof| proof.looks == looks && there.len() == 0);
    let whole = known.is_none();
    tracing::debug!(
        target: "tenant::move", noted = here.len(), strange = there.len(), whole, last, tenant.id = %tenant, "a pass"
    );
    let (mut now, mut differences) = if let Some(mut known) = known {
        for snapshot in [&source, &target] {
            snapshot.session.batch(BY_KEY).await.map_err(at("a pass"))?;
        }
        let found = both.compare_keys(&here.keys).await?;
        for (digest, found) in known.digests.iter_mut().zip(&found) {
            digest.replace(&found.there, &found.difference.digest);
        }
        (known, found.into_iter().map(|found| found.difference).collect())
    } else {
        let differences = both.compare().await?;
        let digests = differences.iter().map(|difference| difference.digest.clone()).collect();
        let names = pairs.iter().map(|pair| pair.to.label()).collect();
        (Proof { names, digests, looks }, differences)
    };
    let mut others = false;
    for round in 0.. {
        let Some(table) = differences.iter().position(|difference| !difference.is_none()) else {
            break;
        };
        if round == ROUNDS {
            let table = pairs.get(table).map(|pair| pair.to.label()).unwrap_or_default();
            return Err(MoveError::Differs { table });
        }
        both.fill(&differences).await?;
        // What triggers and cascades have written there is among it.
        there = both.noted_there().await?;
        others |= there.by_others;
        differences = both.compare_again(&differences, &there.keys, &mut now).await?;
    }
    // Whoever wrote there while all was compared has left notes for the next pass.
    let proven = whole || !others;
    let arrived = mover.registry.arrived(&mover.source.place, &mover.target.place);
    let record = (last && proven && !mover.target.same).then_some(&arrived);
    let rows = |table: &Table| {
        if whole {
            return vec![table.of_tenant(tenant)];
        }
        let keys = pairs.iter().zip(&here.keys).find(|(pair, _)| std::ptr::eq(pair.to, table));
        let keys: Vec<String> =
            keys.into_iter().flat_map(|(_, keys)| keys.iter().cloned()).collect();
        keys.chunks(KEYS).map(|keys| of_keys(table, keys, tenant)).collect()
    };
    raise_and_record(&target, &rows, record).await.map_err(sequences)?;
    there.forget(&*target.session, tenant).await?;
    close(&both, &here).await?;
    *proof = proven.then_some(now);
    Ok(here.len())
}

async fn open(mover: &Mover<'_>) -> Result<(Snapshot, Snapshot), MoveError> {
    let source = mover.source.snapshot(READ, "ACCESS SHARE").await?;
    let target = mover.target.snapshot("BEGIN", "ROW EXCLUSIVE").await?;
    target.session.batch(&mover.target.as_mover()).await.map_err(at("the target"))?;
    Ok((source, target))
}

/// First the rows, then the notes: those that a kill leaves are looked at again.
async fn close(both: &Both<'_>, noted: &Noted) -> Result<(), MoveError> {
    both.target.session.batch(COMMIT).await.map_err(at("the target's rows"))?;
    both.source.session.batch("COMMIT").await.map_err(at("the source's rows"))?;
    noted.forget(&*both.source.session, both.tenant()).await
}

fn sequences(error: ImportError) -> MoveError {
    MoveError::Sequences(Box::new(error))
}
