//! What starts the server, and ends it when this process is gone, however it went.

use std::{
    io::{BufRead, BufReader, Read},
    os::unix::process::CommandExt,
    path::Path,
    process::{Child, ChildStdin, Stdio},
    sync::{Arc, mpsc},
    thread,
};

use crate::{Error, log::Log, server_user::ServerUser};

/// It waits on a pipe whose other end only this process has, so that its end is seen even when it
/// was killed. What makes it hold:
/// - it and the server are a process group of their own, which Ctrl-C at a terminal does not reach,
///   and it ignores the signals that a runner may send to everybody;
/// - but not while it starts the server, which would inherit that: SIGTERM must work on the server
///   from its first moment, for it may have to end right then. SIGQUIT does not, because a shell's
///   background job ignores it until it is PostgreSQL that decides, so SIGTERM comes first;
/// - the server does not get the pipe;
/// - the watchdog closes the log once the server has it, so that the log's end is the server's end.
const SCRIPT: &str = r#"
trap '' INT TERM HUP
umask 077
run=$1 data=$2
shift 2
mkdir "$run" || exit
if cp -R "$data" "$run/data"; then
  trap - INT TERM HUP
  "$@" </dev/null >/dev/null &
  server=$!
  trap '' INT TERM HUP
  exec 2>/dev/null
  while read -r line; do :; done
  kill -TERM "$server"
  kill -QUIT "$server"
  wait "$server"
fi
rm -rf "$run"
"#;

#[derive(Debug)]
pub(crate) struct Watchdog {
    child: Child,
    /// Closed by the operating system when this process ends.
    lifeline: Option<ChildStdin>,
    log: Arc<Log>,
}

/// What the log said first.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// The server takes connections.
    Ready,
    /// The server has ended.
    Ended,
}

impl Watchdog {
    /// Copies `data` into the new directory `run` and starts `server` with these arguments. The
    /// events come when they come; none is missed.
    pub(crate) fn start(
        user: &ServerUser,
        run: &Path,
        data: &Path,
        server: &Path,
        arguments: &[String],
    ) -> Result<(Self, mpsc::Receiver<Event>), Error> {
        let mut child = user
            .command("sh")
            .args(["-c", SCRIPT, "tenant-testkit"])
            .arg(run)
            .arg(data)
            .arg(server)
            .args(arguments)
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(Error::io("run `sh`, which watches over the server"))?;
        let log = Arc::new(Log::default());
        let (told, events) = mpsc::channel();
        if let Some(stderr) = child.stderr.take() {
            let log = Arc::clone(&log);
            thread::Builder::new()
                .name("tenant-testkit-log".to_owned())
                .spawn(move || drain(stderr, &log, &told))
                .map_err(Error::io("start a thread that reads the server's log"))?;
        }
        let watchdog = Self { lifeline: child.stdin.take(), child, log };
        Ok((watchdog, events))
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.lifeline = None;
        // It ends the server and removes the directory first.
        if let Err(why) = self.child.wait() {
            tracing::warn!(%why, "lost sight of the test server's watchdog");
        }
    }
}

/// Reads all of the log, so that the server never waits for us.
fn drain(stderr: impl Read, log: &Log, told: &mpsc::Sender<Event>) {
    let mut lines = BufReader::new(stderr);
    let mut line = Vec::new();
    while let Ok(1..) = lines.read_until(b'\n', &mut line) {
        let text = String::from_utf8_lossy(&line);
        // Nobody listens any more once the server runs.
        if text.contains("database system is ready to accept connections") {
            let _ = told.send(Event::Ready);
        }
        log.push(text.trim_end());
        line.clear();
    }
    let _ = told.send(Event::Ended);
}
