//! Each wall taken away in turn: the others still hold, and its own tests go red.
//!
//! `docs/attacks.md` has the same table for people.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use tenant_core::{
    Binding, Isolation, Layout, Principal, Seal, SealKey, SealKeys, SqlSession, StaticRegistry,
    TableName, Tenancy, TenantKey, TenantRecord, TenantScope, TransactionOptions, Verified,
    adapter::{Opening, OpeningOptions},
};
use tenant_diesel::TenantDb;
use tenant_testkit::TestDatabase;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wall {
    Roles,
    Rows,
    Seal,
    Watch,
}

/// What is asked of the database, as whom, and which wall answers.
struct Check {
    wall: Wall,
    what: &'static str,
    by: By,
    attack: &'static str,
}

#[derive(Debug, Clone, Copy)]
enum By {
    /// The login that nobody scoped.
    Login,
    /// A transaction without a tenant.
    Shared,
    /// Tenant 1's transaction.
    Tenant,
    /// Not an attack: the walls themselves are broken, and somebody should notice.
    Nobody,
}

const fn check(wall: Wall, what: &'static str, by: By, attack: &'static str) -> Check {
    Check { wall, what, by, attack }
}

/// An attack that comes through succeeds; one that is held is an error.
const CHECKS: [Check; 13] = [
    check(Wall::Roles, "a login that nobody scoped reads a shared table", By::Login, "TABLE plans"),
    check(
        Wall::Roles,
        "a shared handle reaches a tenant's table",
        By::Shared,
        "SELECT FROM orders WHERE false",
    ),
    check(
        Wall::Roles,
        "a tenant writes a shared table",
        By::Tenant,
        "INSERT INTO plans VALUES (7)",
    ),
    check(
        Wall::Roles,
        "a tenant reads a table that nobody declared",
        By::Tenant,
        "TABLE undeclared",
    ),
    check(
        Wall::Rows,
        "a query without a filter sees the other tenant",
        By::Tenant,
        "DO $$ BEGIN ASSERT EXISTS (SELECT FROM orders WHERE tenant_id = 2); END $$",
    ),
    check(
        Wall::Rows,
        "a row is inserted for the other tenant",
        By::Tenant,
        "INSERT INTO orders (tenant_id, v) VALUES (2, 1)",
    ),
    check(
        Wall::Rows,
        "a row is given to the other tenant",
        By::Tenant,
        "DO $$ BEGIN UPDATE orders SET tenant_id = 2 WHERE v = 10; ASSERT FOUND; END $$",
    ),
    check(
        Wall::Rows,
        "the other tenant's row is deleted",
        By::Tenant,
        "DO $$ BEGIN DELETE FROM orders WHERE v = 20; ASSERT FOUND; END $$",
    ),
    check(
        Wall::Rows,
        "rows are read without any tenant",
        By::Tenant,
        "RESET app.current_tenant_id; SET LOCAL app.current_tenant_id = ''; \
         DO $$ BEGIN ASSERT EXISTS (SELECT FROM orders); END $$",
    ),
    check(
        Wall::Seal,
        "injected SQL sets the other tenant",
        By::Tenant,
        "SELECT set_config('app.current_tenant_id', '2', true); \
         DO $$ BEGIN ASSERT EXISTS (SELECT FROM orders WHERE tenant_id = 2); END $$",
    ),
    check(
        Wall::Seal,
        "injected SQL inserts as the other tenant",
        By::Tenant,
        "SET LOCAL app.current_tenant_id = '2'; INSERT INTO orders (v) VALUES (1)",
    ),
    check(
        Wall::Watch,
        "a pool opens on a table that is not forced",
        By::Nobody,
        "ALTER TABLE orders NO FORCE ROW LEVEL SECURITY",
    ),
    check(
        Wall::Watch,
        "a pool opens for a login that bypasses row security",
        By::Nobody,
        "ALTER ROLE {login} BYPASSRLS",
    ),
];

fn tenancy() -> Tenancy {
    Tenancy::new(TenantKey::Bigint)
        .tenant_table(TableName::new("orders"), None)
        .shared_table(TableName::new("plans"))
}

struct Shop {
    database: TestDatabase,
    layout: Layout,
    without: Option<Wall>,
}

