use super::{SchemaTemplate, lives::refuse_home};
use crate::{
    Error, Placement, SqlSession,
    isolation::{OWN_SCHEMA, drop_schema_role},
    quote::{check_ident, quoted},
    work::Work,
};

/// What hangs on nothing of the schema's own comes last.
const RELATIONS: &str = "\
    WITH RECURSIVE own AS (
      SELECT c.oid, c.relname, c.relkind FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1::text AND c.relkind IN ('r', 'v', 'm', 'S')
    ), view_depth (oid, depth) AS (
      SELECT oid, 0 FROM own WHERE relkind IN ('v', 'm')
      UNION
      SELECT r.ev_class, v.depth + 1 FROM view_depth v
      JOIN pg_depend d ON d.refclassid = 'pg_class'::regclass AND d.refobjid = v.oid
        AND d.classid = 'pg_rewrite'::regclass
      JOIN pg_rewrite r ON r.oid = d.objid AND r.ev_class <> v.oid
    )
    SELECT o.relname::text AS name, o.relkind::text AS kind, EXISTS (SELECT FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.objid = o.oid AND d.deptype IN ('a', 'i')) AS goes_with
    FROM own o LEFT JOIN view_depth v USING (oid)
    GROUP BY o.oid, o.relname, o.relkind ORDER BY max(v.depth) DESC NULLS LAST, o.oid";

impl SchemaTemplate {
    /// Drops a tenant's own schema in which nothing is left: what an erasure or a move leaves behind.
    /// `session` is one of the schema's database, `registry` one of the registry's; they may be the
    /// same.
    ///
    /// It drops relation by relation, so that nothing outside of the schema goes with it.
    ///
    /// # Errors
    /// [`Error::InvalidPlacement`] where the place is no schema, or a tenant lives in it;
    /// [`Error::Template`] where the schema was not made for a tenant, or rows are in it, but for the
    /// ORMs' own of migrations; [`Error::Session`], as when something outside hangs on what is inside.
    /// Then nothing was changed.
    ///
    /// # Cancellation
    /// Dropping the future leaves the schema as it was, or gone.
    pub async fn drop_schema<S, R>(
        &self,
        session: &S,
        registry: &R,
        place: &Placement,
    ) -> Result<(), Error>
    where
        S: SqlSession + ?Sized,
        R: SqlSession + ?Sized,
    {
        let Some(schema) = place.schema_name() else {
            let why =
                format!("{place} is no schema; a database is dropped with `DatabaseTemplate`");
            return Err(Error::InvalidPlacement { why });
        };
        check_ident(schema)?;
        let refuse = |why: String| Error::Template { template: self.name().to_owned(), why };
        let work = Work::begin(session).await?;
        let known = "DELETE FROM tenancy.installed WHERE kind = 'part' AND object = $1::text \
                     RETURNING true AS done";
        let part = format!("{OWN_SCHEMA}{schema}");
        if work.session().rows(known, &[&part]).await?.is_empty() {
            return Err(refuse(format!(
                "`{schema}` is no schema that was made for a tenant, so it is not dropped; see \
                 whether the name is right"
            )));
        }
        refuse_home(registry, place).await?;
        let home = quoted(schema);
        let rows = work.session().rows(RELATIONS, &[schema]).await?;
        let text = |row: &crate::JsonRow, column: &str| {
            row.get(column).and_then(|value| value.as_str()).unwrap_or_default().to_owned()
        };
        let mut tables = Vec::new();
        let mut drops = Vec::new();
        for row in &rows {
            let name = format!("{home}.{}", quoted(&text(row, "name")));
            let goes_with = row.get("goes_with").and_then(serde_json::Value::as_bool);
            match text(row, "kind").as_str() {
                "r" => tables.push(name),
                "v" => drops.push(format!("DROP VIEW {name}")),
                "m" => drops.push(format!("DROP MATERIALIZED VIEW {name}")),
                // With its table.
                _ if goes_with == Some(true) => {}
                _ => drops.push(format!("DROP SEQUENCE {name}")),
            }
        }
        if !tables.is_empty() {
            // Nobody writes between the look and the drop; and whoever is narrowed may not look.
            let lock = format!(
                "SET LOCAL row_security = off; LOCK TABLE {} IN ACCESS EXCLUSIVE MODE",
                tables.join(", ")
            );
            work.session().batch(&lock).await?;
            for table in tables.iter().filter(|table| !is_migrations(table)) {
                let sql = format!("SELECT true AS found FROM {table} LIMIT 1");
                if !work.session().rows(&sql, &[]).await?.is_empty() {
                    return Err(refuse(format!(
                        "there are rows in {table}: erase the tenant with `Erasure`, or move it with \
                         `Move`; then drop the schema"
                    )));
                }
            }
            // A default may use a sequence that is no column's own.
            drops.insert(views(&drops), format!("DROP TABLE {}", tables.join(", ")));
        }
        drops.push(format!("DROP SCHEMA {home}"));
        drops.push(drop_schema_role(&self.isolation.layout().tenant_schema(schema)?));
        work.session().batch(&drops.join("; ")).await?;
        Ok(work.commit().await?)
    }
}

/// How many of them are views'.
fn views(drops: &[String]) -> usize {
    drops.iter().take_while(|drop| !drop.starts_with("DROP SEQUENCE")).count()
}

fn is_migrations(table: &str) -> bool {
    table.ends_with(".\"seaql_migrations\"") || table.ends_with(".\"__diesel_schema_migrations\"")
}
