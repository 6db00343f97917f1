//! Findings that somebody has answered.

use tenant_core::{Error, Lint, SqlSession};

use crate::{
    fixture::{codes, isolated, prefixed, tenancy},
    undone::Undone,
};

#[tokio::test]
async fn a_finding_that_has_a_reason_in_code_stays_visible() {
    let db = isolated().await;
    let session = Undone::begin(&db).await.unwrap();
    session.batch("ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY").await.unwrap();
    let lint = Lint::new(&tenancy());
    assert_eq!(codes(&lint.run(&session).await.unwrap()), ["TEN002"]);
    let lint = lint.suppress("TEN002", "table public.invoices", " until the owner is split off ");
    let report = lint.run(&session).await.unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.suppressed.len(), 1);
    assert_eq!(report.suppressed[0].finding.code, "TEN002");
    assert_eq!(report.suppressed[0].reason, "until the owner is split off");
    assert!(report.to_string().contains("until the owner is split off"), "{report}");
}

#[tokio::test]
async fn a_comment_answers_for_its_object_alone() {
    let db = isolated().await;
    let session = Undone::begin(&db).await.unwrap();
    let sql = "
        ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE invoices ALTER COLUMN tenant_id DROP NOT NULL;
        ALTER TABLE projects NO FORCE ROW LEVEL SECURITY;
        ALTER ROLE {prefix}_login CREATEDB;
        COMMENT ON ROLE {prefix}_login IS 'tenancy: allow TEN106 because it makes test databases';
        COMMENT ON TABLE invoices IS 'What customers owe.
            tenancy: allow TEN002 because its owner is nobody
            tenancy: allow TEN205 because old rows have none
            Ask Ada.';";
    session.batch(&prefixed(sql, &db)).await.unwrap();
    let report = Lint::new(&tenancy()).run(&session).await.unwrap();
    assert_eq!(report.findings.len(), 1, "{report}");
    assert_eq!(report.findings[0].object, "table public.projects");
    let mut reasons: Vec<&str> = report.suppressed.iter().map(|s| s.reason.as_str()).collect();
    reasons.sort_unstable();
    assert_eq!(reasons, ["it makes test databases", "its owner is nobody", "old rows have none"]);
}

#[tokio::test]
async fn without_a_reason_or_a_finding_it_is_said() {
    let db = isolated().await;
    let session = Undone::begin(&db).await.unwrap();
    session
        .batch(
            "ALTER TABLE invoices NO FORCE ROW LEVEL SECURITY;
             COMMENT ON TABLE invoices IS 'tenancy: allow TEN002 because';
             COMMENT ON POLICY tenancy_select ON projects IS 'tenancy: allow TEN999 because of x';",
        )
        .await
        .unwrap();
    let lint = Lint::new(&tenancy()).suppress("TEN114", "table public.projects", "we never do");
    let report = lint.run(&session).await.unwrap();
    assert_eq!(codes(&report), ["TEN002", "TEN901", "TEN902"], "{report}");
    assert_eq!(report.findings.iter().filter(|f| f.code == "TEN902").count(), 2, "{report}");
    assert!(report.suppressed.is_empty());
}

#[tokio::test]
async fn a_suppression_without_a_reason_is_refused_before_anything_is_asked() {
    let db = isolated().await;
    for (code, reason) in [("TEN002", ""), ("TEN002", " \n"), ("TEN999", "because")] {
        let lint = Lint::new(&tenancy()).suppress(code, "table public.invoices", reason);
        let refused = lint.run(db.session()).await;
        assert!(matches!(refused, Err(Error::InvalidSuppression { .. })), "{refused:?}");
    }
}
