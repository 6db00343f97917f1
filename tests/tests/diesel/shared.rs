//! What the types cannot see on a shared handle is refused before it is sent; and with that look
//! switched off, by the shared role.

use diesel::{
    dsl::{exists, sql},
    sql_types::Bool,
};
use tenant_diesel::{Error, SharedTransaction, TenantDb, prelude::*};
use tenant_tests::shop::Shop;

use crate::schema::{TENANCY, features, invoices, plans};

/// The known gaps of the type gate, by name: each compiles and touches a tenant's table.
const GAPS: [&str; 9] = [
    "boxed root with a subselect in its filter",
    "boxed subselect",
    "HAVING",
    "DISTINCT ON",
    "subselect in UPDATE SET",
    "subselect in a subselect's SELECT",
    "sql literal",
    "boxed UPDATE",
    "INSERT from a SELECT",
];

async fn run(gap: &str, c: &mut SharedTransaction) -> QueryResult<()> {
    let sub = || invoices::table.select(invoices::plan_id);
    match gap {
        "boxed root with a subselect in its filter" => {
            let query = plans::table.into_boxed().filter(exists(sub())).select(plans::id);
            query.scanned().load::<i32>(c).await.map(drop)
        }
        "boxed subselect" => {
            let query = plans::table.filter(plans::id.eq_any(sub().into_boxed()));
            query.select(plans::id).load::<i32>(c).await.map(drop)
        }
        "HAVING" => {
            let query = plans::table.group_by(plans::price).having(exists(sub()));
            query.select(plans::price).load::<i32>(c).await.map(drop)
        }
        "DISTINCT ON" => {
            let query = plans::table.distinct_on(exists(sub())).select(plans::id);
            query.load::<i32>(c).await.map(drop)
        }
        "subselect in UPDATE SET" => {
            let value = sub().single_value().assume_not_null();
            diesel::update(plans::table).set(plans::price.eq(value)).execute(c).await.map(drop)
        }
        "subselect in a subselect's SELECT" => {
            let inner = features::table.select(sub().single_value());
            let query = plans::table.filter(plans::id.nullable().eq_any(inner));
            query.select(plans::id).load::<i32>(c).await.map(drop)
        }
        "sql literal" => {
            let query = plans::table.filter(sql::<Bool>("exists(select 1 from Invoices)"));
            query.select(plans::id).load::<i32>(c).await.map(drop)
        }
        "boxed UPDATE" => {
            let query = diesel::update(plans::table).into_boxed().filter(exists(sub()));
            query.set(plans::price.eq(1)).scanned().execute(c).await.map(drop)
        }
        "INSERT from a SELECT" => {
            let rows =
                invoices::table.select((invoices::plan_id, invoices::note.assume_not_null()));
            let insert = rows.insert_into(plans::table).into_columns((plans::id, plans::name));
            insert.scanned().execute(c).await.map(drop)
        }
        other => panic!("{other}"),
    }
}

/// Attack (types): a tenant's table in what hides its type, on a shared handle (Diesel).
#[tokio::test]
async fn what_the_types_cannot_see_is_refused_before_it_is_sent() {
    let shop = Shop::open(&TENANCY).await;
    let proxy = shop.database.proxy().await.unwrap();
    let url = proxy.url(&format!("{}_login", shop.database.name()));
    let db = TenantDb::connect(url, &TENANCY).await.unwrap();
    let mut shared = db.shared().await.unwrap();
    proxy.reset();
    for gap in GAPS {
        let error = Error::from(run(gap, &mut shared).await.unwrap_err());
        assert!(
            matches!(&error, Error::TenantTable { table } if table == "invoices"),
            "{gap}: {error}"
        );
    }
    assert_eq!(proxy.round_trips(), 0, "{:#?}", proxy.messages());
}

/// Attack (roles): the same with the check switched off (Diesel).
#[tokio::test]
async fn with_the_look_switched_off_the_shared_role_refuses_it() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::builder(&TENANCY)
        .without_shared_audit_unchecked("to see that the role holds by itself")
        .connect(shop.url())
        .await
        .unwrap();
    for gap in GAPS {
        let mut shared = db.shared().await.unwrap();
        let error = Error::from(run(gap, &mut shared).await.unwrap_err());
        assert!(matches!(error, Error::PermissionDenied { .. }), "{gap}: {error}");
    }
}

#[tokio::test]
async fn twin_with_look_and_role_gone_they_would_all_run() {
    let shop = Shop::open(&TENANCY).await;
    let name = shop.database.name();
    let grant = format!(
        "GRANT SELECT ON invoices TO {name}_shared; \
         GRANT USAGE ON SCHEMA tenancy TO {name}_shared; \
         ALTER TABLE invoices DISABLE ROW LEVEL SECURITY; \
         ALTER TABLE plans ALTER price SET DEFAULT 0"
    );
    tenant_core::SqlSession::batch(shop.database.session(), &grant).await.unwrap();
    let db = TenantDb::builder(&TENANCY)
        .without_shared_audit_unchecked("to see what would happen")
        .without_startup_check_unchecked("to see what would happen")
        .connect(shop.url())
        .await
        .unwrap();
    for gap in GAPS {
        let mut shared = db.shared().await.unwrap();
        match run(gap, &mut shared).await {
            Ok(()) => {}
            // It has read the tenants' rows, and fails for what it found in them.
            Err(error) => {
                let found = ["more than one row", "null value in column"];
                assert!(found.iter().any(|f| error.to_string().contains(f)), "{gap}: {error}");
            }
        }
    }
}

#[tokio::test]
async fn the_view_inside_a_tenants_transaction_looks_too() {
    let shop = Shop::open(&TENANCY).await;
    let db = TenantDb::connect(shop.url(), &TENANCY).await.unwrap();
    let mut tx = db.begin(&shop.scope(&shop.a).await).await.unwrap();
    let query = plans::table.filter(sql::<Bool>("exists(select 1 from invoices)"));
    let refused = query.select(plans::id).load::<i32>(&mut tx.shared()).await.unwrap_err();
    assert!(matches!(Error::from(refused), Error::TenantTable { .. }));
    assert_eq!(plans::table.count().get_result::<i64>(&mut tx.shared()).await.unwrap(), 2);
}
