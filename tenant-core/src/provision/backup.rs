use std::{path::Path, process::Command};

use percent_encoding::percent_decode_str;
use url::Url;

use crate::{DatabaseAddress, Error, Placement, quote::quoted};

/// PostgreSQL's own programs over one tenant's schema or database: `pg_dump` saves it, `pg_restore`
/// brings it back, under the same name. A tenant that shares its tables is saved by an
/// [`Export`](crate::Export).
///
/// It makes the commands, and whoever calls runs them: with `status()`, or with Tokio's `Command`,
/// which is made from one. They want the programs on the `PATH`, of the server's version or newer.
///
/// ```
/// use tenant_core::{Backup, DatabaseAddress, Placement};
///
/// let address = DatabaseAddress::new("postgres://postgres:secret@db-1/shop");
/// let backup = Backup::of(&address, &Placement::schema("main", "acme")?)?;
/// let dump = format!("{:?}", backup.dump("acme.dump"));
/// assert!(dump.contains("pg_dump"));
/// # Ok::<(), tenant_core::Error>(())
/// ```
///
/// # Authority
/// The URL must be of a login that no policy narrows, or `pg_dump` refuses: a superuser, or one with
/// `BYPASSRLS` that may read all. The password is handed over in the environment, where other users of
/// the machine cannot see it.
#[derive(Debug, Clone)]
pub struct Backup {
    url: String,
    password: Option<String>,
    schema: Option<String>,
}

impl Backup {
    /// Of this place, in the database at this address.
    ///
    /// # Errors
    /// [`Error::InvalidPlacement`] for shared tables, and for a URL that is none or has its password
    /// among the parameters.
    pub fn of(address: &DatabaseAddress, place: &Placement) -> Result<Self, Error> {
        let refuse = |why: &str| Err(Error::InvalidPlacement { why: why.to_owned() });
        if matches!(place, Placement::Shared { .. }) {
            return refuse("a tenant in shared tables is saved by `Export`, not by `pg_dump`");
        }
        let Ok(mut url) = Url::parse(address.url()) else {
            return refuse("the database's address is no URL, such as postgres://user@host/name");
        };
        if url.query_pairs().any(|(name, _)| name.contains("password")) {
            return refuse(
                "the database's address has its password among the parameters, where others could \
                 see it; write it before the host",
            );
        }
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let password = url.password().map(decode);
        if url.set_password(None).is_err() && password.is_some() {
            return refuse("the database's address has a password and no host");
        }
        let schema = place.schema_name().map(str::to_owned);
        Ok(Self { url: url.into(), password, schema })
    }

    /// Saves it in this file, which `pg_dump` writes over.
    pub fn dump(&self, file: impl AsRef<Path>) -> Command {
        let mut dump = self.program("pg_dump");
        dump.arg("--format=custom").arg("--file").arg(file.as_ref());
        if let Some(schema) = &self.schema {
            // A pattern, in which quotes keep every letter what it is.
            dump.arg("--schema").arg(quoted(schema));
        }
        dump
    }

    /// Brings back what is in this file, all or nothing: the schema must be gone, or the database be
    /// empty. Then run [`Isolation::apply_schema`](crate::Isolation::apply_schema), or
    /// [`Isolation::apply`](crate::Isolation::apply), again.
    ///
    /// A materialised view over a tenant's table stops it: PostgreSQL fills one as its owner, whom row
    /// security refuses.
    pub fn restore(&self, file: impl AsRef<Path>) -> Command {
        let mut restore = self.program("pg_restore");
        restore.args(["--single-transaction", "--exit-on-error"]).arg(file.as_ref());
        restore
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(name);
        command.arg("--no-password").arg("--dbname").arg(&self.url);
        if let Some(password) = &self.password {
            command.env("PGPASSWORD", password);
        }
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(url: &str, place: &Placement) -> Result<Backup, Error> {
        Backup::of(&DatabaseAddress::new(url), place)
    }

    fn arguments(command: &Command) -> Vec<String> {
        command.get_args().map(|arg| arg.to_string_lossy().into_owned()).collect()
    }

    #[test]
    fn the_password_is_not_among_the_arguments() {
        let place = Placement::schema("main", r#"a"c*?.me"#).unwrap();
        let backup = of("postgres://shop:s%20%2F%C3%A4@db-1:5433/shop?sslmode=require", &place);
        let dump = backup.unwrap().dump("acme.dump");
        let wanted = "--no-password --dbname postgres://shop@db-1:5433/shop?sslmode=require \
                      --format=custom --file acme.dump --schema \"a\"\"c*?.me\"";
        assert_eq!(arguments(&dump).join(" "), wanted);
        let password = dump.get_envs().find(|(name, _)| *name == "PGPASSWORD").unwrap().1;
        assert_eq!(password.unwrap(), "s /ä");
    }

    #[test]
    fn what_cannot_be_saved_so_is_refused() {
        let own = Placement::database("acme").unwrap();
        assert!(of("postgres://db-1/acme", &own).is_ok());
        assert!(of("postgres://db-1/acme", &Placement::default()).is_err());
        assert!(of("host=db-1", &own).is_err());
        assert!(of("postgres://db-1/acme?password=secret", &own).is_err());
    }
}
