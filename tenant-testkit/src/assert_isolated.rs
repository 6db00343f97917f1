use tenant_core::{CheckIsolation, Probe, Report, Severity, TenantId};

/// Fails the test unless this pool's database keeps tenants apart: unless a lint of it finds no
/// warning and no error, and a probe with the application's own login gets at nothing.
///
/// ```no_run
/// # async fn f(db: impl tenant_core::CheckIsolation) {
/// // In a test of your application, with its own `TenantDb`:
/// tenant_testkit::assert_isolated(&db).await;
/// # }
/// ```
///
/// The probe plants rows of two tenants that nobody is, in a transaction that is rolled back. Where
/// a tenant column refers to a table of tenants, name two: [`assert_isolated_between`].
///
/// It judges the database as it is: what an installer who is no superuser could not take away
/// (large objects, `TEN125`) fails the test, too. For findings that may stay, run a lint with
/// [`Lint::suppress`](tenant_core::Lint::suppress) by [`CheckIsolation::run_lint`].
///
/// # Panics
/// With the report, when something was found, or when it could not be looked for.
pub fn assert_isolated<D: CheckIsolation + ?Sized>(db: &D) -> impl Future<Output = ()> + Send {
    judge(db, db.probe())
}

/// [`assert_isolated`] with two tenants that exist: `a` attacks `b`. Nothing of theirs is changed.
///
/// # Panics
/// As [`assert_isolated`].
pub fn assert_isolated_between<D: CheckIsolation + ?Sized>(
    db: &D,
    a: impl Into<TenantId>,
    b: impl Into<TenantId>,
) -> impl Future<Output = ()> + Send {
    judge(db, db.probe().tenants(a, b))
}

async fn judge<D: CheckIsolation + ?Sized>(db: &D, probe: Probe) {
    let lint = db.run_lint(&db.lint()).await;
    let probe = db.run_probe(&probe).await;
    let told = [("lint", lint), ("probe", probe)].map(|(what, report)| match report {
        Ok(report) if holds(&report) => None,
        Ok(report) => Some(format!("{what}:\n{report}")),
        Err(error) => Some(format!("{what} could not be run: {error}")),
    });
    let told: Vec<String> = told.into_iter().flatten().collect();
    assert!(told.is_empty(), "this database does not keep tenants apart\n\n{}", told.join("\n\n"));
}

fn holds(report: &Report) -> bool {
    report.at_least(Severity::Warning).next().is_none()
}
