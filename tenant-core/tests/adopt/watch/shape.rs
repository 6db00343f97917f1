//! What is kept of a query has no literal in it.

use proptest::{prelude::*, strategy::ValueTree as _};
use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use super::watched;

async fn shapes(db: &TestDatabase, queries: &[String]) -> Vec<String> {
    let json = serde_json::to_string(queries).unwrap();
    let sql = "SELECT tenancy_watch.shape(q) AS shape FROM json_array_elements_text($1::json) WITH ORDINALITY AS a (q, n) ORDER BY n";
    let rows = db.session().rows(sql, &[&json]).await.unwrap();
    rows.iter().map(|row| row["shape"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn names_stay_and_literals_go() {
    let db = watched().await;
    let said = [
        (
            r#"INSERT INTO "t" ("a", "b") VALUES ($1, $2), ($3, $4) RETURNING "id""#,
            r#"INSERT INTO "t" ("a", "b") VALUES (?)... RETURNING "id""#,
        ),
        (
            "UPDATE t2 SET a='s', b = -1e5, c=.5\n  WHERE d = date'2020-01-01' AND e IN (1,2, 3)",
            "UPDATE t2 SET a=?, b = -?, c=.? WHERE d = date? AND e IN (?...)",
        ),
        ("DELETE FROM t /* by 's */ WHERE a = 'it''s' -- 's", "DELETE FROM t WHERE a = ?"),
        (r#"SELECT "it's" || 's'"#, r#"SELECT "it?s" || ?"#),
        ("DO $x$ s $x$", "DO $"),
        ("SELECT 'a", "SELECT ?"),
        // What cannot be told is not kept.
        (r"SELECT E'a\'s'", ""),
        ("SELECT /* a /* b */ s */ 1", ""),
        ("/* /* */ ' */ UPDATE t SET x = 's' WHERE id = 1", ""),
        ("UPDATE t SET x='a' /* /* */ it's */ , y='s'", ""),
        ("SELECT $\u{2192}$s$\u{2192}$", "SELECT $"),
    ];
    let queries: Vec<String> = said.iter().map(|(query, _)| (*query).to_owned()).collect();
    let wanted: Vec<&str> = said.iter().map(|(_, wanted)| *wanted).collect();
    assert_eq!(shapes(&db, &queries).await, wanted);
}

/// A part of a statement, with the secret in every place where a literal or a comment can have it.
fn part() -> impl Strategy<Value = String> {
    let around = r#"['"a-z0-9 $.,()*/-]{0,6}"#;
    let literal = (around, around)
        .prop_map(|(a, b)| format!("'{}sesame{}'", a.replace('\'', "''"), b.replace('\'', "''")));
    let escaped = "[a-z'\"]{0,4}".prop_map(|a| format!("E'\\{a}x\\'sesame'"));
    let dollars = r#"['" a-z,()]{0,6}"#.prop_map(|a| format!("$q${a}sesame$q$"));
    let comment = "['\" a-z$]{0,6}".prop_map(|a| format!("-- {a} sesame\n"));
    let block = "['\" a-z$]{0,6}".prop_map(|a| format!("/* {a} sesame */"));
    let nested = "['\" a-z]{0,6}".prop_map(|a| format!("/* {a} /* ' */ sesame */"));
    let ident = "[a-z' ]{1,6}".prop_map(|a| format!("\"{a}\""));
    let rest = prop_oneof![
        Just("SELECT "),
        Just(", "),
        Just(" = "),
        Just("(1, 2)"),
        Just("$1"),
        Just(" e"),
        Just("x1 ")
    ];
    prop_oneof![
        literal,
        escaped,
        dollars,
        comment,
        block,
        nested,
        ident,
        rest.prop_map(str::to_owned)
    ]
}

#[tokio::test]
async fn whatever_the_query_no_literal_of_it_is_kept() {
    let db = watched().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    // A space between two of them, as there has to be one.
    let query = proptest::collection::vec(part(), 1..12).prop_map(|parts| parts.join(" "));
    let queries: Vec<String> =
        (0..3000).map(|_| query.new_tree(&mut runner).unwrap().current()).collect();
    let kept = shapes(&db, &queries).await;
    let mut told = 0;
    for (query, shape) in queries.iter().zip(&kept) {
        assert!(!shape.contains("sesame"), "{query} became {shape}");
        told += usize::from(!shape.is_empty());
    }
    // The twin: not by keeping nothing.
    assert!(told > 500, "{told}");
}

/// Texts that are no SQL at all neither fail nor hang it.
#[tokio::test]
async fn any_text_is_read() {
    let db = watched().await;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let text = r#"(['"\\$/*\-()?,.]|E'|\PC|\n){0,60}"#;
    let text = proptest::string::string_regex(text).unwrap();
    let mut texts: Vec<String> =
        (0..2000).map(|_| text.new_tree(&mut runner).unwrap().current()).collect();
    texts.push("(1, ".repeat(100_000));
    texts.push("'".repeat(100_001));
    assert_eq!(shapes(&db, &texts).await.len(), texts.len());
}
