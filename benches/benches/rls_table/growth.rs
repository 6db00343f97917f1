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
    [explicit, ours, sealed]: [&Form; 3],
    results: &mut Results,
    plans: &mut Plans,
) {
    let head = [
        "rows",
        "tenants",
        "explicit, µs",
        "ours, µs more",
        "ours and a literal, µs more",
        "sealed, µs more",
    ];
    for (name, template) in QUERIES {
        let title = format!("Growth: {name} of a tenant with 1,000 rows");
        let about = "The same tenant, whatever the others have. The planner takes it for an average one, unless the query \
                     names it, as `.for_tenant(&tx)` does.";
        let mut shown = Table::new(&title, about, &head);
        let (mut more, mut named) = (Vec::new(), Vec::new());
        for table in tables {
            let own = super::published::own(explicit, &table.name, TENANT).await;
            let template =
                template.replace("{table}", &table.name).replace("{own}", &own.to_string());
            let sql = |form: &Form| form.sql(&template, TENANT);
            let variant = |form| Variant { form, sql: sql(form) };
            // What `.for_tenant(&tx)` writes.
            let literal = Variant { form: ours, sql: sql(explicit) };
            let variants = [variant(explicit), variant(ours), literal, variant(sealed)];
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
                    Value::number(medians[3] - medians[0], 0),
                ],
            );
            more.push(medians[1] - medians[0]);
            named.push(medians[2] - medians[0]);
        }
        let wanted = format!(
            "{name}: with 100 times the rows or 500 times the tenants or a giant, ours costs at most 10 µs more"
        );
        grows(results, &wanted, &more);
        grows(results, &format!("{wanted}, with a literal"), &named);
        results.tables.push(shown);
    }
}

/// What it costs more on the last table of each kind than on the first.
fn grows(results: &mut Results, wanted: &str, more: &[f64]) {
    let [small, _, large, few, _, many, half] = more else { panic!("{more:?}") };
    let growth = [large - small, many - few, half - few];
    let most = growth.iter().copied().fold(f64::MIN, f64::max);
    results.target(wanted, format!("{most:.0} µs at the most"), most <= 10.0);
}
