//! At a terminal: colours, progress, questions. And not in a pipe.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Write as _},
    os::fd::OwnedFd,
    process::{Child, Command, ExitStatus, Stdio},
};

use rustix::{
    process::{Pid, Signal, kill_process},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};

use crate::{
    migrate::with_files,
    moving::with_a_schema,
    shop::{As, Shop},
    tenants::with_rows,
};

/// A program at a terminal of its own.
pub(crate) struct Terminal {
    master: File,
    child: Child,
    seen: String,
}

impl Terminal {
    pub(crate) fn run(mut command: Command) -> Self {
        let master: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size = Winsize { ws_row: 40, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let path = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let end = || Stdio::from(OpenOptions::new().read(true).write(true).open(&path).unwrap());
        command.env("TERM", "xterm").stdin(end()).stdout(end()).stderr(end());
        let child = command.spawn().unwrap();
        // With it goes this side's hold on the terminal, so that its end is seen.
        drop(command);
        Self { master: File::from(master), child, seen: String::new() }
    }

    /// Reads until this has been seen.
    pub(crate) fn until(&mut self, text: &str) {
        let mut bytes = [0; 4096];
        while !self.seen.contains(text) {
            let n = self.master.read(&mut bytes).unwrap_or(0);
            assert!(n > 0, "it ended without {text:?}: {}", self.seen);
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
    }

    pub(crate) fn type_line(&mut self, line: &str) {
        writeln!(self.master, "{line}").unwrap();
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), Signal::INT).unwrap();
    }

    /// Reads to the end.
    pub(crate) fn end(mut self) -> (String, ExitStatus) {
        let mut bytes = [0; 4096];
        // Linux says EIO where the other side is closed.
        while let Ok(n @ 1..) = self.master.read(&mut bytes) {
            self.seen.push_str(&String::from_utf8_lossy(&bytes[..n]));
        }
        (self.seen, self.child.wait().unwrap())
    }
}

const ESCAPE: char = '\u{1b}';

#[test]
fn colours_are_for_terminals() {
    let shop = Shop::installed();
    let lint = || shop.command(As::Superuser, &["lint"]);
    let at_terminal = |command| Terminal::run(command).end().0;
    assert!(at_terminal(lint()).contains(ESCAPE));
    let mut plain = lint();
    plain.env("NO_COLOR", "1");
    assert!(!at_terminal(plain).contains(ESCAPE));
    assert!(
        !at_terminal(shop.command(As::Superuser, &["lint", "--color", "never"])).contains(ESCAPE)
    );

    let in_pipe = |args: &[&str]| {
        let output = shop.command(As::Superuser, args).output().unwrap();
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    };
    assert!(!in_pipe(&["lint"]).contains(ESCAPE));
    assert!(!in_pipe(&["lnit"]).contains(ESCAPE));
    assert!(in_pipe(&["lint", "--color", "always"]).contains(ESCAPE));
}

#[test]
fn progress_is_for_terminals() {
    let shop = Shop::installed();
    with_rows(&shop);
    let export = |path| {
        shop.command(As::Role("admin"), &["tenants", "export", "acme", path, "--reason", "r"])
    };
    let (seen, status) = Terminal::run(export("a")).end();
    assert!(status.success(), "{seen}");
    assert!(seen.contains("/3000 ") && seen.contains("6000 rows of 2 tables"), "{seen:?}");
    let piped = export("b").output().unwrap();
    assert!(piped.stderr.is_empty(), "{piped:?}");
    let mut quiet = export("c");
    quiet.arg("--quiet");
    let (seen, _) = Terminal::run(quiet).end();
    assert!(!seen.contains("/3000 "), "{seen:?}");
}

#[test]
fn an_erasure_asks_for_the_tenants_name() {
    let shop = Shop::installed();
    with_rows(&shop);
    let erase = || shop.command(As::Role("admin"), &["tenants", "erase", "acme", "--reason", "r"]);
    let left = || shop.value("SELECT count(*) FROM customers");

    let mut wrong = Terminal::run(erase());
    wrong.until("Type `acme` to go on: ");
    wrong.type_line("yes");
    let (seen, status) = wrong.end();
    assert_eq!((status.code(), &*left()), (Some(2), "3000"), "{seen}");

    let mut interrupted = Terminal::run(erase());
    interrupted.until("Type `acme` to go on: ");
    interrupted.interrupt();
    let (seen, status) = interrupted.end();
    assert_eq!((status.code(), &*left()), (Some(130), "3000"), "{seen}");
    assert!(seen.contains("nothing was changed"), "{seen}");

    let mut right = Terminal::run(erase());
    right.until("Type `acme` to go on: ");
    right.type_line("acme");
    let (seen, status) = right.end();
    assert_eq!((status.code(), &*left()), (Some(0), "0"), "{seen}");
    assert!(seen.contains("\"hash\""), "{seen}");
}

/// Nobody is at the other end of the pipe any more.
#[test]
fn a_reader_that_goes_is_no_error() {
    let shop = Shop::bare();
    let mut command = shop.command(As::Superuser, &["plan"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
}

#[test]
fn a_migration_asks_and_shows_how_far_it_is() {
    let shop = with_files();
    let run = || shop.command(As::Superuser, &["migrate", "run"]);
    let made = || shop.value("SELECT count(*) FROM pg_class WHERE relname = 'notes'");

    let mut interrupted = Terminal::run(run());
    interrupted.until("Type `migrate` to go on: ");
    interrupted.interrupt();
    let (seen, status) = interrupted.end();
    assert_eq!((status.code(), &*made()), (Some(130), "0"), "{seen}");

    let mut right = Terminal::run(run());
    right.until("Type `migrate` to go on: ");
    right.type_line("migrate");
    let (seen, status) = right.end();
    assert_eq!((status.code(), &*made()), (Some(0), "3"), "{seen}");
    assert!(seen.contains("/3 main"), "{seen:?}");
}

#[test]
fn a_move_shows_its_steps_and_rows() {
    let shop = with_a_schema();
    let args =
        ["tenants", "move", "acme", "--to", "schema:acme", "--keep-source", "0", "--reason", "r"];
    let (seen, status) = Terminal::run(shop.command(As::Role("admin"), &args)).end();
    assert!(status.success(), "{seen}");
    assert!(seen.contains("/3000 ") && seen.contains("4/5 switched"), "{seen:?}");
    assert!(seen.contains("6000 rows of 2 tables"), "{seen:?}");
}

/// For every shell, with the newest commands too.
#[test]
fn shells_complete_every_command() {
    let shop = Shop::bare();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = shop.command(As::Nobody, &["completions", shell]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        for word in [
            "move",
            "migrate",
            "stop-at",
            "keep-source",
            "members",
            "verify-export",
            "revert",
            "spares",
        ] {
            assert!(text.contains(word), "{shell} {word}");
        }
    }
}
