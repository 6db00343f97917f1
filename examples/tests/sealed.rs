//! The seal's program prints what it says of itself.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

#[test]
fn the_seal_refuses_what_works_without_it_and_a_broken_wall_is_found() {
    let output = Command::new(env!("CARGO_BIN_EXE_sealed")).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    for said in [
        "revenue: 303.96 ",
        "refused: the tenant of this transaction is not sealed",
        " 0 leaked, ",
        "lint: TEN004 table public.invoice",
        "a pool: this database would not keep tenants apart",
    ] {
        assert!(stdout.contains(said), "{said} is missing in\n{stdout}");
    }
}
