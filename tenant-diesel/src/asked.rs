//! What a pool asks before it opens.

use diesel::{
    QueryableByName,
    pg::Pg,
    result::Error as DieselError,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use tenant_core::Layout;

use crate::Error;

/// Where the login found itself, which the default layout is made of.
#[derive(QueryableByName)]
pub(crate) struct Found {
    #[diesel(sql_type = Text)]
    database: String,
}

impl Found {
    pub(crate) const QUERY: &str = "SELECT pg_catalog.current_database()::text AS database";

    /// Roles named after the database.
    pub(crate) fn layout(&self) -> Result<Layout, tenant_core::Error> {
        Layout::new(&self.database)
    }
}

/// What [`Opening::question`](tenant_core::adapter::Opening::question) is answered with.
#[derive(QueryableByName)]
pub(crate) struct Counted {
    #[diesel(sql_type = Bool)]
    pub(crate) counted: bool,
}

/// The one row that answers this.
pub(crate) async fn asked<T>(connection: &mut AsyncPgConnection, question: &str) -> Result<T, Error>
where
    T: QueryableByName<Pg> + Send + 'static,
{
    // A pooler must not hand the connection on between the driver's messages.
    let query = async {
        connection.batch_execute("BEGIN READ ONLY").await?;
        let row = RunQueryDsl::get_result(diesel::sql_query(question), connection).await?;
        connection.batch_execute("COMMIT").await?;
        Ok(row)
    };
    query.await.map_err(|error: DieselError| Error::not_connected(error))
}
