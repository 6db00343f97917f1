//! Every tenant of the Chinook data goes out, is erased and comes back.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use tenant_core::{Export, Import, SqlSession, quote_literal};
use tenant_examples::{chinook::Chinook, diesel_schema::TENANCY};

/// Of all tenants' rows, each tenant's own.
async fn checksums(chinook: &Chinook) -> Vec<(String, String)> {
    let sql =
        "SELECT tenant_id::text AS tenant, md5(string_agg(row, ' ' ORDER BY row)) AS sum FROM (
                 SELECT tenant_id, 'customer' || c::text AS row FROM customer c
                 UNION ALL SELECT tenant_id, 'invoice' || i::text FROM invoice i
                 UNION ALL SELECT tenant_id, 'line' || l::text FROM invoice_line l) AS rows
               GROUP BY tenant_id ORDER BY tenant_id";
    let rows = chinook.database.session().rows(sql, &[]).await.unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    rows.iter().map(|row| (text(&row["tenant"]), text(&row["sum"]))).collect()
}

#[tokio::test]
async fn every_country_goes_out_and_comes_back_and_the_others_stay() {
    let chinook = Chinook::create().await.unwrap();
    let admin = chinook.database.session_as(&format!("{}_admin", chinook.database.name()));
    let folder = tempfile::tempdir().unwrap();
    let before = checksums(&chinook).await;
    assert_eq!(before.len(), 24);
    let mut rows = 0;
    for (country, tenant) in &chinook.countries {
        let path = folder.path().join(country);
        let export = Export::new(&TENANCY, tenant.clone(), "alice", "a test");
        rows += export.to_folder(&admin, &path).await.unwrap().rows();
        let id = quote_literal(&tenant.to_string());
        let erase = format!(
            "DELETE FROM invoice_line WHERE tenant_id = {id}; DELETE FROM invoice WHERE tenant_id = {id};
             DELETE FROM customer WHERE tenant_id = {id}"
        );
        chinook.database.session().batch(&erase).await.unwrap();
        assert_eq!(checksums(&chinook).await.len(), 23);
        Import::new(&TENANCY, &path).run(&admin, "alice", "a test").await.unwrap();
    }
    assert_eq!(checksums(&chinook).await, before);
    assert_eq!(rows, 59 + 412 + 2240);
}
