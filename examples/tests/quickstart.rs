//! The quickstart prints what the README says.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

#[test]
fn the_quickstart_prints_the_known_figures_and_shows_the_walls() {
    let output = Command::new(env!("CARGO_BIN_EXE_quickstart")).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    let row = |name: &str| -> Vec<String> {
        let line = stdout.lines().find(|line| line.starts_with(&format!("│ {name} ")));
        let line = line.unwrap_or_else(|| panic!("no row {name} in\n{stdout}"));
        line.split(['│', '┆']).map(|cell| cell.trim().to_owned()).skip(2).take(4).collect()
    };
    assert_eq!(row("USA"), ["523.06", "91", "523.06", "91"]);
    assert_eq!(row("Canada"), ["303.96", "56", "303.96", "56"]);
    assert_eq!(row("France"), ["195.10", "35", "195.10", "35"]);
    assert_eq!(row("all 24"), ["", "", "2328.60", "412"]);
    for wall in [
        "is not a member of tenant",
        "is suspended",
        "permission denied for table invoice",
        "row-level security policy for table \"customer\"",
        "row-level security policy for table \"invoice\"",
        "touches the table `invoice`, which is not declared as shared",
    ] {
        assert!(stdout.contains(wall), "{wall} is missing in\n{stdout}");
    }
}
