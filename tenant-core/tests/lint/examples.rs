//! Every rule on its own examples: what triggers it is found, and nothing else is; what mends it
//! mends it; the clean twin is clean.

use tenant_core::{Binding, Layout, Lint, Report, Rule, SqlSession};
use tenant_testkit::TestDatabase;

use crate::{
    fixture::{
        can_run, codes, isolated, isolated_on_citus, isolated_with_one_role, on_citus, one_role,
        prefixed, tenancy,
    },
    undone::Undone,
};

/// The first line of an example whose application has one role for everything.
const SINGLE: &str = "-- single";

/// The first line of an example in a database that Citus distributes, or what stands for it here.
const CITUS: &str = "-- citus";

/// The first line of an example whose layout has the shared schema `common`.
const SHARED: &str = "-- shared schema";

/// The first line of an example whose pool seals its tenants, though the database asks for no seal.
const SEALED: &str = "-- sealed";

/// Where an example says more than its SQL.
fn first_line(sql: &str) -> &str {
    sql.trim_start().lines().next().unwrap_or_default()
}

/// Ranges of codes are tests of their own, so that they run side by side.
macro_rules! examples {
    ($($test:ident: $range:literal;)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                all_of($range).await;
            }
        )*

        #[test]
        fn every_range_has_a_test() {
            for rule in Lint::rules() {
                assert!([$($range),*].contains(&&rule.code[..4]), "{}", rule.code);
            }
        }
    };
}

examples! {
    row_security_and_policies: "TEN0";
    roles_and_grants: "TEN1";
    tables_keys_and_indexes: "TEN2";
    views_and_functions: "TEN3";
    server_and_settings: "TEN4";
    our_own_schema: "TEN5";
    citus: "TEN6";
    suppressions: "TEN9";
}

async fn all_of(range: &str) {
    let rules = Lint::rules().iter().filter(|rule| rule.code.starts_with(range));
    let (citus, rules): (Vec<_>, Vec<_>) =
        rules.partition(|rule| first_line(rule.example.triggers).starts_with(CITUS));
    let (single, several): (Vec<_>, Vec<_>) =
        rules.into_iter().partition(|rule| first_line(rule.example.triggers) == SINGLE);
    let mut wrong = each(&several, &isolated().await).await;
    if !single.is_empty() {
        wrong.push_str(&each(&single, &isolated_with_one_role().await).await);
    }
    if !citus.is_empty() {
        wrong.push_str(&each(&citus, &isolated_on_citus().await).await);
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// What is wrong with these rules' examples.
async fn each(rules: &[&Rule], db: &TestDatabase) -> String {
    let session = Undone::begin(db).await.unwrap();
    let mut wrong = String::new();
    for rule in rules {
        if !can_run(rule, db).await {
            continue;
        }
        let example = Example { rule, db, session: &session };
        let found = example.triggers().await;
        session.undo().await.unwrap();
        let clean = example.is_clean().await;
        session.undo().await.unwrap();
        for why in [found, clean].into_iter().filter_map(Result::err) {
            wrong.push_str(&format!("{} {why}\n\n", rule.code));
        }
    }
    wrong
}

struct Example<'a> {
    rule: &'a Rule,
    db: &'a TestDatabase,
    session: &'a Undone,
}

impl Example<'_> {
    async fn triggers(&self) -> Result<(), String> {
        let (code, example) = (self.rule.code, &self.rule.example);
        self.run(example.triggers).await?;
        let report = self.lint(example.triggers).await?;
        if self.codes(&report) != [code] {
            return Err(format!("should be found alone in:\n{report}"));
        }
        let object = prefixed(example.object, self.db);
        if !report.findings.iter().any(|finding| finding.object == object) {
            return Err(format!("should be found on {object} in:\n{report}"));
        }
        let found = report.findings.iter().filter(|finding| finding.code == code);
        let mends: Vec<_> = found.map(|finding| finding.mend.as_deref()).collect();
        if mends.iter().all(Option::is_none) {
            return Ok(());
        }
        if mends.contains(&None) {
            return Err(format!("has a mend for some and not for others:\n{report}"));
        }
        for mend in mends.into_iter().flatten() {
            self.run(mend).await?;
        }
        let mended = self.lint(example.triggers).await?;
        if codes(&mended).contains(&code) {
            return Err(format!("is not mended:\n{mended}\nby what was said before:\n{report}"));
        }
        Ok(())
    }

    async fn is_clean(&self) -> Result<(), String> {
        let clean = self.rule.example.clean;
        self.run(clean).await?;
        let report = self.lint(clean).await?;
        if codes(&report).contains(&self.rule.code) {
            return Err(format!("is found where all is well:\n{report}"));
        }
        Ok(())
    }

    async fn run(&self, sql: &str) -> Result<(), String> {
        let sql = prefixed(sql, self.db);
        self.session.batch(&sql).await.map_err(|why| format!("{why}\n{sql}"))
    }

    /// What is found, but for what the example says is found also: `-- also TEN201`; of versions,
    /// an old one has the errors of the newer ones as well.
    fn codes(&self, report: &Report) -> Vec<&'static str> {
        let first = first_line(self.rule.example.triggers);
        let mut codes = codes(report);
        codes.retain(|code| {
            *code == self.rule.code
                || !(first.split_once("also ").is_some_and(|(_, also)| also.contains(code))
                    || (first.starts_with("-- server ") && code.starts_with("TEN40")))
        });
        codes
    }

    async fn lint(&self, sql: &str) -> Result<Report, String> {
        let first = first_line(sql);
        let mut lint = Lint::new(&tenancy());
        if let Some(version) = first.strip_prefix("-- server ") {
            lint = lint.server_version(version.parse().map_err(|_| version.to_owned())?);
        }
        if first.starts_with(SEALED) {
            let layout = Layout::new(self.db.name()).map_err(|why| why.to_string())?;
            lint = lint.layout(&layout.binding(Binding::Sealed));
            if first.contains("padding 100") {
                lint = lint.seal_padding(100);
            }
        }
        if first_line(self.rule.example.triggers).starts_with(SHARED) {
            let layout =
                Layout::new(self.db.name()).and_then(|layout| layout.shared_schema("common"));
            lint = lint.layout(&layout.map_err(|why| why.to_string())?);
        }
        if first_line(self.rule.example.triggers) == SINGLE {
            lint = lint.layout(&one_role(self.db));
        }
        if first_line(self.rule.example.triggers).starts_with(CITUS) {
            lint = lint.layout(&on_citus(self.db));
        }
        lint.run(self.session).await.map_err(|why| format!("{why}: {why:?}"))
    }
}
