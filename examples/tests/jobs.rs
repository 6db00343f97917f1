//! The jobs' program prints what it says of itself.

#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::process::Command;

#[test]
fn what_was_tampered_with_is_refused_and_every_other_job_is_done_once() {
    let output = Command::new(env!("CARGO_BIN_EXE_jobs")).output().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{stdout}{}", String::from_utf8_lossy(&output.stderr));
    for said in [
        "Two workers took 5 jobs, each of them once",
        "1: done: acme owes 30",
        "2: done: initech owes 60",
        "3: refused: tenant 3 is suspended",
        "4: refused: the user is not a member of tenant 2",
        "5: refused: the job's signature does not fit",
        "complete: true, jobs done: 2",
    ] {
        assert!(stdout.contains(said), "{said} is missing in\n{stdout}");
    }
}
