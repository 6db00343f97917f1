//! `down`.

use tenant_core::SqlSession;

use crate::fixture::{distributed, isolation, one, open_commands, shop};

#[tokio::test]
async fn what_was_distributed_comes_back_and_what_was_so_before_stays() {
    let database = shop().await;
    let before = open_commands(&database).await;
    database.session().batch("SELECT create_reference_table('plans')").await.unwrap();
    let isolation = isolation(&database);
    database.install(&isolation).await.unwrap();
    isolation.revert(database.session()).await.unwrap();
    assert_eq!(distributed(&database).await, "plans n t 2");
    assert_eq!(open_commands(&database).await, before);
    let told =
        "SELECT count(*) FROM imitated_commands WHERE command LIKE 'GRANT EXECUTE%TO PUBLIC'";
    assert_eq!(one(&database, told).await, "3");
}

#[tokio::test]
async fn without_citus_the_rest_is_given_back_all_the_same() {
    let database = shop().await;
    let isolation = isolation(&database);
    database.install(&isolation).await.unwrap();
    let gone = "SET allow_system_table_mods = on; DELETE FROM pg_extension WHERE extname = 'citus';
        DROP TABLE pg_catalog.pg_dist_partition, pg_catalog.pg_dist_object CASCADE";
    database.session().batch(gone).await.unwrap();
    isolation.revert(database.session()).await.unwrap();
    assert_eq!(one(&database, "SELECT to_regnamespace('tenancy')").await, "NULL");
}
