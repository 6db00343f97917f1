//! One pass: the target's rows become what the source's are, in one transaction of the target.

use super::{
    MoveError, MovedTable, Mover,
    compare::{Difference, compare},
    error::at,
    fill::fill,
    pair::Pair,
};
use crate::{COMMIT, ImportError, export::sequences::raise_and_record};

pub(super) const READ: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// Brings the target up to the source as it is now, and says how many rows that took.
pub(super) async fn pass(mover: &Mover<'_>) -> Result<usize, MoveError> {
    Ok(run(mover, false).await?.0)
}

/// The same under the freeze, when nothing changes any more: both sides are compared again after the
/// last change, and are equal.
pub(super) async fn last_pass(mover: &Mover<'_>) -> Result<Vec<MovedTable>, MoveError> {
    Ok(run(mover, true).await?.1)
}

async fn run(mover: &Mover<'_>, last: bool) -> Result<(usize, Vec<MovedTable>), MoveError> {
    let tenant = &mover.of.tenant;
    let source = mover.source.snapshot(READ, "ACCESS SHARE").await?;
    let target = mover.target.snapshot("BEGIN", "ROW EXCLUSIVE").await?;
    target.session.batch(&mover.target.as_mover()).await.map_err(at("the target"))?;
    let pairs = Pair::all(&source.tables, &target.tables, mover.homes())?;
    let mut differences = compare(&source, &target, &pairs, tenant).await?;
    let mut changed = 0;
    if !differences.iter().all(Difference::is_none) {
        changed = fill(mover, &source, &target, &pairs, &differences).await?;
        if last {
            differences = compare(&source, &target, &pairs, tenant).await?;
        }
    }
    let mut tables = Vec::new();
    if last {
        for (pair, difference) in pairs.iter().zip(&differences) {
            let (table, digest) = (pair.to.label(), &difference.digest);
            if !difference.is_none() {
                return Err(MoveError::Differs { table });
            }
            tables.push(MovedTable { table, rows: digest.rows, checksum: digest.text() });
        }
    }
    let arrived = mover.registry.arrived(&mover.source.place, &mover.target.place);
    let record = (last && !mover.target.same).then_some(&arrived);
    raise_and_record(&target, tenant, record).await.map_err(sequences)?;
    target.session.batch(COMMIT).await.map_err(at("the target's rows"))?;
    source.session.batch("COMMIT").await.map_err(at("the source's rows"))?;
    Ok((changed, tables))
}

fn sequences(error: ImportError) -> MoveError {
    MoveError::Sequences(Box::new(error))
}
