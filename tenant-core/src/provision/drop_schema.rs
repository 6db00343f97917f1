use super::{SchemaTemplate, lives::refuse_home, relations::Relations};
use crate::{
    Error, Placement, SqlSession,
    isolation::{OWN_SCHEMA, drop_schema_role},
    quote::{check_ident, quoted},
    work::Work,
};

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
        let work = Work::begin(session).await?;
        let dropped = self.drop_schema_in(&work, registry, place, schema).await;
        work.end(dropped, Into::into).await
    }

    async fn drop_schema_in<R: SqlSession + ?Sized>(
        &self,
        work: &Work,
        registry: &R,
        place: &Placement,
        schema: &str,
    ) -> Result<(), Error> {
        let refuse = |why: String| Error::Template { template: self.name().to_owned(), why };
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
        let relations = Relations::of(work, schema).await?;
        if let Some(table) = relations.first_with_rows(work).await? {
            return Err(refuse(format!(
                "there are rows in {table}: erase the tenant with `Erasure`, or move it with `Move`; \
                 then drop the schema"
            )));
        }
        let mut drops = relations.drops();
        drops.push(format!("DROP SCHEMA {}", quoted(schema)));
        drops.push(drop_schema_role(&self.isolation.layout().tenant_schema(schema)?));
        Ok(work.session().batch(&drops.join("; ")).await?)
    }
}
