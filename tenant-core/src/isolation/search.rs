//! Search functions: one kind of question to one table, with the tenant's predicate built in, and an
//! owner that can do nothing else.

use super::{
    Isolation, SearchBy,
    hash::fnv1a,
    leakproof::markable,
    relations::regclass,
    roles::{block, bypass, no_more_than_bypassing, role as create_role},
    template::{fill, names, script},
};
use crate::{
    Error, Layout, Roles, TableName, TenantKey, TenantSource, TenantTable,
    quote::{check_ident, dollar_quoted, quoted},
    quote_literal,
};

/// A search function: `tenancy.search_<name>`.
///
/// It answers with the keys of the rows that match, of the tenant whose transaction calls it, and a
/// query joins them: `WHERE id IN (SELECT tenancy.search_notes($1, 50))`. That query reads the
/// table as every other, under its policies.
///
/// It runs as `<prefix>_search`, a role that nobody is, that cannot log in and may only read the
/// columns that are searched; with a fixed `search_path`; without any SQL that is put together at run
/// time. It asks `tenancy.current_tenant()`, so a seal holds here, too, and is planned for each call
/// with the tenant and what is searched, so that a large tenant gets a large tenant's plan.
/// Only the tenant's role may call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    name: String,
    table: TableName,
    key: String,
    by: SearchBy,
    order: Option<(String, bool)>,
}

impl Search {
    /// A function of this name that searches a tenant table and answers with the column `key`.
    pub fn new(name: &str, table: TableName, key: &str, by: SearchBy) -> Self {
        Self { name: name.to_owned(), table, key: key.to_owned(), by, order: None }
    }

    /// With the rows that have the least of this column first, which matters where the caller asks
    /// for so many.
    pub fn oldest_first(mut self, column: &str) -> Self {
        self.order = Some((column.to_owned(), false));
        self
    }

