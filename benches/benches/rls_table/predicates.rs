//! Predicates that lose their index under row security, beside what gives it back.

use tenant_benches::results::{Results, Table, Value};
use tenant_core::SqlSession;
use tenant_testkit::TestDatabase;

use crate::{
    arguments::Arguments,
    forms::Form,
    measure::{Plans, Variant, medians},
};

/// A predicate that few rows fulfil.
struct Predicate {
    name: &'static str,
    condition: &'static str,
    /// The functions that are marked to be measured; whether they may be.
    marks: &'static [&'static str],
    may: bool,
    /// A call of a search function.
    search: &'static str,
    /// A condition with which row security uses an index without either.
    instead: Option<&'static str>,
}

const PREDICATES: [Predicate; 10] = [
    Predicate {
        name: "full text `@@`",
        condition: "words @@ 'zebra'::tsquery",
        marks: &["ts_match_vq(tsvector, tsquery)"],
        may: true,
        search: "search_words('zebra')",
        instead: None,
    },
    Predicate {
        name: "`numeric >`",
        condition: "amount >= 1000000",
        marks: &["numeric_ge(numeric, numeric)"],
        may: true,
        search: "search_amount(1000000, NULL)",
        instead: Some("cents >= 100000000"),
    },
    Predicate {
        name: "`enum =`",
        condition: "state = 'disputed'",
        marks: &["enum_eq(anyenum, anyenum)"],
        may: true,
        search: "search_state('disputed', 'disputed')",
        instead: None,
    },
    Predicate {
        name: "`jsonb ?`",
        condition: "doc ? 'rare'",
        marks: &["jsonb_exists(jsonb, text)"],
        may: true,
        search: "search_doc('{\"rare\": true}')",
        instead: None,
    },
    Predicate {
        name: "`jsonb @>`",
        condition: "doc @> '{\"kind\": \"rare\"}'",
        marks: &["jsonb_contains(jsonb, jsonb)"],
        may: false,
        search: "search_doc('{\"kind\": \"rare\"}')",
        instead: None,
    },
    Predicate {
        name: "array `&&`",
        condition: "tags && '{rare}'",
        marks: &["arrayoverlap(anyarray, anyarray)"],
        may: false,
        search: "search_tags('{rare}')",
        instead: None,
    },
    Predicate {
        name: "`LIKE '%…%'`",
        condition: "title LIKE '%zebra%'",
        marks: &["textlike(text, text)"],
        may: false,
        search: "search_title('zebra')",
        instead: None,
    },
    Predicate {
        name: "`ILIKE '%…%'`",
        condition: "title ILIKE '%ZEBRA%'",
        marks: &["texticlike(text, text)"],
        may: false,
        search: "search_title_ignoring_case('ZEBRA')",
        instead: None,
    },
    Predicate {
        name: "`LIKE '…%'`",
        condition: "title LIKE 'zebra%'",
        marks: &["textlike(text, text)"],
        may: false,
        search: "",
        instead: Some("title ^@ 'zebra'"),
    },
    Predicate {
        name: "`lower() =`",
        condition: "lower(email) = 'user{half}@example.com'",
        marks: &["lower(text)"],
        may: false,
        search: "search_email('USER{half}@example.com')",
        instead: Some("email_lower = 'user{half}@example.com'"),
    },
];

const HEAD: [&str; 5] = [
    "explicit `WHERE`, no row security, ms",
    "no remedy",
    "marked LEAKPROOF",
    "search function",
    "another operator or column",
];

pub(crate) async fn measure(
    arguments: &Arguments,
    database: &TestDatabase,
    explicit: &Form,
    ours: &Form,
    results: &mut Results,
    plans: &mut Plans,
) {
    for (tenant, what) in [(arguments.small(), "small"), (arguments.giant(), "giant")] {
        let about = "Ratios to the first column. A mark in parentheses is one that must not be made: its operator \
                     tells of other tenants' rows.";
        let mut table = Table::new(&format!("Predicates: a {what} tenant"), about, &HEAD)
            .bars("times the explicit `WHERE`", [1, 2, 3]);
        let half = (super::published::own(explicit, "documents", tenant).await / 2).to_string();
        for predicate in &PREDICATES {
            let filled = |text: &str| text.replace("{half}", &half);
            let select = |condition: &str| {
                format!("SELECT id, title FROM documents WHERE {{mine}} AND {condition}")
            };
            let variant = |form: &'static str, condition: &str| {
                let form = if form == "explicit" { explicit } else { ours };
                Variant { form, sql: form.sql(&select(&filled(condition)), tenant) }
            };
            let mut variants = vec![
                variant("explicit", predicate.condition),
                variant("ours", predicate.condition),
            ];
            let search = format!("id IN (SELECT tenancy.{})", predicate.search);
            if !predicate.search.is_empty() {
                variants.push(variant("ours", &search));
            }
            if let Some(instead) = predicate.instead {
                variants.push(variant("ours", instead));
            }
            for variant in &variants {
                plans.keep(predicate.name, variant, tenant).await;
            }
            let plain = medians(arguments, &variants, tenant).await;
            let marked =
                marked(arguments, database, predicate, &variants[..2], tenant, plans).await;
            let (mut rest, base) = (plain[2..].iter(), plain[0]);
            let mut ratio = |there: bool| rest.next().filter(|_| there).map(|median| median / base);
            let search = if predicate.search.is_empty() { None } else { ratio(true) };
            let instead = ratio(predicate.instead.is_some());
            let cell =
                |ratio: Option<f64>| ratio.map_or_else(|| "".into(), |r| Value::number(r, 2));
            let of_mark = if predicate.may {
                Value::number(marked, 2)
            } else {
                format!("({marked:.2})").as_str().into()
            };
            println!("{what}: {}: {plain:.0?} µs, marked {marked:.2}", predicate.name);
            let cells = [
                Value::number(base / 1e3, 2),
                Value::number(plain[1] / base, 2),
                of_mark,
                cell(search),
                cell(instead),
            ];
            table.row(predicate.name, cells);
            if ["full text `@@`", "`numeric >`"].contains(&predicate.name) {
                target(results, predicate.name, what, marked, search);
            }
        }
        results.tables.push(table);
    }
}

fn target(results: &mut Results, name: &str, what: &str, marked: f64, search: Option<f64>) {
    let wanted = |remedy: &str| {
        format!("{name}, {what} tenant, {remedy}: within 1.3 × of the explicit form")
    };
    results.target(&wanted("marked"), format!("{marked:.2} ×"), marked <= 1.3);
    if let Some(search) = search {
        results.target(&wanted("search function"), format!("{search:.2} ×"), search <= 1.3);
    }
}

/// The ratio to the explicit form while the functions are marked. What is prepared anew is planned
/// anew.
async fn marked(
    arguments: &Arguments,
    database: &TestDatabase,
    predicate: &Predicate,
    variants: &[Variant<'_>],
    tenant: i64,
    plans: &mut Plans,
) -> f64 {
    let alter = async |how: &str| {
        for function in predicate.marks {
            let sql = format!("ALTER FUNCTION pg_catalog.{function} {how}");
            database.session().batch(&sql).await.unwrap();
        }
    };
    alter("LEAKPROOF").await;
    plans.keep(&format!("{}, marked", predicate.name), &variants[1], tenant).await;
    let medians = medians(arguments, variants, tenant).await;
    alter("NOT LEAKPROOF").await;
    medians[1] / medians[0]
}
