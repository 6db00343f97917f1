//! The shop behind `PgBouncer`, and each adapter's way into it.

use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, QueryOrder, QuerySelect};
use tenant_core::{Pooler, TenantId, TenantScope, Verified};
use tenant_diesel::{blocking, prelude::*};
use tenant_tests::{
    bouncer::{Bouncer, Settings},
    shop::Shop,
};

pub(crate) mod schema {
    diesel::table! { projects (id) { id -> Int8, name -> Text, } }
    diesel::table! { plans (id) { id -> Int4, name -> Text, } }
    diesel::table! {
        invoices (id) {
            id -> Int8, project_id -> Int8, plan_id -> Int4, amount -> Int4, note -> Nullable<Text>,
        }
    }

    tenant_diesel::tenancy! {
        pub static TENANCY;
        tenant { projects, invoices }
        shared { plans }
    }
}

#[allow(unreachable_pub, reason = "what the derive makes is public")]
pub(crate) mod invoice {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invoices")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i64,
        pub project_id: i64,
        pub plan_id: i32,
        pub amount: i32,
        pub note: Option<String>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) use schema::TENANCY;

/// What an adapter may be opened with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Adapter {
    Diesel,
    Blocking,
    SeaOrm,
}

pub(crate) const ADAPTERS: [Adapter; 3] = [Adapter::Diesel, Adapter::Blocking, Adapter::SeaOrm];

/// One adapter's pool.
#[derive(Clone)]
pub(crate) enum Pool {
    Diesel(tenant_diesel::TenantDb),
    Blocking(blocking::TenantDb),
    SeaOrm(tenant_seaorm::TenantDb),
}

/// Whether a pool looks for a pooler at its start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    Yes,
    No,
}

pub(crate) fn login(shop: &Shop) -> String {
    format!("{}_login", shop.database.name())
}

pub(crate) async fn bouncer(shop: &Shop, settings: Settings) -> Bouncer {
    Bouncer::with(&shop.database, &login(shop), settings).await
}

/// Which poolers there are, and what is to be said of each: Debian's; and a newer one, which may
/// be treated like any, or as what it is.
pub(crate) fn kinds(servers: u32) -> Vec<(Settings, Pooler)> {
    let mut kinds = vec![(Settings { servers, ..Settings::default() }, Pooler::Transaction)];
    if let Some(newer) = Settings::newer() {
        let newer = Settings { servers, ..newer };
        kinds.push((newer.clone(), Pooler::Transaction));
        kinds.push((newer, Pooler::TransactionWithPreparedStatements));
    } else {
        eprintln!("PGBOUNCER_NEWER names none: a pooler that keeps statements is not tried");
    }
    kinds
}

impl Pool {
    pub(crate) async fn open(
        adapter: Adapter,
        url: &str,
        pooler: Pooler,
        look: Look,
    ) -> Result<Self, String> {
        const REASON: &str = "the test wants to see what happens";
        match adapter {
            Adapter::Diesel => {
                let mut builder =
                    tenant_diesel::TenantDb::builder(&TENANCY).pooler(pooler).max_connections(8);
                if look == Look::No {
                    builder = builder.without_startup_check_unchecked(REASON);
                }
                builder.connect(url).await.map(Self::Diesel).map_err(|e| e.to_string())
            }
            Adapter::Blocking => {
                let mut builder =
                    blocking::TenantDb::builder(&TENANCY).pooler(pooler).max_connections(8);
                if look == Look::No {
                    builder = builder.without_startup_check_unchecked(REASON);
                }
                let url = url.to_owned();
                let opened = tokio::task::spawn_blocking(move || builder.connect(url));
                opened.await.unwrap().map(Self::Blocking).map_err(|e| e.to_string())
            }
            Adapter::SeaOrm => {
                let mut builder =
                    tenant_seaorm::TenantDb::builder(&TENANCY).pooler(pooler).max_connections(8);
                if look == Look::No {
                    builder = builder.without_startup_check_unchecked(REASON);
                }
                builder.connect(url).await.map(Self::SeaOrm).map_err(|e| e.to_string())
            }
        }
    }