    /// With the rows that have the most of this column first.
    pub fn newest_first(mut self, column: &str) -> Self {
        self.order = Some((column.to_owned(), true));
        self
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn table(&self) -> &TableName {
        &self.table
    }

    /// Of this table, with its schema.
    pub(super) fn of(mut self, table: TableName) -> Result<Self, Error> {
        check_ident(&self.function_name())?;
        check_ident(self.by.column())?;
        check_ident(&self.key)?;
        self.order.as_ref().map_or(Ok(()), |(column, _)| check_ident(column))?;
        if let SearchBy::Words { configuration, .. } = &self.by {
            check_ident(configuration)?;
        }
        self.table = table;
        Ok(self)
    }

    fn function_name(&self) -> String {
        format!("search_{}", self.name)
    }

    fn function(&self) -> String {
        format!("tenancy.{}", quoted(&self.function_name()))
    }

    /// The columns that its owner must read.
    fn columns<'a>(&'a self, tenant: &'a str) -> Vec<&'a str> {
        let order = self.order.as_ref().map(|(column, _)| column.as_str());
        let mut columns: Vec<&str> =
            [self.key.as_str(), tenant, self.by.column()].into_iter().chain(order).collect();
        columns.sort_unstable();
        columns.dedup();
        columns
    }

    fn create(&self, key: TenantKey, source: &TenantSource, tenant: &str) -> String {
        let type_of = |column: &str| format!("{}.{}%TYPE", self.table, quoted(column));
        let tenant = quoted(tenant);
        let (of, mine, is_mine) = match source {
            TenantSource::Members { .. } => (
                format!("{key}[]"),
                "ARRAY(SELECT tenancy.current_tenants())",
                format!("t.{tenant} = ANY (mine)"),
            ),
            _ => (key.to_string(), "tenancy.current_tenant()", format!("t.{tenant} = mine")),
        };
        let order = self.order.as_ref().map_or_else(String::new, |(column, newest)| {
            let direction = if *newest { "DESC" } else { "ASC" };
            format!("  ORDER BY t.{} {direction}\n", quoted(column))
        });
        let body = fill(
            include_str!("sql/search_body.sql"),
            &[
                ("of", &of),
                ("mine", mine),
                ("guard", &self.by.guard()),
                ("key", &quoted(&self.key)),
                ("table", &self.table.to_string()),
                ("is_mine", &is_mine),
                ("condition", &self.by.condition()),
                ("order", &order),
                ("most", &format!("${}", self.by.count() + 1)),
            ],
        );
        format!(
            "CREATE OR REPLACE FUNCTION {}(\n  {}, most bigint DEFAULT NULL)\n\
             RETURNS SETOF {} ROWS 50\n\
             LANGUAGE plpgsql STABLE PARALLEL RESTRICTED SECURITY DEFINER\n\
             SET search_path = pg_catalog, pg_temp SET plan_cache_mode = force_custom_plan\n\
             AS {};\n",
            self.function(),
            self.by.parameters(&type_of(self.by.column())),
            type_of(&self.key),
            dollar_quoted(&format!("\n{}", body.trim_start())),
        )
    }

    /// Refuses a column whose type could make the search fail on a row.
    fn check(&self) -> String {
        let (fits, why) = self.by.fits();
        let message = format!(
            "{} of {} cannot be searched by the function {}: {why}",
            self.by.column(),
            self.table,
            self.function_name()
        );
        script(
            include_str!("sql/search_check.sql"),
            &[
                ("table", &regclass(&self.table)),
                ("column", &quote_literal(self.by.column())),
                ("markable", &markable()),
                ("fits", fits),
                ("message", &quote_literal(&message)),
            ],
        )
    }
}

/// The role that owns the functions. It has a policy that lets all rows through, but under one the
/// planner does not look at statistics for operators that are not leakproof: so it bypasses, too.
pub(super) fn role(roles: &Roles) -> Vec<String> {
    roles.search().map_or_else(Vec::new, |name| {
        let create = create_role(name, "NOLOGIN NOINHERIT");
        vec![create, no_more_than_bypassing(name), bypass(name)]
    })
}

/// Our roles, with the one that owns search functions where there are any, as an array in SQL.
pub(super) fn with_search_role(roles: &Roles) -> String {
    let all = names(roles.all());
    roles.search().map_or_else(
        || all.clone(),
        |search| {
            format!(
                "({all} || ARRAY(SELECT {}::name FROM tenancy.ledger \
                 WHERE kind = 'search function' LIMIT 1))",
                quote_literal(search)
            )
        },
    )
}

/// Whether a difference's object is a search function.
pub(super) fn is_ours(function: &str) -> bool {
    function.starts_with("tenancy.search_") || function.starts_with("tenancy.\"search_")
}

/// Whether a difference's object is a grant to the functions' owner.
pub(super) fn is_owners(grant: &str) -> bool {
    grant.trim_end_matches('"').ends_with("_search")
}

pub(super) fn up(isolation: &Isolation) -> Vec<String> {
    let Isolation { layout, tenancy, searches, .. } = isolation;
    let Some(owner) = layout.roles().search() else { return Vec::new() };
    let hashed: Vec<(&Search, String, String)> = searches
        .iter()
        .filter_map(|search| {
            let table = tenancy.tenant_tables().iter().find(|t| t.table() == search.table())?;
            let create = search.create(tenancy.key(), layout.source(), table.column());
            let hash = format!("{:08x}", fnv1a(create.as_bytes()));
            Some((search, create, hash))
        })
        .collect();
    let wanted: Vec<String> = hashed
        .iter()
        .map(|(search, _, hash)| {
            format!("({}, {})", quote_literal(&search.function_name()), quote_literal(hash))
        })
        .collect();
    let mut parts = vec![
        "-- Search functions that are wanted no more, or are others now, go.\n".to_owned()
            + &script(
                include_str!("sql/search_gone.sql"),
                &[("wanted", &values(&wanted, "(NULL::text, NULL::text)"))],
            ),
        grants(layout, tenancy.tenant_tables(), searches),
    ];
    if searches.is_empty() {
        return parts;
    }
    let literal = quote_literal(owner);
    let owner = quoted(owner);
    let caller = quoted(layout.roles().tenant().unwrap_or(layout.roles().login()));
    // Who is no superuser must be the owner for a moment, and the owner be able to own.
    let moment = |what: &str, to: &str| {
        block(&format!(
            "IF NOT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN\n    \
               EXECUTE format('{what} %I {to} %I', {literal}, current_user);\n    \
               EXECUTE format('{what} CREATE ON SCHEMA tenancy {to} %I', {literal});\n  END IF;"
        ))
    };
    parts.push(moment("GRANT", "TO"));
    for (search, create, _) in &hashed {
        let function = search.function();
        parts.push(format!(
            "-- {}: a search.\n{}{create}\
             REVOKE ALL ON FUNCTION {function} FROM PUBLIC;\n\
             GRANT EXECUTE ON FUNCTION {function} TO {caller};\n\
             ALTER FUNCTION {function} OWNER TO {owner};\n",
            super::table::one_line(search.table()),
            search.check(),
        ));
    }
    parts.push(moment("REVOKE", "FROM"));
    parts.push(format!(
        "INSERT INTO tenancy.ledger (kind, object, before)\n\
         SELECT 'search function', * FROM (VALUES {}) AS wanted (name, hash)\n\
         ON CONFLICT (kind, object) DO UPDATE SET before = excluded.before;\n",
        wanted.join(", ")
    ));
    parts
}

fn values(rows: &[String], none: &str) -> String {
    if rows.is_empty() {
        format!("SELECT * FROM (VALUES {none}) AS none (name, hash) WHERE false")
    } else {
        format!("VALUES {}", rows.join(", "))
    }
}

/// What the owner may do: read the columns that are searched, and ask whose transaction it is.
fn grants(layout: &Layout, tables: &[TenantTable], searches: &[Search]) -> String {
    let Some(owner) = layout.roles().search() else { return String::new() };
    let name = quoted(owner);
    let mut grants = String::new();
    for table in tables {
        grants.push_str(&format!("REVOKE ALL ON TABLE {} FROM {name};\n  ", table.table()));
    }
    for search in searches {
        let Some(table) = tables.iter().find(|t| t.table() == search.table()) else { continue };
        let columns: Vec<String> = search.columns(table.column()).into_iter().map(quoted).collect();
        grants.push_str(&format!(
            "GRANT SELECT ({}) ON TABLE {} TO {name};\n  ",
            columns.join(", "),
            search.table()
        ));
        if let Some(schema) = search.table().schema() {
            grants.push_str(&format!("GRANT USAGE ON SCHEMA {} TO {name};\n  ", quoted(schema)));
        }
    }
    if !searches.is_empty() {
        grants.push_str(&format!(
            "GRANT USAGE ON SCHEMA tenancy TO {name};\n  \
             GRANT EXECUTE ON FUNCTION tenancy.current_tenant() TO {name};\n  "
        ));
        if matches!(layout.source(), TenantSource::Members { .. }) {
            grants.push_str(&format!(
                "GRANT EXECUTE ON FUNCTION tenancy.current_tenants() TO {name};\n  "
            ));
        }
        if layout.source().asks_auth() {
            grants.push_str(&format!(
                "GRANT USAGE ON SCHEMA auth TO {name};\n  \
                 GRANT EXECUTE ON FUNCTION auth.jwt() TO {name};\n  "
            ));
        }
    }
    "-- Their owner reads what is searched, and nothing else.\n".to_owned()
        + &block(&format!(
            "IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN RETURN; END IF;\n  {}",
            quote_literal(owner),
            grants.trim_end()
        ))
}

/// Takes the functions away.
pub(super) fn drop_functions() -> String {
    script(
        include_str!("sql/search_gone.sql"),
        &[("wanted", &values(&[], "(NULL::text, NULL::text)"))],
    )
}
