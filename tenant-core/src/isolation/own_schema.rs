//! The walls of one tenant's own schema, in a database where the isolation is installed.

use super::{
    Isolation,
    hash::fnv1a,
    keys, namespaces, quotas,
    roles::{block, block_with},
    table, views,
};
use crate::{Error, Quota, SqlSession, quote_literal};

/// What a schema is called in `tenancy.installed`, before its name.
pub(crate) const PART: &str = "own schema ";

impl Isolation {
    /// The SQL that makes a tenant's own schema, unless it is there, and walls the declared tenant tables
    /// in it: as in the shared tables, with the same policies, so that row security holds here, too.
    /// Running it again changes nothing. The tables themselves come from your migrations, or from
    /// whatever makes tenants.
    ///
    /// It refuses types of the schema's own (enums, domains, composite types): the drivers remember a
    /// type by its name, per connection, and would send one tenant's type to the next tenant. Put
    /// them into the shared schema ([`Layout::shared_schema`](crate::Layout::shared_schema)).
    ///
    /// ```
    /// # use tenant_core::{Isolation, Layout, TableName, Tenancy, TenantKey};
    /// # let tenancy = Tenancy::new(TenantKey::Uuid).tenant_table(TableName::new("invoice"), None);
    /// let layout = Layout::new("shop")?.shared_schema("common")?;
    /// let sql = Isolation::new(&tenancy, &layout)?.schema_up("acme")?;
    /// assert!(sql.contains(r#"ALTER TABLE "acme"."invoice""#));
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidPlacement`] for a schema that cannot be one tenant's, or a declaration that puts a
    /// tenant table into a schema by name.
    pub fn schema_up(&self, schema: &str) -> Result<String, Error> {
        let mut sql =
            vec![self.head("walls a tenant's own schema; running it again changes nothing")];
        sql.extend(self.own_walls(schema)?);
        sql.push("COMMIT;\n".to_owned());
        Ok(sql.join("\n"))
    }

    /// The same within a transaction that has begun.
    pub(crate) fn own_walls(&self, schema: &str) -> Result<Vec<String>, Error> {
        let own = self.own(schema)?;
        let Self { tenancy, layout, .. } = &own;
        let mut sql = vec![
            begins(),
            super::roles::of_schema(layout),
            namespaces::up(layout, tenancy, schema),
            refuse_types(schema),
        ];
        let tables = tenancy.tenant_tables();
        sql.extend(tables.iter().map(table::remember_tenant));
        sql.extend(tables.iter().map(|each| table::tenant_column(tenancy.key(), each)));
        sql.push(keys::up(tenancy));
        sql.extend(tables.iter().map(table::tenant_index));
        sql.extend(
            tables
                .iter()
                .map(|each| table::tenant_walls(layout, each, self.is_searched(each.table()))),
        );
        for each in tables {
            let shared = self.counted.iter().find(|name| name.name() == each.table().name());
            sql.push(match shared {
                Some(shared) => quotas::rows_of_own(each, &Quota::rows(shared)),
                None => quotas::rows_of_none(each),
            });
        }
        let schemas = super::template::names([schema]);
        sql.push(views::up(layout, tenancy, &schemas));
        sql.push(ends(schema, fnv1a(sql.join("\n").as_bytes())));
        Ok(sql)
    }

    /// Runs [`schema_up`](Self::schema_up). Dropping the future leaves the schema as it was or as it
    /// will be.
    ///
    /// # Errors
    /// Those of [`schema_up`](Self::schema_up); [`Error::Session`] with what the database said, as
    /// when a declared table is not in the schema; then nothing was changed.
    pub async fn apply_schema<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        schema: &str,
    ) -> Result<(), Error> {
        Ok(session.batch(&self.schema_up(schema)?).await?)
    }

    /// The same declaration, with its tenant tables in this schema.
    fn own(&self, schema: &str) -> Result<Self, Error> {
        let fixed = self.declared.tenant_tables().iter().find(|t| t.table().schema().is_some());
        if let Some(fixed) = fixed {
            let why = format!(
                "the tenant table {} is declared with its schema, so it is in no tenant's own; \
                 declare it without",
                fixed.table()
            );
            return Err(Error::InvalidPlacement { why });
        }
        Self::new(&self.declared, &self.layout.tenant_schema(schema)?)
    }
}

/// The ledger is the way back of the installation. A tenant's schema has none: it goes as a whole.
fn begins() -> String {
    block(
        "IF to_regclass('tenancy.installed') IS NULL THEN\n    \
           RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state', MESSAGE = \
           'the isolation is not installed in this database: Isolation::apply first';\n  \
         END IF;\n  \
         PERFORM set_config('tenancy.ledger_end', coalesce(max(id), 0)::text, true) FROM tenancy.ledger;",
    )
}

fn ends(schema: &str, hash: u32) -> String {
    format!(
        "DELETE FROM tenancy.ledger WHERE id > current_setting('tenancy.ledger_end')::bigint;\n\
         INSERT INTO tenancy.installed (kind, object, value) VALUES ('part', {}, '{hash:08x}')\n\
         ON CONFLICT (kind, object) DO UPDATE SET value = excluded.value;\n",
        quote_literal(&format!("{PART}{schema}")),
    )
}

/// A relation (`alias`, its oid) that is in some tenant's own schema.
pub(super) fn is_own(alias: &str) -> String {
    format!(
        "EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
         JOIN tenancy.installed i ON i.kind = 'part' AND i.object = '{PART}' || n.nspname \
         WHERE c.oid = {alias})"
    )
}

fn refuse_types(schema: &str) -> String {
    block_with(
        "own text;",
        &format!(
            "SELECT string_agg(format('%I.%I', n.nspname, t.typname), ', ' ORDER BY t.typname) INTO own\n    \
               FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace\n    \
               LEFT JOIN pg_class c ON c.oid = t.typrelid\n    \
               WHERE n.nspname = {} AND (t.typtype IN ('e', 'd', 'r', 'm') OR c.relkind = 'c');\n  \
             IF own IS NOT NULL THEN\n    \
               RAISE EXCEPTION USING ERRCODE = 'feature_not_supported', MESSAGE = format('the types %s are in a \
             tenant''s own schema, and the drivers, which remember types by their names, would give one tenant''s to \
             another: make them in the shared schema', own);\n  END IF;",
            quote_literal(schema)
        ),
    )
}
