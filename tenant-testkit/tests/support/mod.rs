//! A test of the same file, run again in a process of its own.

use std::{
    env,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
    time::{Duration, Instant},
};

/// Set in the child; says what it is to do.
const PART: &str = "TENANT_TESTKIT_PART";
const PATIENCE: Duration = Duration::from_mins(1);

/// What this process is to do, if it is a child.
pub(crate) fn part() -> Option<String> {
    env::var(PART).ok()
}

/// Tells the parent something.
pub(crate) fn tell(what: &str) {
    println!("\nkit: {what}");
}

/// Returns when the parent asks for something: true, or wants us to end: false.
pub(crate) fn parent_asks() -> bool {
    std::io::stdin().read_line(&mut String::new()).unwrap() > 0
}

/// A child; it is killed when dropped.
pub(crate) struct Again {
    child: Child,
    lines: Receiver<String>,
}

/// How to run a child.
pub(crate) struct Options {
    command: Command,
}

/// Runs the test named `child` of this file as `part`.
pub(crate) fn again(part: &str) -> Options {
    again_from(&env::current_exe().unwrap(), part)
}

/// The same from a copy of this program, for instance one that another user can run.
pub(crate) fn again_from(program: &Path, part: &str) -> Options {
    // Everything that the child starts inherits the other end of our pipe as file 9, so that our
    // end says "end of file" when all of it is gone.
    let mut command = Command::new("sh");
    command
        .args(["-c", r#"exec 9>&1; exec "$@""#, "sh"])
        .arg(program)
        .args(["--exact", "child", "--nocapture", "--test-threads=1"])
        .env(PART, part)
        .env_remove("TENANT_TEST_DATABASE_URL")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    Options { command }
}

#[allow(dead_code, reason = "not every test file needs all")]
impl Options {
    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// As another user; needs root.
    pub(crate) fn user(mut self, uid: u32, gid: u32) -> Self {
        self.command.uid(uid).gid(gid).current_dir("/");
        self
    }

    pub(crate) fn start(mut self) -> Again {
        let mut child = self.command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (said, lines) = channel();
        thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        Again { child, lines }
    }
}

#[allow(dead_code, reason = "not every test file needs all")]
impl Again {
    /// What it tells next.
    pub(crate) fn told(&self) -> String {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let line = self.lines.recv_timeout(left).expect("the child says more");
            if let Some((_, told)) = line.split_once("kit: ") {
                return told.to_owned();
            }
        }
    }

    /// Wakes it up.
    pub(crate) fn ask(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Lets it end by itself.
    pub(crate) fn end(&mut self) {
        drop(self.child.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }

    /// Waits until everything that it started is gone, too.
    pub(crate) fn all_gone(&self) {
        let until = Instant::now() + PATIENCE;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(_) => {}
                Err(RecvTimeoutError::Disconnected) => return,
                Err(RecvTimeoutError::Timeout) => panic!("something is left running"),
            }
        }
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
