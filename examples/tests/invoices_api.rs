//! The service makes its own tour, over HTTP, through either ORM.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

fn tour(orm: &str) {
    let mut service = Command::new(env!("CARGO_BIN_EXE_invoices-api"));
    let output = service.args(["--check", "--orm", orm]).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    for said in [
        "own invoices only: USA 523.06, Canada 303.96",
        "a job was done: 91 invoices, 523.06 in all",
        "an export was verified; after 2 the quota is used up",
        "invoices up to 93, then the quota is used up",
        "support read Canada's revenue, and Canada's user is no staff",
        "suspended: refused within a second; resumed: let in",
        "erased: Canada is gone, the other tenants' sums are unchanged",
        "the audit log is whole",
    ] {
        assert!(stdout.contains(said), "{said} is missing in\n{stdout}");
    }
}

#[test]
fn a_tenants_life_over_http_through_seaorm() {
    tour("seaorm");
}

#[test]
fn a_tenants_life_over_http_through_diesel() {
    tour("diesel");
}
