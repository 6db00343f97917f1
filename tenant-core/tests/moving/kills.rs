//! Movers that are killed, at every statement, while the tenant writes, and the runs that go on from there.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use tenant_core::{JsonRow, MoveError, MoveSessions, Placement, SessionError, SqlSession};
use tokio::sync::Notify;

use crate::fixture::{DECLARED, Shop, checksum_sql, schema};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kill {
    /// The future is dropped before the statement is sent.
    Before,
    /// It is dropped when the statement was done, and nobody has heard.
    After,
    /// The server ends the connection.
    Backend,
}

/// A session that kills its mover at one of its statements.
#[derive(Clone)]
struct Killing {
    inner: Arc<dyn SqlSession>,
    superuser: Arc<dyn SqlSession>,
    count: Arc<AtomicUsize>,
    at: usize,
    how: Kill,
    killed: Arc<Notify>,
    /// The tenant's rows after it has written, half-way to the kill; none where it was refused.
    written: Arc<Mutex<Option<String>>>,
}

/// What the tenant writes meanwhile, wherever it lives.
const WRITE: &str = "
    UPDATE {home}.customers SET amount = amount + 1 WHERE tenant_id = 1 AND name LIKE 'c7 %';
    INSERT INTO {home}.orders (tenant_id, customer, total) SELECT 1, min(id), {n} FROM {home}.customers WHERE tenant_id = 1;
    DELETE FROM {home}.orders WHERE tenant_id = 1 AND id = (SELECT min(id) FROM {home}.orders WHERE tenant_id = 1);
    UPDATE {home}.tags SET name = CASE name WHEN 'a' THEN 'k' ELSE 'a' END WHERE tenant_id = 1 AND name IN ('a', 'k')";

impl Killing {
    fn new(shop: &Shop, at: usize, how: Kill) -> Self {
        Self {
            inner: Arc::new(shop.admin()),
            superuser: Arc::new(shop.database.session().clone()),
            count: Arc::default(),
            at,
            how,
            killed: Arc::default(),
            written: Arc::default(),
        }
    }

    async fn write(&self) {
        let home = "SELECT coalesce(schema, 'public') AS home FROM tenancy.tenants WHERE id = 1";
        let rows = self.superuser.rows(home, &[]).await.unwrap();
        let home = rows[0]["home"].as_str().unwrap();
        let sql = WRITE.replace("{home}", home).replace("{n}", &self.at.to_string());
        match self.superuser.batch(&sql).await {
            Ok(()) => {
                let rows = self.superuser.rows(&checksum_sql(home, 1), &[]).await.unwrap();
                *self.written.lock().unwrap() = rows[0]["x"].as_str().map(str::to_owned);
            }
            Err(error) => assert_eq!(error.constraint.as_deref(), Some("tenant_moving"), "{error}"),
        }
    }

    async fn die(&self) {
        self.killed.notify_one();
        std::future::pending::<()>().await;
    }

    async fn before(&self) -> bool {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        if count == self.at / 2 {
            self.write().await;
        }
        let here = count == self.at;
        match self.how {
            Kill::Before if here => self.die().await,
            Kill::Backend if here => {
                let pid = self.inner.rows("SELECT pg_backend_pid() AS pid", &[]).await;
                if let Ok(rows) = pid {
                    let kill =
                        format!("SELECT pg_terminate_backend({})::text AS x", rows[0]["pid"]);
                    self.superuser.rows(&kill, &[]).await.unwrap();
                }
            }
            _ => {}
        }
        here && self.how == Kill::After
    }
}

#[async_trait]
impl SqlSession for Killing {
    async fn batch(&self, sql: &str) -> Result<(), SessionError> {
        let after = self.before().await;
        let result = self.inner.batch(sql).await;
        if after {
            self.die().await;
        }
        result
    }

    async fn rows(&self, sql: &str, params: &[&str]) -> Result<Vec<JsonRow>, SessionError> {
        let after = self.before().await;
        let result = self.inner.rows(sql, params).await;
        if after {
            self.die().await;
        }
        result
    }

    async fn dedicated(&self) -> Result<Box<dyn SqlSession>, SessionError> {
        let inner = Arc::from(self.inner.dedicated().await?);
        Ok(Box::new(Self { inner, ..self.clone() }))
    }
}

/// Runs a move that is killed there; whether it came that far, and what the tenant wrote meanwhile.
async fn killed(shop: &Shop, to: &Placement, at: usize, how: Kill) -> (bool, Option<String>) {
    let mut last = None;
    loop {
        let session = Killing::new(shop, at, how);
        let a_move = shop.a_move(to);
        let run = a_move.run(MoveSessions::one(&session), "alice", "a test");
        let result = tokio::select! {
            result = run => Some(result),
            () = session.killed.notified() => None,
        };
        last = session.written.lock().unwrap().take().or(last);
        // The one before is not gone yet.
        if matches!(result, Some(Err(MoveError::Busy(_)))) {
            continue;
        }
        return (session.count.load(Ordering::Relaxed) > at, last);
    }
}

