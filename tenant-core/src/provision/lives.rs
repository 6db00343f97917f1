use crate::{Error, Placement, SqlSession};

/// Refuses where the registry says that a tenant lives there, or is on its way there.
pub(super) async fn refuse_home<S: SqlSession + ?Sized>(
    registry: &S,
    place: &Placement,
) -> Result<(), Error> {
    let sql = "SELECT t.id::text AS id FROM tenancy.tenants AS t WHERE t.database = $1::text \
               AND ($2::text = '' OR t.schema = $2::text) ORDER BY 1 LIMIT 1";
    let params = [place.database_name(), place.schema_name().unwrap_or_default()];
    match registry.rows(sql, &params).await?.first() {
        None => Ok(()),
        Some(row) => {
            let id = row.get("id").and_then(|id| id.as_str()).unwrap_or_default();
            let why = format!(
                "the tenant {id} lives in {place}: move or erase it first, then drop what it leaves"
            );
            Err(Error::InvalidPlacement { why })
        }
    }
}
