//! The checks find what they look for.

use std::{sync::Arc, time::Duration};

use tenant_core::SqlSession;
use tenant_examples::chinook::Chinook;

use crate::{
    PATIENT,
    afterwards::{self, Connections},
    books::{Books, Fate},
    generator::{Load, Until},
    service::{Orm, Service},
};

pub(crate) fn before(url: &str, orm: Orm, more: &[&str]) -> Service {
    let program = env!("CARGO_BIN_EXE_invoices-before");
    Service::start(program, orm, more, &[("DATABASE_URL", url)])
}

/// What is found in so many requests to the service without isolation.
async fn findings(orm: Orm, more: &[&str]) -> Vec<String> {
    let shop = Chinook::create_bare().await.unwrap();
    let books = Arc::new(Books::open(&shop, PATIENT).await);
    let service = before(&shop.database.superuser_url(), orm, more);
    Load::new(&books, &service.at, false, 0).await.run(Until::Requests(300)).await;
    afterwards::rows(&books, &shop).await;
    books.findings()
}

async fn one_forgotten_where(orm: Orm) {
    let nothing: [String; 0] = [];
    assert_eq!(findings(orm, &[]).await, nothing);
    let found = findings(orm, &["--forget"]).await;
    assert!(found.iter().any(|what| what.contains("a foreign row")), "{found:#?}");
}

#[tokio::test]
async fn twin_one_forgotten_where_is_found_through_seaorm() {
    one_forgotten_where(Orm::SeaOrm).await;
}

#[tokio::test]
async fn twin_one_forgotten_where_is_found_through_diesel() {
    one_forgotten_where(Orm::Diesel).await;
}

#[tokio::test]
async fn twin_what_is_wrong_afterwards_is_found() {
    let shop = Chinook::create_bare().await.unwrap();
    let books = Arc::new(Books::open(&shop, PATIENT).await);
    let service = before(&shop.database.superuser_url(), Orm::SeaOrm, &[]);
    Load::new(&books, &service.at, false, 0).await.run(Until::Requests(200)).await;
    drop(service);
    let ids: Vec<i32> = books
        .writes()
        .iter()
        .filter_map(|write| match write.fate {
            Fate::Acknowledged(id) => Some(id),
            _ => None,
        })
        .collect();
    let [lost, twice, stolen, ..] = ids[..] else { panic!("few writes: {ids:?}") };
    let sabotage = format!(
        "DELETE FROM invoice WHERE invoice_id = {lost};
         INSERT INTO invoice (customer_id, invoice_date, total, tenant_id)
           SELECT customer_id, invoice_date, total, tenant_id FROM invoice WHERE invoice_id = {twice};
         UPDATE invoice SET tenant_id = gen_random_uuid() WHERE invoice_id = {stolen};
         UPDATE invoice SET total = total + 1 WHERE invoice_id = 1;"
    );
    shop.database.session().batch(&sabotage).await.unwrap();
    afterwards::rows(&books, &shop).await;
    let open = shop.database.session().dedicated().await.unwrap();
    open.batch("BEGIN").await.unwrap();
    afterwards::settled(&books, &shop, &Connections::default(), Duration::ZERO).await;

    let found = books.findings();
    let has = |what: &str| found.iter().any(|found| found.contains(what));
    assert!(has(&format!("Acknowledged({lost}) }}, is there as []")), "{found:#?}");
    assert!(has(&format!("is there as [{twice}, ")), "{found:#?}");
    assert!(has(&format!("id: {stolen},")), "{found:#?}");
    assert!(has(" had (") && has("not idle") && has("1 connections"), "{found:#?}");
}
