//! Reads the CSV files and writes them into the database.

use std::{collections::BTreeMap, error::Error};

use tenant_core::{Isolation, SqlSession, TenantId, quote_ident, quote_literal};
use tenant_testkit::TestDatabase;

use super::Chinook;

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Parents first.
const TABLES: [(&str, &str); 9] = [
    ("artist", include_str!("../../data/chinook/artist.csv")),
    ("album", include_str!("../../data/chinook/album.csv")),
    ("genre", include_str!("../../data/chinook/genre.csv")),
    ("media_type", include_str!("../../data/chinook/media_type.csv")),
    ("track", include_str!("../../data/chinook/track.csv")),
    ("employee", include_str!("../../data/chinook/employee.csv")),
    ("customer", include_str!("../../data/chinook/customer.csv")),
    ("invoice", include_str!("../../data/chinook/invoice.csv")),
    ("invoice_line", include_str!("../../data/chinook/invoice_line.csv")),
];

const SCHEMA: &str = include_str!("../../data/chinook/schema.sql");

/// Creates the tables, installs the isolation, and loads every table.
pub(super) async fn load(
    database: &TestDatabase,
    isolation: &Isolation,
) -> Result<BTreeMap<String, TenantId>> {
    database.session().batch(SCHEMA).await?;
    database.install(isolation).await?;
    let countries = rows(database).await?;
    database.session().batch(&register(&countries)).await?;
    Ok(countries)
}

/// The same without isolation: the tenant is a column like others, and code has to filter by it.
pub(super) async fn load_bare(database: &TestDatabase) -> Result<BTreeMap<String, TenantId>> {
    database.session().batch(SCHEMA).await?;
    for table in ["customer", "invoice", "invoice_line", "report"] {
        let column = format!(
            "ALTER TABLE {table} ADD tenant_id uuid NOT NULL; CREATE INDEX ON {table} (tenant_id)"
        );
        database.session().batch(&column).await?;
    }
    rows(database).await
}

async fn rows(database: &TestDatabase) -> Result<BTreeMap<String, TenantId>> {
    let session = database.session();
    let mut tenants = Tenants::default();
    for (table, text) in TABLES {
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        let header = reader.headers()?.clone();
        let rows = reader.records().collect::<std::result::Result<Vec<_>, _>>()?;
        let owner = tenants.of_rows(table, &header, &rows)?;
        session.batch(&insert(table, &header, &rows, owner.as_deref())?).await?;
    }
    Ok(tenants.by_country)
}

/// Whose rows are whose: a customer is its country's, an invoice its customer's, a line its
/// invoice's.
#[derive(Default)]
struct Tenants {
    by_country: BTreeMap<String, TenantId>,
    of_customer: BTreeMap<String, TenantId>,
    of_invoice: BTreeMap<String, TenantId>,
}

impl Tenants {
    /// The tenant of each row, or `None` for a shared table.
    fn of_rows(
        &mut self,
        table: &str,
        header: &csv::StringRecord,
        rows: &[csv::StringRecord],
    ) -> Result<Option<Vec<TenantId>>> {
        let mut owners = Vec::with_capacity(rows.len());
        for row in rows {
            let field = |name: &str| {
                let at = header.iter().position(|column| column == name);
                at.and_then(|at| row.get(at)).ok_or(format!("{table}.csv has no {name}"))
            };
            let tenant = match table {
                "customer" => {
                    let country = field("country")?;
                    let tenant = Chinook::tenant(country);
                    self.by_country.insert(country.to_owned(), tenant.clone());
                    self.of_customer.insert(field("customer_id")?.to_owned(), tenant.clone());
                    tenant
                }
                "invoice" => {
                    let tenant = known(&self.of_customer, field("customer_id")?)?;
                    self.of_invoice.insert(field("invoice_id")?.to_owned(), tenant.clone());
                    tenant
                }
                "invoice_line" => known(&self.of_invoice, field("invoice_id")?)?,
                _ => return Ok(None),
            };
            owners.push(tenant);
        }
        Ok(Some(owners))
    }
}

fn known(owners: &BTreeMap<String, TenantId>, id: &str) -> Result<TenantId> {
    owners.get(id).cloned().ok_or_else(|| format!("row {id} has no parent").into())
}

fn insert(
    table: &str,
    header: &csv::StringRecord,
    rows: &[csv::StringRecord],
    owners: Option<&[TenantId]>,
) -> Result<String> {
    let mut columns = header.iter().map(quote_ident).collect::<std::result::Result<Vec<_>, _>>()?;
    if owners.is_some() {
        columns.push("tenant_id".to_owned());
    }
    let value = |field: &str| match field {
        "" => "NULL".to_owned(),
        field => quote_literal(field),
    };
    let tuples: Vec<String> = rows
        .iter()
        .enumerate()
        .map(|(at, row)| {
            let mut values: Vec<String> = row.iter().map(value).collect();
            values.extend(owners.and_then(|o| o.get(at)).map(|o| quote_literal(&o.to_string())));
            format!("({})", values.join(", "))
        })
        .collect();
    let (columns, tuples, key) = (columns.join(", "), tuples.join(",\n"), &header[0]);
    Ok(format!(
        "INSERT INTO {table} ({columns}) VALUES {tuples};\n\
         SELECT setval(pg_get_serial_sequence('{table}', '{key}'), max({key})) FROM {table};"
    ))
}

/// Enters the tenants into the registry, each with the user `alice` as a member.
fn register(countries: &BTreeMap<String, TenantId>) -> String {
    let mut sql = String::new();
    for (country, tenant) in countries {
        let id = quote_literal(&tenant.to_string());
        let slug = quote_literal(&country.to_lowercase().replace(' ', "-"));
        let name = quote_literal(country);
        sql.push_str(&format!(
            "INSERT INTO tenancy.tenants (id, slug, name) VALUES ({id}, {slug}, {name});\n\
             INSERT INTO tenancy.members (tenant_id, user_id) VALUES ({id}, 'alice');\n"
        ));
    }
    sql
}
