use std::{io::Write, path::Path};

use super::{
    Export, ExportError, ExportManifest,
    sink::{Folder, Tar},
};
use crate::SqlSession;

/// Of rows and a registry in two databases.
impl Export {
    /// [`to_folder`](Self::to_folder) for a tenant that lives in another database than the registry's.
    /// `session` is one of the database that the registry knows by this name, `registry` one of the
    /// registry's own, which has the audit log, too.
    ///
    /// ```no_run
    /// # async fn f(export: tenant_core::Export, there: impl tenant_core::SqlSession,
    /// # registry: impl tenant_core::SqlSession) -> Result<(), tenant_core::ExportError> {
    /// // Both log in as `shop_admin`.
    /// export.to_folder_from("eu-1", &there, &registry, "export-7").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    /// [`ExportError`]; [`Error::Elsewhere`](crate::Error::Elsewhere) in it where the tenant does not
    /// live there, or left meanwhile.
    pub async fn to_folder_from<S: SqlSession + ?Sized, R: SqlSession + ?Sized>(
        &self,
        database: &str,
        session: &S,
        registry: &R,
        path: impl AsRef<Path>,
    ) -> Result<ExportManifest, ExportError> {
        self.check()?;
        let path = path.as_ref();
        let io = |source| ExportError::Io { what: path.display().to_string(), source };
        let folder = Folder::create(path).map_err(io)?.map_err(ExportError::Exists)?;
        self.run(database, session, registry, Box::new(folder)).await
    }

    /// [`to_tar`](Self::to_tar) for such a tenant, with the sessions of
    /// [`to_folder_from`](Self::to_folder_from).
    ///
    /// # Errors
    /// [`ExportError`].
    pub async fn to_tar_from<S: SqlSession + ?Sized, R: SqlSession + ?Sized>(
        &self,
        database: &str,
        session: &S,
        registry: &R,
        out: impl Write + Send,
    ) -> Result<ExportManifest, ExportError> {
        self.check()?;
        self.run(database, session, registry, Box::new(Tar::new(out))).await
    }
}
