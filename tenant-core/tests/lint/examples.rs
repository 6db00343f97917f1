//! Every rule on its own examples: what triggers it is found, and nothing else is; what mends it
//! mends it; the clean twin is clean.

use tenant_core::{Lint, Rule};

use crate::fixture::{codes, isolated, run, tenancy};

/// Ranges of codes are tests of their own, so that they run side by side.
macro_rules! examples {
    ($($test:ident: $from:literal;)*) => {$(
        #[tokio::test]
        async fn $test() {
            let rules: Vec<&Rule> =
                Lint::rules().iter().filter(|rule| rule.code.starts_with($from)).collect();
            assert!(!rules.is_empty());
            let mut wrong = String::new();
            for rule in rules {
                for result in [triggers(rule).await, is_clean(rule).await] {
                    wrong.extend(result.err().map(|why| format!("{}: {why}\n\n", rule.code)));
                }
            }
            assert!(wrong.is_empty(), "{wrong}");
        }
    )*};
}

examples! {
    row_security_and_policies: "TEN00";
    policies_expressions: "TEN01";
    more_policies: "TEN02";
}

/// `-- server 150002` as the first line of an example says on which version it is found.
fn as_server(rule: &Rule, sql: &str) -> Lint {
    let lint = Lint::new(&tenancy());
    let version = sql.lines().find_map(|line| line.trim().strip_prefix("-- server "));
    match version.map(|version| version.parse()) {
        Some(Ok(version)) => lint.server_version(version),
        Some(Err(why)) => panic!("{}: {why}", rule.code),
        None => lint,
    }
}

async fn triggers(rule: &Rule) -> Result<(), String> {
    let db = isolated().await;
    let lint = as_server(rule, rule.example.triggers);
    run(&db, rule.example.triggers).await?;
    let report = lint.run(db.session()).await.map_err(|why| why.to_string())?;
    if codes(&report) != [rule.code] {
        return Err(format!("should be found alone in:\n{report}"));
    }
    let object = rule.example.object.replace("{prefix}", db.name());
    if !report.findings.iter().any(|finding| finding.object == object) {
        return Err(format!("should be found on {object} in:\n{report}"));
    }
    let mends: Vec<&str> =
        report.findings.iter().filter_map(|finding| finding.mend.as_deref()).collect();
    if mends.is_empty() {
        return Ok(());
    }
    if mends.len() < report.findings.len() {
        return Err(format!("has a mend for some and not for others:\n{report}"));
    }
    for mend in mends {
        run(&db, mend).await?;
    }
    let mended = lint.run(db.session()).await.map_err(|why| why.to_string())?;
    if codes(&mended).contains(&rule.code) {
        return Err(format!("is not mended:\n{mended}\nby what was said before:\n{report}"));
    }
    Ok(())
}

async fn is_clean(rule: &Rule) -> Result<(), String> {
    let db = isolated().await;
    run(&db, rule.example.clean).await?;
    let lint = as_server(rule, rule.example.clean);
    let report = lint.run(db.session()).await.map_err(|why| why.to_string())?;
    if codes(&report).contains(&rule.code) {
        return Err(format!("is found where all is well:\n{report}"));
    }
    Ok(())
}