impl Shop {
    async fn open(without: Option<Wall>) -> Self {
        let database = TestDatabase::create().await.unwrap();
        let session = database.session();
        let tables = "CREATE TABLE plans (id int); CREATE TABLE undeclared (id int);
            CREATE TABLE orders (id serial PRIMARY KEY, v int)";
        session.batch(tables).await.unwrap();
        let name = database.name();
        let mut layout = if without == Some(Wall::Roles) {
            session.batch(&format!("CREATE ROLE {name}_one LOGIN")).await.unwrap();
            Layout::single_role(&format!("{name}_one")).unwrap()
        } else {
            Layout::new(name).unwrap()
        };
        if without != Some(Wall::Seal) {
            layout = layout.binding(Binding::Sealed);
        }
        database.install(&Isolation::new(&tenancy(), &layout).unwrap()).await.unwrap();
        session.batch("INSERT INTO orders (tenant_id, v) VALUES (1, 10), (2, 20)").await.unwrap();
        if without != Some(Wall::Seal) {
            SealKeys::new(session).add(&key()).await.unwrap();
        }
        if without == Some(Wall::Rows) {
            session.batch("ALTER TABLE orders DISABLE ROW LEVEL SECURITY").await.unwrap();
        }
        if without == Some(Wall::Roles) {
            // What one role for everything comes to.
            let grant = format!("GRANT ALL ON undeclared TO {name}_one");
            session.batch(&grant).await.unwrap();
        }
        Self { database, layout, without }
    }

    fn opening(&self) -> Opening {
        let mut options = OpeningOptions::default();
        if self.without != Some(Wall::Seal) {
            options.seal(Seal::new(key()));
        }
        Opening::new(&self.layout, TenantKey::Bigint, &options).unwrap()
    }

    fn url(&self) -> String {
        self.database.url(self.layout.roles().login())
    }

    /// Whether the attack is held. Whatever it does is rolled back.
    async fn holds(&self, check: &Check) -> bool {
        let begin = match check.by {
            By::Login => "BEGIN".to_owned(),
            By::Shared => self.opening().shared(TransactionOptions::default()),
            By::Tenant => {
                let options = TransactionOptions::default();
                self.opening().tenant(&scope().await, options).unwrap()
            }
            By::Nobody => return self.is_noticed(check).await,
        };
        let mut connection = AsyncPgConnection::establish(&self.url()).await.unwrap();
        connection.batch_execute(&begin).await.unwrap();
        connection.batch_execute(check.attack).await.is_err()
    }

    /// Whether a pool refuses to open once this is broken. It is mended again.
    async fn is_noticed(&self, check: &Check) -> bool {
        let session = self.database.session();
        let login = self.layout.roles().login();
        session.batch(&check.attack.replace("{login}", login)).await.unwrap();
        let mut builder = TenantDb::builder(&tenancy()).layout(self.layout.clone());
        if self.without != Some(Wall::Seal) {
            builder = builder.seal(Seal::new(key()));
        }
        if self.without == Some(Wall::Watch) {
            builder = builder.without_startup_check_unchecked("the wall is gone");
        }
        let opened = builder.connect(self.url()).await;
        let mend =
            format!("ALTER TABLE orders FORCE ROW LEVEL SECURITY; ALTER ROLE {login} NOBYPASSRLS");
        session.batch(&mend).await.unwrap();
        match opened {
            Err(tenant_diesel::Error::NotIsolated { .. }) => true,
            Err(other) => panic!("{other}"),
            Ok(_) => false,
        }
    }
}

fn key() -> SealKey {
    SealKey::new("k1", vec![7; 32]).unwrap()
}

async fn scope() -> TenantScope<Verified> {
    let registry = StaticRegistry::new([TenantRecord::new(1, "one")]);
    TenantScope::claim(1, Principal::Token).verify(&registry).await.unwrap()
}

/// Policies ask for the seal, so without them nobody does when rows are read. The tenant column's
/// default still does when they are written.
fn falls_with(check: &Check, without: Wall) -> bool {
    check.wall == without
        || (without == Wall::Rows && check.wall == Wall::Seal && !check.attack.contains("INSERT"))
}

async fn without(wall: Option<Wall>) {
    let shop = Shop::open(wall).await;
    for check in &CHECKS {
        let expected = !wall.is_some_and(|wall| falls_with(check, wall));
        let held = shop.holds(check).await;
        assert_eq!(held, expected, "without {wall:?}, {:?}: {}", check.wall, check.what);
    }
}

#[tokio::test]
async fn with_all_walls_everything_is_held() {
    without(None).await;
}

#[tokio::test]
async fn without_the_roles_rows_seal_and_watch_hold() {
    without(Some(Wall::Roles)).await;
}

#[tokio::test]
async fn without_row_security_the_roles_and_the_watch_hold() {
    without(Some(Wall::Rows)).await;
}

#[tokio::test]
async fn without_the_seal_roles_rows_and_watch_hold() {
    without(Some(Wall::Seal)).await;
}

#[tokio::test]
async fn without_the_watch_roles_rows_and_seal_hold() {
    without(Some(Wall::Watch)).await;
}