    /// A transaction that writes one row and reads the newest ones: their amounts.
    pub(crate) async fn transaction(
        &self,
        scope: &TenantScope<Verified>,
        amount: i32,
    ) -> Result<Vec<i32>, String> {
        match self {
            Self::Diesel(db) => diesel_transaction(db, scope, amount).await,
            Self::Blocking(db) => {
                let (db, scope) = (db.clone(), scope.clone());
                let run = move || db.transaction(&scope, |tx| blocking_transaction(tx, amount));
                let ran = tokio::task::spawn_blocking(run).await.unwrap();
                ran.map_err(|e: diesel::result::Error| e.to_string())
            }
            Self::SeaOrm(db) => seaorm_transaction(db, scope, amount).await,
        }
    }
}

type NewInvoice = (
    diesel::dsl::Eq<schema::invoices::project_id, i64>,
    diesel::dsl::Eq<schema::invoices::plan_id, i32>,
    diesel::dsl::Eq<schema::invoices::amount, i32>,
);

fn new(amount: i32) -> NewInvoice {
    use schema::invoices::dsl;
    (dsl::project_id.eq(1), dsl::plan_id.eq(1), dsl::amount.eq(amount))
}

/// Everybody's newest rows, if nothing holds them back.
#[diesel::dsl::auto_type(no_type_alias)]
pub(crate) fn newest() -> _ {
    let newest = schema::invoices::id.desc();
    schema::invoices::table.select(schema::invoices::amount).order(newest).limit(20_i64)
}

fn blocking_transaction(
    tx: &mut blocking::TenantTransaction,
    amount: i32,
) -> Result<Vec<i32>, diesel::result::Error> {
    let insert = diesel::insert_into(schema::invoices::table).values(new(amount));
    blocking::RunQueryDsl::execute(insert, tx)?;
    blocking::RunQueryDsl::load(newest(), tx)
}

async fn diesel_transaction(
    db: &tenant_diesel::TenantDb,
    scope: &TenantScope<Verified>,
    amount: i32,
) -> Result<Vec<i32>, String> {
    let mut tx = db.begin(scope).await.map_err(|e| e.to_string())?;
    let insert = diesel::insert_into(schema::invoices::table).values(new(amount));
    insert.execute(&mut tx).await.map_err(|e| e.to_string())?;
    let seen = newest().load(&mut tx).await.map_err(|e| e.to_string())?;
    tx.commit().await.map_err(|e| e.to_string())?;
    Ok(seen)
}

async fn seaorm_transaction(
    db: &tenant_seaorm::TenantDb,
    scope: &TenantScope<Verified>,
    amount: i32,
) -> Result<Vec<i32>, String> {
    let tx = db.begin(scope).await.map_err(|e| e.to_string())?;
    let invoice = invoice::ActiveModel {
        project_id: Set(1),
        plan_id: Set(1),
        amount: Set(amount),
        ..Default::default()
    };
    invoice.insert(&tx).await.map_err(|e| e.to_string())?;
    let newest = invoice::Entity::find().order_by_desc(invoice::Column::Id).limit(20);
    let newest = newest.select_only().column(invoice::Column::Amount);
    let seen = newest.into_tuple().all(&tx).await.map_err(|e| e.to_string())?;
    tx.commit().await.map_err(|e| e.to_string())?;
    Ok(seen)
}

/// Amounts that say whose they are: the first tenant's are below, the second's above.
pub(crate) const BORDER: i32 = 1_000_000;

pub(crate) async fn scopes(shop: &Shop) -> [TenantScope<Verified>; 2] {
    let own = "UPDATE invoices SET amount = amount + 1000000 WHERE tenant_id = \
               (SELECT max(tenant_id::text)::uuid FROM invoices)";
    tenant_core::SqlSession::batch(shop.database.session(), own).await.unwrap();
    let tenants: [&TenantId; 2] = [&shop.a, &shop.b];
    let [a, b] = tenants.map(|tenant| shop.scope(tenant));
    [a.await, b.await]
}