/// What holds at every moment: one place has all rows and is the tenant's home, and once it is another
/// than it was, the one that was is frozen or empty.
async fn assert_one_home(
    shop: &Shop,
    from: (&Placement, &str),
    to: &str,
    checksum: &str,
    at: &str,
) {
    let moved = shop.home().await != home_of(from.0);
    let home = if moved { to } else { from.1 };
    assert_eq!(shop.checksum(home, 1).await, checksum, "{at}");
    if moved && shop.count(from.1, 1).await > 0 {
        let triggers = format!(
            "SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'tenancy_moving%' AND tgparentid = 0 \
             AND tgrelid IN (SELECT oid FROM pg_class WHERE relnamespace = '{}'::regnamespace)",
            from.1
        );
        assert_eq!(shop.one(&triggers).await, (DECLARED.len() * 3).to_string(), "{at}");
    }
}

fn home_of(place: &Placement) -> String {
    match place.schema_name() {
        Some(schema) => format!("schema main {schema}"),
        None => "shared main".to_owned(),
    }
}

/// The locks of a mover that was dropped go when the server has noticed.
async fn resumed(shop: &Shop, to: &Placement) {
    loop {
        match shop.moved(to).await {
            Err(MoveError::Busy(_)) => tokio::task::yield_now().await,
            Err(MoveError::AlreadyThere { .. }) | Ok(_) => return,
            Err(error) => panic!("{error}"),
        }
    }
}

/// Kills at every `stride`th statement, in both directions by turns.
async fn everywhere(how: Kill, stride: usize) {
    let shop = Shop::open().await;
    let mut before = (shop.checksum("public", 1).await, shop.checksum("public", 2).await);
    let ends = [(Placement::default(), "public"), (schema("acme"), "acme")];
    let (mut at, mut here) = (0, 0);
    loop {
        let (from, to) = (&ends[here], &ends[1 - here]);
        let label = format!("{how:?} at {at}");
        let (came, written) = killed(&shop, &to.0, at, how).await;
        before.0 = written.unwrap_or(before.0);
        assert_one_home(&shop, (&from.0, from.1), to.1, &before.0, &label).await;
        resumed(&shop, &to.0).await;
        assert_eq!(shop.home().await, home_of(&to.0), "{label}");
        assert_eq!(shop.checksum(to.1, 1).await, before.0, "{label}");
        assert_eq!(shop.count(from.1, 1).await, 0, "{label}");
        shop.assert_settled().await;
        if !came {
            break;
        }
        (at, here) = (at + stride, 1 - here);
    }
    assert!(at > 200, "{at}");
    assert_eq!(shop.checksum("public", 2).await, before.1);
}

#[tokio::test]
async fn a_mover_that_is_dropped_before_a_statement_is_resumed() {
    everywhere(Kill::Before, 41).await;
}

#[tokio::test]
async fn a_mover_that_is_dropped_after_a_statement_is_resumed() {
    everywhere(Kill::After, 43).await;
}

#[tokio::test]
async fn a_mover_whose_connection_is_ended_is_resumed() {
    everywhere(Kill::Backend, 47).await;
}

#[tokio::test]
#[ignore = "minutes; cargo test -p tenant-core --features export --test moving -- --ignored kills"]
async fn a_mover_that_is_killed_at_any_statement_is_resumed() {
    for how in [Kill::Before, Kill::After, Kill::Backend] {
        everywhere(how, 1).await;
    }
}

#[tokio::test]
async fn a_killed_move_that_has_not_switched_is_cancelled_and_leaves_nothing() {
    let shop = Shop::open().await;
    let mut before = shop.checksum("public", 1).await;
    let to = schema("acme");
    let mut at = 3;
    loop {
        let (came, written) = killed(&shop, &to, at, Kill::After).await;
        assert!(came);
        before = written.unwrap_or(before);
        let switched = loop {
            match shop.cancelled(&to).await {
                Err(MoveError::Busy(_)) => tokio::task::yield_now().await,
                Err(MoveError::NotBegun(_)) | Ok(()) => break false,
                Err(MoveError::Switched { .. }) => break true,
                Err(error) => panic!("{error}"),
            }
        };
        if switched {
            break;
        }
        assert_eq!(shop.home().await, "shared main");
        assert_eq!(
            (shop.checksum("public", 1).await, shop.count("acme", 1).await),
            (before.clone(), 0)
        );
        shop.assert_settled().await;
        at += 37;
    }
    assert!(at > 100, "{at}");
    resumed(&shop, &to).await;
    assert_eq!(shop.checksum("acme", 1).await, before);
}

#[tokio::test]
async fn two_movers_of_one_tenant_do_not_run() {
    let shop = Shop::open().await;
    let to = schema("acme");
    let first = Killing::new(&shop, 40, Kill::After);
    let a_move = shop.a_move(&to);
    let mut run = Box::pin(a_move.run(MoveSessions::one(&first), "alice", "a test"));
    tokio::select! {
        result = &mut run => panic!("{result:?}"),
        () = first.killed.notified() => {}
    }
    // It stands still, and holds its locks.
    assert!(matches!(shop.moved(&to).await, Err(MoveError::Busy(_))));
    assert!(matches!(shop.cancelled(&to).await, Err(MoveError::Busy(_))));
    drop(run);
    resumed(&shop, &to).await;
}
