use crate::TenantId;

/// A row that belongs to another tenant came back.
///
/// Its message names the transaction's tenant alone, since it may be shown to that tenant's users.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "a row of another tenant came back in the transaction of tenant {tenant} (column `{column}`) and was \
     not handed out: the database does not keep tenants apart; roll back, then run `lint` and `probe` \
     on it"
)]
#[non_exhaustive]
pub struct ForeignRow {
    /// The transaction's tenant.
    pub tenant: TenantId,
    /// The column of the result that names another one.
    pub column: String,
    /// What it names, as text.
    pub found: String,
}
