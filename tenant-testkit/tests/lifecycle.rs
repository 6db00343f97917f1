//! Servers of our own come when they are wanted, and nothing is left of them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

mod support;

use std::{
    env, fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use support::{Again, again, again_from, parent_asks, part, tell};
use tenant_core::SqlSession;
use tenant_testkit::{TestDatabase, TestServer};

/// Not a test by itself: what the others run in a process of its own.
#[test]
fn child() {
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    match part().as_deref() {
        Some("serve") => {
            let db = TestDatabase::create_blocking().unwrap();
            tell(&db.server().run_directory().unwrap().display().to_string());
            while parent_asks() {
                db.session().batch_blocking("SELECT 1").unwrap();
                tell("still there");
            }
        }
        Some("describe") => match runtime().block_on(TestServer::shared()) {
            Ok(server) => tell(&server.describe()),
            Err(why) => tell(&why.to_string().replace('\n', " ")),
        },
        Some(other) => panic!("{other}"),
        None => {}
    }
}

/// Where an external server is given, there may be no programs for one of our own.
fn only_external() -> bool {
    env::var_os("TENANT_TEST_DATABASE_URL").is_some()
}

fn serve() -> (Again, PathBuf) {
    let child = again("serve").start();
    let run = PathBuf::from(child.told());
    assert!(run.join("data").is_dir());
    (child, run)
}

#[test]
fn nothing_is_left_of_a_killed_process() {
    if only_external() {
        return;
    }
    for _ in 0..2 {
        let (mut child, run) = serve();
        child.kill();
        child.all_gone();
        assert!(!run.exists());
    }
}

#[test]
fn nothing_is_left_of_a_process_that_ends() {
    if only_external() {
        return;
    }
    let (mut child, run) = serve();
    child.end();
    child.all_gone();
    assert!(!run.exists());
}

#[test]
fn nothing_is_left_whenever_it_is_killed() {
    if only_external() {
        return;
    }
    let (mut child, run) = serve();
    child.end();
    let home = run.parent().unwrap();
    for step in 0..15 {
        let mut child = again("serve").start();
        thread::sleep(Duration::from_millis(20 * step));
        let runs = format!("run-{}-", child.pid());
        child.kill();
        child.all_gone();
        let left = fs::read_dir(home).unwrap().flatten();
        let left: Vec<_> =
            left.filter(|entry| entry.file_name().to_string_lossy().starts_with(&runs)).collect();
        assert!(left.is_empty(), "{left:?}");
    }
}

#[test]
fn processes_have_servers_of_their_own_at_the_same_time() {
    if only_external() {
        return;
    }
    let mut children: Vec<Again> = (0..3).map(|_| again("serve").start()).collect();
    let mut runs: Vec<PathBuf> = children.iter().map(|c| c.told().into()).collect();
    assert!(runs.iter().all(|run| run.exists()));
    for child in &mut children {
        child.end();
        child.all_gone();
    }
    assert!(!runs.iter().any(|run| run.exists()));
    runs.sort();
    runs.dedup();
    assert_eq!(runs.len(), 3);
}

#[test]
fn signals_that_a_runner_sends_to_everybody_do_not_end_the_server_early() {
    if only_external() {
        return;
    }
    let (mut child, run) = serve();
    let lock = fs::read_to_string(run.join("data/postmaster.pid")).unwrap();
    let server = lock.lines().next().unwrap();
    let ps = Command::new("ps").args(["-o", "ppid=", "-p", server]).output();
    let watchdog = String::from_utf8(ps.unwrap().stdout).unwrap();
    for signal in ["-INT", "-TERM", "-HUP"] {
        let sent = Command::new("kill").args([signal, watchdog.trim()]).status();
        assert!(sent.unwrap().success());
        child.ask();
        assert_eq!(child.told(), "still there");
    }
    child.end();
    child.all_gone();
    assert!(!run.exists());
}

#[test]
fn root_and_another_user_can_both_use_it() {
    // Only root can become somebody else.
    if only_external() || !fs::metadata("/proc/self").is_ok_and(|me| is_roots(&me)) {
        return;
    }
    // Where anybody can run it.
    let folder = env::temp_dir().join(format!("testkit-program-{}", std::process::id()));
    fs::create_dir(&folder).unwrap();
    fs::set_permissions(&folder, PermissionsExt::from_mode(0o755)).unwrap();
    let program = folder.join("lifecycle");
    fs::copy(env::current_exe().unwrap(), &program).unwrap();
    fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();

    let (mut ours, our_run) = serve();
    for _ in 0..2 {
        let mut child = again_from(&program, "serve").user(65534, 65534).start();
        let run = PathBuf::from(child.told());
        assert_ne!(run.parent(), our_run.parent());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&run), 0o700);
        child.kill();
        child.all_gone();
        assert!(!run.exists());
    }
    ours.end();
    ours.all_gone();
    fs::remove_dir_all(&folder).unwrap();
}

fn is_roots(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::uid(metadata) == 0
}

#[test]
fn without_a_server_one_error_names_all_three_ways() {
    let empty = env::temp_dir().join(format!("testkit-empty-{}", std::process::id()));
    fs::create_dir(&empty).unwrap();
    let said = again("describe").env("PG_BIN_DIR", empty.to_str().unwrap()).start().told();
    fs::remove_dir(&empty).unwrap();
    for way in [
        "TENANT_TEST_DATABASE_URL",
        "install PostgreSQL's server programs",
        "PG_BIN_DIR",
        "feature `download`",
        empty.to_str().unwrap(),
    ] {
        assert!(said.contains(way), "{way} is missing in: {said}");
    }
}

#[test]
fn an_external_url_that_is_wrong_is_an_error_and_not_passed_over() {
    for (url, why) in [
        ("nonsense", "it is no URL"),
        ("postgresql://localhost/x", "it names no user"),
        ("postgresql://me@127.0.0.1:1/x", "error connecting to server"),
    ] {
        let child = again("describe").env("TENANT_TEST_DATABASE_URL", url).start();
        let said = child.told();
        assert!(said.contains(why), "{said}");
    }
}

#[test]
fn it_says_which_server_it_is() {
    if only_external() {
        return;
    }
    let said = again("describe").start().told();
    assert!(said.starts_with("PostgreSQL "), "{said}");
}

#[tokio::test]
async fn the_shared_server_is_one() {
    let one = TestServer::shared().await.unwrap();
    let rows = TestDatabase::create().await.unwrap();
    assert!(std::ptr::eq(one, rows.server()));
    let version = rows.session().rows("SELECT version()", &[]).await.unwrap();
    let said = version[0]["version"].as_str().unwrap();
    assert!(said.contains(one.version()));
}
