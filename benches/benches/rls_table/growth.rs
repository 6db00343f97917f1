//! What the size of the table, the number of tenants and a giant beside it cost a tenant that stays
//! as it is: 1,000 rows.

use tenant_benches::results::{Results, Table, Value};
use tenant_testkit::TestDatabase;

use crate::{
    arguments::Arguments,
    build,
    forms::Form,
    measure::{Plans, Variant, medians},
};

/// The tenant that is looked at.
pub(crate) const TENANT: i64 = 7;

/// A narrow table: its name, its rows, its tenants, whether one has half of it.
pub(crate) struct Narrow {
    pub(crate) name: String,
    rows: i64,
    tenants: i64,
    half: bool,
}

/// Rows at a fixed number of tenants, tenants at a fixed number of rows, and one with half of all.
pub(crate) fn tables(arguments: &Arguments) -> Vec<Narrow> {
    let (rows, tenants) = (arguments.rows, arguments.tenants);
    let of = |name: &str, rows: i64, tenants: i64, half: bool| Narrow {
        name: name.to_owned(),
        rows: rows.max(10_000),
        tenants: tenants.max(5),
        half,
    };
    vec![
        of("rows_small", rows / 100, tenants / 50, false),
        of("rows_middle", rows / 10, tenants / 50, false),
        of("rows_large", rows, tenants / 50, false),
        of("tenants_few", rows / 10, tenants / 50, false),
        of("tenants_some", rows / 10, tenants, false),
        of("tenants_many", rows / 10, tenants * 10, false),
        of("half", rows / 10, tenants / 50, true),
    ]
}

pub(crate) async fn build(database: &TestDatabase, tables: &[Narrow]) {
    for table in tables {
        build::narrow(database, &table.name, table.rows, table.tenants, table.half).await;
    }
}

const QUERIES: [(&str, &str); 4] = [
    ("a row by its key", "SELECT id, note FROM {table} WHERE {mine} AND id = {own}"),
    ("the newest fifty", "SELECT id, note FROM {table} WHERE {mine} ORDER BY id DESC LIMIT 50"),
    ("`COUNT(*)`, 1,000 rows", "SELECT count(*) FROM {table} WHERE {mine}"),
    (
        "insert a row",
        "INSERT INTO {table} (id, tenant_id, n, note) VALUES (900000000000, {tenant}, 1, 'new')",
    ),
];

pub(crate) async fn measure(
    arguments: &Arguments,
    tables: &[Narrow],
    forms: &[Form],
    results: &mut Results,
    plans: &mut Plans,
) {
    let head = ["rows", "tenants", "explicit, µs", "ours, µs more", "sealed, µs more"];
    for (name, template) in QUERIES {
        let title = format!("Growth: {name} of a tenant with 1,000 rows");
        let about = "The same tenant, whatever the others have.";
        let mut shown = Table::new(&title, about, &head);
        let mut more = Vec::new();
        for table in tables {
            let own = super::published::own(&forms[0], &table.name, TENANT).await;
            let template =
                template.replace("{table}", &table.name).replace("{own}", &own.to_string());
            let variants: Vec<Variant<'_>> = forms
                .iter()
                .map(|form| Variant { form, sql: form.sql(&template, TENANT) })
                .collect();
            for variant in &variants {
                plans.keep(&format!("{name}, {}", table.name), variant, TENANT).await;
            }
            let medians = medians(arguments, &variants, TENANT).await;
            println!("{name}, {}: {medians:.0?} µs", table.name);
            let rows = Value::from(table.rows.to_string().as_str());
            let tenants =
                if table.half { "one has half".to_owned() } else { table.tenants.to_string() };
            let tenants = Value::from(tenants.as_str());
            shown.row(
                table.name.replace('_', ": "),
                [
                    rows,
                    tenants,
                    Value::number(medians[0], 0),
                    Value::number(medians[1] - medians[0], 0),
                    Value::number(medians[2] - medians[0], 0),
                ],
            );
            more.push(medians[1] - medians[0]);
        }
        let (least, most) = more
            .iter()
            .fold((f64::MAX, f64::MIN), |(least, most), more| (least.min(*more), most.max(*more)));
        results.target(
            &format!("{name}: what ours costs does not grow with rows, tenants or a giant by more than 10 µs"),
            format!("{least:.0} to {most:.0} µs"),
            most - least <= 10.0,
        );
        results.tables.push(shown);
    }
}
