//! Many writers at once, while it is switched on, read and switched off.

use std::sync::Arc;

use tenant_core::{AdoptWatch, SqlSession};
use tokio::task::JoinSet;

use super::{isolation, name, report, watched};

const WRITERS: usize = 8;
const EACH: usize = 60;

/// Each writer's transactions, of which every second one forgets its tenant. All write the same rows, in
/// an order in which they cannot lock each other out by themselves.
fn writers(db: &Arc<tenant_testkit::TestDatabase>) -> JoinSet<()> {
    let mut writers = JoinSet::new();
    for _ in 0..WRITERS {
        let db = Arc::clone(db);
        writers.spawn(async move {
            let session = db.session().dedicated().await.unwrap();
            for n in 0..EACH {
                let tenant = if n % 2 == 0 { "" } else { "1" };
                let sql = format!(
                    "BEGIN; SELECT set_config('app.current_tenant_id', '{tenant}', true);
                     UPDATE customers SET name = 'x' WHERE id = 10;
                     UPDATE invoices SET note = 'x' WHERE id = 1; COMMIT"
                );
                session.batch(&sql).await.unwrap();
            }
        });
    }
    writers
}

#[tokio::test(flavor = "multi_thread")]
async fn no_write_fails_and_no_count_is_lost() {
    let db = Arc::new(watched().await);
    let mut writers = writers(&db);
    // Reports in between empty the log under the writers' hands.
    let mut reports = 0;
    while !writers.is_empty() {
        report(&db).await;
        reports += 1;
        while let Some(done) = writers.try_join_next() {
            done.unwrap();
        }
    }
    assert!(reports > 1);
    let seen = report(&db).await.writes;
    let counts: Vec<_> = seen.iter().map(|w| (&*w.table, w.statements)).collect();
    let forgot = i64::try_from(WRITERS * EACH / 2).unwrap();
    assert_eq!(counts, [("customers", forgot), ("invoices", forgot)]);
}

/// Whoever switches gives way; whoever writes does not notice.
#[tokio::test(flavor = "multi_thread")]
async fn switching_on_and_off_under_writers_fails_none_of_them() {
    let db = Arc::new(watched().await);
    let mut writers = writers(&db);
    let tables = ["customers", "invoices"].map(name);
    let isolation = isolation(&db);
    let (mut switched, mut gave_way) = (0, 0);
    while !writers.is_empty() {
        let watch = AdoptWatch::new(db.session());
        for done in [watch.off(&[]).await, watch.on(&isolation, &tables).await.map(drop)] {
            match done {
                Ok(()) => switched += 1,
                Err(error) => {
                    assert!(error.to_string().contains("55P03"), "{error}");
                    gave_way += 1;
                }
            }
        }
        while let Some(done) = writers.try_join_next() {
            done.unwrap();
        }
    }
    assert!(switched > 0, "{gave_way}");
    AdoptWatch::new(db.session()).off(&[]).await.unwrap();
}
