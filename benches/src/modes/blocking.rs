use diesel::{
    Connection as _, PgConnection,
    r2d2::{ConnectionManager, Pool},
};
use tenant_diesel::blocking::{TenantDb, prelude::*};

use super::{
    Adding, Call, SETTING,
    Stack::Blocking,
    Way,
    diesel::{database, set_config},
};
use crate::shop::{
    Addresses,
    schema::{TENANCY, invoices, plans},
    seal, sealed_layout,
};

type PgPool = Pool<ConnectionManager<PgConnection>>;
type Row = (i64, i64, i32);

fn pool(url: &str, size: u32, pings: bool) -> PgPool {
    let builder = Pool::builder().max_size(size).min_idle(Some(0)).test_on_check_out(pings);
    builder.build(ConnectionManager::new(url)).unwrap()
}

fn own(c: &mut PgConnection, call: &Call) -> QueryResult<Vec<Row>> {
    let query = invoices::table
        .filter(invoices::tenant_id.eq(call.tenant))
        .filter(invoices::id.eq(call.id));
    diesel::RunQueryDsl::load(query, c)
}

fn set(c: &mut PgConnection, tenant: &str, local: bool) -> QueryResult<String> {
    diesel::RunQueryDsl::get_result(diesel::select(set_config(SETTING, tenant, local)), c)
}

fn unfiltered(c: &mut PgConnection, call: &Call) -> QueryResult<Vec<Row>> {
    diesel::RunQueryDsl::load(invoices::table.filter(invoices::id.eq(call.id)), c)
}

async fn plain(pool: PgPool, call: Call) {
    let mut c = pool.get().unwrap();
    assert_eq!(c.transaction(|c| own(c, &call)).unwrap().len(), 1);
}

async fn ours(db: TenantDb, call: Call) {
    let mut tx = db.begin(&call.scope).unwrap();
    let row = invoices::table.filter(invoices::id.eq(call.id));
    assert_eq!(row.load::<Row>(&mut tx).unwrap().len(), 1);
    tx.commit().unwrap();
}

/// Each blocks its thread until it is through.
pub(super) fn add(to: &mut Adding, at: &Addresses, size: u32) {
    let none = pool(&at.none, size, false);
    to.add((Blocking, Way::Plain), (3, 0), &none, plain);
    let as_it_comes = pool(&at.none, size, true);
    to.add((Blocking, Way::PlainAsItComes), (4, 0), &as_it_comes, plain);
    to.add((Blocking, Way::PlainNested), (5, 0), &none, async |pool: PgPool, call| {
        let mut c = pool.get().unwrap();
        let rows = c.transaction(|c| c.transaction(|c| own(c, &call)));
        assert_eq!(rows.unwrap().len(), 1);
    });
    to.add((Blocking, Way::PlainEmpty), (2, 0), &none, async |pool: PgPool, _| {
        pool.get().unwrap().transaction(|_| QueryResult::Ok(())).unwrap();
    });
    let by_hand = pool(&at.by_hand, size, false);
    to.add((Blocking, Way::ByHand), (4, 0), &by_hand, async |pool: PgPool, call: Call| {
        let mut c = pool.get().unwrap();
        let rows = c.transaction(|c| {
            set(c, &call.tenant.to_string(), true)?;
            unfiltered(c, &call)
        });
        assert_eq!(rows.unwrap().len(), 1);
    });
    to.add((Blocking, Way::AtCheckout), (3, 0), &by_hand, async |pool: PgPool, call: Call| {
        let mut c = pool.get().unwrap();
        set(&mut c, &call.tenant.to_string(), false).unwrap();
        assert_eq!(unfiltered(&mut c, &call).unwrap().len(), 1);
        set(&mut c, "0", false).unwrap();
    });

    let age = std::time::Duration::from_hours(10);
    let builder = || TenantDb::builder(&TENANCY).max_connections(size).max_scope_age(age);
    let db = builder().connect(&at.ours).unwrap();
    let sealed = builder().layout(sealed_layout(database(&at.sealed))).seal(seal());
    let sealed = sealed.connect(&at.sealed).unwrap();
    to.add((Blocking, Way::Ours), (3, 0), &db, ours);
    to.add((Blocking, Way::OursSealed), (3, 0), &sealed, ours);
    to.add((Blocking, Way::OursNested), (5, 0), &db, async |db: TenantDb, call: Call| {
        let mut tx = db.begin(&call.scope).unwrap();
        let rows =
            tx.transaction(|tx| invoices::table.filter(invoices::id.eq(call.id)).load::<Row>(tx));
        assert_eq!(rows.unwrap().len(), 1);
        tx.commit().unwrap();
    });
    to.add((Blocking, Way::OursShared), (3, 0), &db, async |db: TenantDb, _| {
        let mut shared = db.shared().unwrap();
        let plans = plans::table.filter(plans::id.eq(1)).load::<(i32, String)>(&mut shared);
        assert_eq!(plans.unwrap().len(), 1);
        shared.commit().unwrap();
    });
    to.add((Blocking, Way::OursEmpty), (2, 0), &db, async |db: TenantDb, call: Call| {
        db.begin(&call.scope).unwrap().commit().unwrap();
    });
}
