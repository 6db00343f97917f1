//! Lint needs no rights: whoever may connect may read the catalogue.

use tenant_core::{Lint, SqlSession};

use crate::{
    fixture::{isolated, prefixed, tenancy},
    undone::Undone,
};

#[tokio::test]
async fn a_login_that_may_do_nothing_finds_the_same() {
    let db = isolated().await;
    let session = Undone::begin(&db).await.unwrap();
    for rule in ["TEN004", "TEN104", "TEN122", "TEN203", "TEN229", "TEN301", "TEN304", "TEN508"] {
        let rule = Lint::rules().iter().find(|other| other.code == rule).unwrap();
        session.batch(&prefixed(rule.example.triggers, &db)).await.unwrap();
    }
    let lint = Lint::new(&tenancy());
    let as_superuser = lint.run(&session).await.unwrap();
    session.batch(&prefixed("SET SESSION AUTHORIZATION {prefix}_login", &db)).await.unwrap();
    let as_login = lint.run(&session).await.unwrap();
    assert_eq!(as_superuser, as_login);
    assert!(as_login.findings.len() >= 8, "{as_login}");
}
