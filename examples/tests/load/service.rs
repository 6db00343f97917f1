//! A service in a process of its own, which ends with the test however the test ends.

use std::{
    io::{BufRead, BufReader},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// The shell waits on a pipe whose other end only the test has, so that a killed test leaves nothing.
const SCRIPT: &str = r#"
"$@" &
service=$!
echo "PID=$service"
exec >/dev/null 2>&1
while read -r line; do :; done
kill "$service"
wait "$service"
"#;

/// Which ORM a service goes through.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Orm {
    SeaOrm,
    Diesel,
}

impl Orm {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::SeaOrm => "SeaORM",
            Self::Diesel => "Diesel",
        }
    }
}

pub(crate) struct Service {
    shell: Child,
    lifeline: Option<ChildStdin>,
    /// Kept open: a service that cannot say something ends.
    _said: BufReader<ChildStdout>,
    pub(crate) at: String,
    pub(crate) process: u32,
    /// For staff; empty where there is none.
    pub(crate) admin_at: String,
}

impl Service {
    /// Returns when it takes requests.
    pub(crate) fn start(
        program: &str,
        orm: Orm,
        more: &[&str],
        environment: &[(&str, &str)],
    ) -> Self {
        let mut shell = Command::new("sh")
            .args(["-c", SCRIPT, "load", program, "--orm", &orm.name().to_lowercase()])
            .args(more)
            .envs(environment.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lifeline = shell.stdin.take();
        let mut said = BufReader::new(shell.stdout.take().unwrap());
        let (mut line, mut process) = (String::new(), 0);
        while !line.starts_with("API=") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "{program} ended before it served");
            process = named(&line, "PID=").parse().unwrap_or(process);
        }
        let (at, admin_at) = (named(&line, "API=").to_owned(), named(&line, "ADMIN=").to_owned());
        Self { shell, lifeline, _said: said, at, process, admin_at }
    }
}

fn named<'a>(line: &'a str, name: &str) -> &'a str {
    line.split_whitespace().find_map(|word| word.strip_prefix(name)).unwrap_or_default()
}

impl Drop for Service {
    fn drop(&mut self) {
        self.lifeline = None;
        let _ = self.shell.wait();
    }
}
