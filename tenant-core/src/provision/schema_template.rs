use super::query;
use crate::{
    Error, Isolation, SqlSession,
    quote::{check_ident, quoted},
    work::Work,
};

/// A schema after whose model tenants' own schemas are made: tables, keys, indexes, sequences, views,
/// triggers and comments under the same names, no rows but the ORMs' own of migrations, and the walls
/// of [`Isolation::apply_schema`].
///
/// It is read once; a schema is then one message to the database, and text first ([`sql`](Self::sql)),
/// to be read.
///
/// ```no_run
/// # async fn f(isolation: &tenant_core::Isolation, session: impl tenant_core::SqlSession)
/// # -> Result<(), tenant_core::Error> {
/// use tenant_core::SchemaTemplate;
///
/// let template = SchemaTemplate::read(&session, isolation, "template").await?;
/// template.create(&session, "acme").await?;
/// # Ok(()) }
/// ```
///
/// # Authority
/// It wants the login that installs the isolation: the tables' owner, or a superuser.
#[derive(Debug, Clone)]
pub struct SchemaTemplate {
    pub(super) isolation: Isolation,
    name: String,
    statements: Vec<String>,
}

impl SchemaTemplate {
    /// Reads what is in this schema, in which no tenant need live: an empty one, or the layout's own.
    ///
    /// # Errors
    /// [`Error::Template`] where there is no such schema, or something in it cannot be made anew from
    /// what the catalogue says: functions, types and the like, which belong into the shared schema;
    /// partitioned tables; policies that are not the isolation's. [`Error::Session`].
    pub async fn read<S: SqlSession + ?Sized>(
        session: &S,
        isolation: &Isolation,
        schema: &str,
    ) -> Result<Self, Error> {
        check_ident(schema)?;
        let template = |why: String| Error::Template { template: schema.to_owned(), why };
        if let Some(why) = shared_in(isolation, schema) {
            return Err(template(why));
        }
        let work = Work::look(session).await?;
        let exists = "SELECT oid::text AS oid FROM pg_namespace WHERE nspname = $1::text";
        if work.session().rows(exists, &[schema]).await?.is_empty() {
            let why = "there is no such schema; make it, with your migrations, or name another one";
            return Err(template(why.to_owned()));
        }
        let texts = async |sql: &str, column: &str| -> Result<Vec<String>, Error> {
            let rows = work.session().rows(sql, &[schema]).await?;
            let text = |row: crate::JsonRow| Some(row.get(column)?.as_str()?.to_owned());
            Ok(rows.into_iter().filter_map(text).collect())
        };
        let refused = texts(include_str!("refused.sql"), "what").await?;
        if !refused.is_empty() {
            return Err(template(format!(
                "it has what cannot be made anew from the catalogue: {}; put it into the shared schema \
                 (`Layout::shared_schema`), or make tenants' schemas with your migrations and \
                 `Isolation::apply_schema`",
                refused.join(", ")
            )));
        }
        // What is in the template is then named without its schema.
        work.session().batch(&look_in(isolation, schema)).await?;
        let statements = texts(&query(include_str!("structure.sql")), "sql").await?;
        work.commit().await?;
        Ok(Self { isolation: isolation.clone(), name: schema.to_owned(), statements })
    }

    /// The template's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The SQL that makes a schema of this name, as one transaction.
    ///
    /// # Errors
    /// [`Error::InvalidPlacement`] for a schema that cannot be one tenant's.
    pub fn sql(&self, schema: &str) -> Result<String, Error> {
        let walls = self.isolation.own_walls(schema)?;
        let mut sql = vec![
            self.isolation.head(&format!(
                "makes a tenant's own schema like `{}`, and walls it",
                self.name.replace(['\n', '\r'], " ")
            )),
            format!("CREATE SCHEMA {};", quoted(schema)),
            look_in(&self.isolation, schema) + ";",
        ];
        sql.extend(self.statements.iter().map(|statement| format!("{statement};")));
        sql.push("SET LOCAL search_path = pg_catalog, pg_temp;".to_owned());
        sql.extend(walls);
        sql.push("COMMIT;\n".to_owned());
        Ok(sql.join("\n"))
    }

    /// Makes a schema of this name, in one message. Dropping the future leaves all of it or nothing.
    ///
    /// # Errors
    /// Those of [`sql`](Self::sql); [`Error::Session`] with what the database said, as when there is
    /// such a schema already; then nothing was changed.
    pub async fn create<S: SqlSession + ?Sized>(
        &self,
        session: &S,
        schema: &str,
    ) -> Result<(), Error> {
        Ok(session.batch(&self.sql(schema)?).await?)
    }
}

/// What stands without a schema is of this one, or shared.
fn look_in(isolation: &Isolation, schema: &str) -> String {
    let names = [Some(schema), isolation.layout().shared_schema_name()];
    let names: Vec<_> = names.into_iter().flatten().map(quoted).collect();
    format!("SET LOCAL search_path = {}, pg_temp", names.join(", "))
}

/// A shared table in the template would become each tenant's own.
fn shared_in(isolation: &Isolation, schema: &str) -> Option<String> {
    let home = isolation.layout().shared_home();
    let mut shared = isolation.declaration().shared_tables().iter();
    let table = shared.find(|table| table.schema().unwrap_or(home) == schema)?;
    Some(format!(
        "the shared table {table} is looked for in it, and would become each tenant's own; put the \
         shared tables into a schema of theirs (`Layout::shared_schema`), or make the template in \
         another one"
    ))
}
