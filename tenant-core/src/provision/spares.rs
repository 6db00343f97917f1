use super::{SchemaTemplate, no_spare};
use crate::{
    Error, SqlSession,
    isolation::{OWN_SCHEMA, rename_schema_role},
    quote::quoted,
    quote_literal,
    work::Work,
};

/// What a spare's name begins with; a tenant's own schema may not.
const SPARE: &str = "spare_";

impl SchemaTemplate {
    /// Makes this many schemas beforehand, for a moment in which there is no time for that. Each is a
    /// message of its own, so an error leaves those before it.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub async fn add_spares<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        count: usize,
    ) -> Result<Vec<String>, Error> {
        let mut made = Vec::new();
        for _ in 0..count {
            let sql = format!(
                "SELECT '{SPARE}' || pg_catalog.replace(pg_catalog.gen_random_uuid()::text, '-', '') AS name"
            );
            let rows = session.rows(&sql, &[]).await?;
            let name = rows.first().and_then(|row| row.get("name")?.as_str()).unwrap_or_default();
            self.create(session, name).await?;
            made.push(name.to_owned());
        }
        Ok(made)
    }

    /// The spares that are left, of any template: migrate them with the tenants' schemas.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub async fn spares<S: SqlSession + ?Sized>(&self, session: &S) -> Result<Vec<String>, Error> {
        let rows = session.rows(&spares(""), &[]).await?;
        let name = |row: crate::JsonRow| Some(row.get("name")?.as_str()?.to_owned());
        Ok(rows.into_iter().filter_map(name).collect())
    }

    /// Gives a spare this name. Many at once each get another one, and none waits for another's
    /// spare. Dropping the future leaves the spare as it was, or taken.
    ///
    /// # Errors
    /// [`Error::Template`] where no spare is left; [`Error::InvalidPlacement`] for a schema that cannot
    /// be one tenant's; [`Error::Session`], as when there is such a schema already. Then nothing was
    /// changed.
    pub async fn take_spare<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        schema: &str,
    ) -> Result<(), Error> {
        let walls = self.isolation.own_walls(schema)?;
        let work = Work::begin(session).await?;
        let taken = self.take_spare_in(&work, schema, &walls).await;
        work.end(taken, Into::into).await
    }

    async fn take_spare_in(
        &self,
        work: &Work,
        schema: &str,
        walls: &[String],
    ) -> Result<(), Error> {
        let rows = work.session().rows(&spares("LIMIT 1 FOR UPDATE SKIP LOCKED"), &[]).await?;
        let Some(spare) = rows.first().and_then(|row| row.get("name")?.as_str()) else {
            return Err(no_spare(self.name()));
        };
        let layout = self.isolation.layout();
        let role =
            rename_schema_role(&layout.tenant_schema(spare)?, &layout.tenant_schema(schema)?);
        let sql = format!(
            "{}{role}ALTER SCHEMA {} RENAME TO {};\n\
             DELETE FROM tenancy.installed WHERE kind = 'part' AND object = {};\n{}",
            self.isolation.installs(),
            quoted(spare),
            quoted(schema),
            quote_literal(&format!("{OWN_SCHEMA}{spare}")),
            walls.join("\n")
        );
        Ok(work.session().batch(&sql).await?)
    }
}

/// Those that are there, the oldest of a name first.
fn spares(rest: &str) -> String {
    let known = format!("{OWN_SCHEMA}{SPARE}");
    format!(
        "SELECT substr(i.object, {}) AS name FROM tenancy.installed AS i WHERE i.kind = 'part' \
         AND i.object ~ {} ORDER BY 1 {rest}",
        OWN_SCHEMA.len() + 1,
        quote_literal(&format!("^{known}[0-9a-f]{{32}}$")),
    )
}
