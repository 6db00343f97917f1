use diesel::sql_types::{Bool, Text};
use diesel_async::{
    AsyncConnection, AsyncPgConnection,
    pooled_connection::{
        AsyncDieselConnectionManager, ManagerConfig, RecyclingMethod, deadpool::Pool,
    },
};
use tenant_diesel::{TenantDb, TenantDbBuilder, prelude::*};

use super::{Adding, Call, SETTING, Stack::Diesel, Way};
use crate::shop::{
    Addresses,
    schema::{TENANCY, invoices, plans},
    seal, sealed_layout,
};

diesel::define_sql_function! {
    fn set_config(name: Text, value: Text, local: Bool) -> Text;
}

type Row = (i64, i64, i32);

fn pool(
    url: &str,
    size: u32,
    recycling_method: RecyclingMethod<AsyncPgConnection>,
) -> Pool<AsyncPgConnection> {
    let mut config = ManagerConfig::default();
    config.recycling_method = recycling_method;
    let manager = AsyncDieselConnectionManager::new_with_config(url, config);
    Pool::builder(manager).max_size(size as usize).build().unwrap()
}

pub(super) fn builder(size: u32) -> TenantDbBuilder {
    TenantDb::builder(&TENANCY)
        .max_connections(size)
        .max_scope_age(std::time::Duration::from_hours(10))
}

/// The database's name is the login's, without its ending.
pub(super) fn database(url: &str) -> &str {
    let name = url.rsplit('/').next().unwrap();
    name.split('?').next().unwrap()
}

async fn own(c: &mut AsyncPgConnection, call: &Call) -> QueryResult<Vec<Row>> {
    let query = invoices::table
        .filter(invoices::tenant_id.eq(call.tenant))
        .filter(invoices::id.eq(call.id));
    diesel_async::RunQueryDsl::load(query, c).await
}

async fn set(c: &mut AsyncPgConnection, tenant: &str, local: bool) -> QueryResult<String> {
    let set = diesel::select(set_config(SETTING, tenant, local));
    diesel_async::RunQueryDsl::get_result(set, c).await
}

async fn unfiltered(c: &mut AsyncPgConnection, call: &Call) -> QueryResult<Vec<Row>> {
    diesel_async::RunQueryDsl::load(invoices::table.filter(invoices::id.eq(call.id)), c).await
}

async fn plain(pool: Pool<AsyncPgConnection>, call: Call) {
    let mut c = pool.get().await.unwrap();
    let rows = c.transaction(async |c| own(c, &call).await).await.unwrap();
    assert_eq!(rows.len(), 1);
}

async fn ours(db: TenantDb, call: Call) {
    let mut tx = db.begin(&call.scope).await.unwrap();
    let row = invoices::table.filter(invoices::id.eq(call.id));
    assert_eq!(row.load::<Row>(&mut tx).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
}

async fn deferred(db: TenantDb, call: Call) {
    let mut tx = db.begin_deferred(&call.scope).await.unwrap();
    let row = invoices::table.filter(invoices::id.eq(call.id));
    assert_eq!(row.load::<Row>(&mut tx).await.unwrap().len(), 1);
    tx.commit().await.unwrap();
}

async fn read(db: TenantDb, call: Call) {
    let row = invoices::table.filter(invoices::id.eq(call.id));
    assert_eq!(db.read::<_, _, Row>(&call.scope, row).await.unwrap().len(), 1);
}

pub(super) async fn add(to: &mut Adding, at: &Addresses, size: u32) {
    let none = pool(&at.none, size, RecyclingMethod::Fast);
    to.add((Diesel, Way::Plain), (3, 0), &none, plain);
    let as_it_comes = pool(&at.none, size, RecyclingMethod::Verified);
    to.add((Diesel, Way::PlainAsItComes), (4, 0), &as_it_comes, plain);
    to.add((Diesel, Way::PlainNested), (5, 0), &none, async |pool, call| {
        let mut c = pool.get().await.unwrap();
        let nested = c.transaction(async |c| c.transaction(async |c| own(c, &call).await).await);
        assert_eq!(nested.await.unwrap().len(), 1);
    });
    to.add((Diesel, Way::PlainEmpty), (2, 0), &none, |pool, _| async move {
        let mut c = pool.get().await.unwrap();
        c.transaction(async |_| QueryResult::Ok(())).await.unwrap();
    });
    let by_hand = pool(&at.by_hand, size, RecyclingMethod::Fast);
    to.add((Diesel, Way::ByHand), (4, 0), &by_hand, |pool, call| async move {
        let mut c = pool.get().await.unwrap();
        let rows = c.transaction(async |c| {
            set(c, &call.tenant.to_string(), true).await?;
            unfiltered(c, &call).await
        });
        assert_eq!(rows.await.unwrap().len(), 1);
    });
    to.add((Diesel, Way::AtCheckout), (3, 0), &by_hand, |pool, call| async move {
        let mut c = pool.get().await.unwrap();
        set(&mut c, &call.tenant.to_string(), false).await.unwrap();
        assert_eq!(unfiltered(&mut c, &call).await.unwrap().len(), 1);
        set(&mut c, "0", false).await.unwrap();
    });

    let db = builder(size).connect(&at.ours).await.unwrap();
    let sealed = builder(size).layout(sealed_layout(database(&at.sealed))).seal(seal());
    let sealed = sealed.connect(&at.sealed).await.unwrap();
    to.add((Diesel, Way::Ours), (3, 0), &db, ours);
    to.add((Diesel, Way::OursSealed), (3, 0), &sealed, ours);
    to.add((Diesel, Way::Deferred), (2, 0), &db, deferred);
    to.add((Diesel, Way::DeferredSealed), (2, 0), &sealed, deferred);
    to.add((Diesel, Way::Read), (1, 1), &db, read);
    to.add((Diesel, Way::ReadSealed), (1, 1), &sealed, read);
    to.add((Diesel, Way::OursNested), (5, 0), &db, |db, call| async move {
        let mut tx = db.begin(&call.scope).await.unwrap();
        let rows = tx.transaction(async |tx| {
            invoices::table.filter(invoices::id.eq(call.id)).load::<Row>(tx).await
        });
        assert_eq!(rows.await.unwrap().len(), 1);
        tx.commit().await.unwrap();
    });
    to.add((Diesel, Way::OursShared), (3, 0), &db, |db, _| async move {
        let mut shared = db.shared().await.unwrap();
        let plans = plans::table.filter(plans::id.eq(1)).load::<(i32, String)>(&mut shared);
        assert_eq!(plans.await.unwrap().len(), 1);
        shared.commit().await.unwrap();
    });
    to.add((Diesel, Way::OursEmpty), (2, 0), &db, |db, call| async move {
        db.begin(&call.scope).await.unwrap().commit().await.unwrap();
    });
    to.add((Diesel, Way::DeferredEmpty), (0, 0), &db, |db, call| async move {
        db.begin_deferred(&call.scope).await.unwrap().commit().await.unwrap();
    });
}
