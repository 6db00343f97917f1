use secrecy::ExposeSecret;

use crate::{Error, SealKey, SqlSession};

/// The sealing keys that a database knows.
///
/// Rotation, with no moment in which anything is refused: [`add`](Self::add) the new key; roll out
/// the application with it; [`retire`](Self::retire) the old one. The database's own key is renewed
/// by [`renew_database_key`](Self::renew_database_key).
///
/// ```no_run
/// # async fn f(session: impl tenant_core::SqlSession) -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_core::{SealKey, SealKeys};
///
/// let keys = SealKeys::new(&session); // as `shop_owner`
/// keys.add(&SealKey::from_hex("k2", &std::env::var("TENANT_SEAL_KEY")?)?).await?;
/// // … every instance of the application has been started with k2
/// keys.retire("k1").await?;
/// # Ok(()) }
/// ```
///
/// # Authority
/// A session with the `…_owner` login, or a superuser's. The secret travels to the database as a
/// parameter: use TLS, and know that a server that logs parameters has it in its log.
#[derive(Debug, Clone, Copy)]
pub struct SealKeys<'s, S: ?Sized> {
    session: &'s S,
}

/// A key that a database knows, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SealKeyInfo {
    /// Its name.
    pub name: String,
    /// When it was added, as PostgreSQL writes it.
    pub created_at: String,
}

impl<'s, S: SqlSession + ?Sized> SealKeys<'s, S> {
    /// The keys of this session's database.
    pub fn new(session: &'s S) -> Self {
        Self { session }
    }

    /// Lets the database accept what this key signs. Adding it again changes nothing.
    ///
    /// # Errors
    /// [`Error::SealKey`] when a key of that name has another secret; [`Error::Session`].
    pub async fn add(&self, key: &SealKey) -> Result<(), Error> {
        let secret = key.secret_in_hex();
        let found = self
            .session
            .rows(
                // The same key again is no change; another one under its name gives no row.
                "INSERT INTO tenancy.seal_keys AS k (kind, name, inner_pad, outer_pad) \
                 SELECT 'application', $1, tenancy.seal_pad(secret, 54), tenancy.seal_pad(secret, 92) \
                 FROM (SELECT decode($2, 'hex')) AS given (secret) \
                 ON CONFLICT (kind, name) DO UPDATE SET name = excluded.name \
                 WHERE k.inner_pad = excluded.inner_pad AND k.outer_pad = excluded.outer_pad \
                 RETURNING k.name",
                &[key.name(), secret.expose_secret()],
            )
            .await?;
        if found.is_empty() {
            let why = "there is one of that name with another secret; give the new one a new name";
            return Err(Error::SealKey { name: key.name().to_owned(), why });
        }
        Ok(())
    }

    /// Stops the database from accepting what the key of this name signs. The last one stays, since
    /// nothing could be opened without it.
    ///
    /// # Errors
    /// [`Error::SealKey`] when there is no such key or no other; [`Error::Session`].
    pub async fn retire(&self, name: &str) -> Result<(), Error> {
        let gone = self
            .session
            .rows(
                "DELETE FROM tenancy.seal_keys WHERE kind = 'application' AND name = $1 \
                 AND EXISTS (SELECT FROM tenancy.seal_keys WHERE kind = 'application' AND name <> $1) \
                 RETURNING name",
                &[name],
            )
            .await?;
        if gone.is_empty() {
            let why = "it is not there, or it is the only one, without which nothing could be \
                       opened: add its successor first";
            return Err(Error::SealKey { name: name.to_owned(), why });
        }
        Ok(())
    }

    /// The application's keys, oldest first.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub async fn list(&self) -> Result<Vec<SealKeyInfo>, Error> {
        let rows = self
            .session
            .rows(
                "SELECT name, created_at::text FROM tenancy.seal_keys WHERE kind = 'application' \
                 ORDER BY seal_keys.created_at, name",
                &[],
            )
            .await?;
        let text = |row: &crate::JsonRow, column: &str| {
            row.get(column).and_then(|v| v.as_str()).unwrap_or_default().to_owned()
        };
        Ok(rows
            .iter()
            .map(|row| SealKeyInfo { name: text(row, "name"), created_at: text(row, "created_at") })
            .collect())
    }

    /// Makes the database a new key of its own. The one before stays for the transactions that are
    /// open; the one before that goes.
    ///
    /// # Errors
    /// [`Error::Session`].
    pub async fn renew_database_key(&self) -> Result<(), Error> {
        Ok(self.session.batch("SELECT tenancy.renew_database_key()").await?)
    }
}
