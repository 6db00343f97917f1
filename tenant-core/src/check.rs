use async_trait::async_trait;

use crate::{Binding, Error, Layout, Lint, Pooler, Probe, Report, Tenancy, opening::Opening};

/// A pool that lets its database be judged, as the application that it belongs to: by reading its
/// catalogue, and by attacking it. The adapters' `TenantDb` implement it.
///
/// ```no_run
/// use tenant_core::{CheckIsolation, Error};
///
/// async fn holds(db: &impl CheckIsolation) -> Result<bool, Error> {
///     let lint = db.run_lint(&db.lint()).await?;
///     let probe = db.run_probe(&db.probe()).await?;
///     println!("{lint}\n{probe}");
///     Ok(lint.is_clean() && probe.is_clean())
/// }
/// ```
#[async_trait]
pub trait CheckIsolation: Send + Sync {
    /// A lint of the pool's declaration and layout, to which suppressions can be added.
    fn lint(&self) -> Lint;

    /// A probe with the pool's declaration, layout and seal, to which two tenants can be named.
    fn probe(&self) -> Probe;

    /// Runs a lint on a connection that is taken out of the pool and closed afterwards.
    ///
    /// # Errors
    /// As [`Lint::run`].
    async fn run_lint(&self, lint: &Lint) -> Result<Report, Error>;

    /// Runs a probe on a connection that is taken out of the pool and closed afterwards. Nothing of
    /// it stays, also where it is dropped half-way.
    ///
    /// # Errors
    /// As [`Probe::run`].
    async fn run_probe(&self, probe: &Probe) -> Result<Report, Error>;
}

/// What a pool has to know to be judged; for the adapters.
#[derive(Debug, Clone)]
pub struct IsolationCheck {
    tenancy: Tenancy,
    layout: Layout,
    opening: Opening,
    pooler: Pooler,
}

impl IsolationCheck {
    /// A check of this declaration, under these names, with transactions opened like this.
    pub fn new(tenancy: &Tenancy, layout: &Layout, opening: &Opening) -> Self {
        let layout = match opening.seal() {
            Some(_) if !layout.binding_kind().is_sealed() => {
                layout.clone().binding(Binding::Sealed)
            }
            _ => layout.clone(),
        };
        let pooler = Pooler::None;
        Self { tenancy: tenancy.clone(), layout, opening: opening.clone(), pooler }
    }

    /// The same of a pool that stands behind this.
    pub fn behind(mut self, pooler: Pooler) -> Self {
        self.pooler = pooler;
        self
    }

    /// Whether the pool's connections are sessions, which lint and probe want.
    ///
    /// # Errors
    /// [`Error::Session`] behind a pooler.
    pub fn session(&self) -> Result<(), Error> {
        self.pooler.session().map_err(|source| Error::Session { source })
    }

    /// See [`CheckIsolation::lint`].
    pub fn lint(&self) -> Lint {
        let lint = Lint::new(&self.tenancy).layout(&self.layout);
        match self.opening.seal() {
            Some(seal) => lint.seal_padding(seal.padding_bytes()),
            None => lint,
        }
    }

    /// See [`CheckIsolation::probe`].
    pub fn probe(&self) -> Probe {
        Probe::new(&self.tenancy).layout(&self.layout).opening(self.opening.clone())
    }
}
