//! What is written where: the answer to stdout, everything else to stderr.

use std::{
    io::{self, IsTerminal as _, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use anstream::ColorChoice;
use anstyle::{AnsiColor, Style};
use clap::error::ErrorKind;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tenant_core::{Progress, Reporter};

use crate::{exit::Exit, hide::hide};

pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const WARNING: Style = AnsiColor::Yellow.on_default();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default();

/// How wide an answer is where nobody looks.
const WIDTH: u16 = 120;

/// Where a command speaks.
#[derive(Clone)]
pub(crate) struct Screen {
    quiet: bool,
    bar: Arc<Mutex<Option<ProgressBar>>>,
}

/// Says whether there are colours, before anything is written. Unless told, a terminal has them, and
/// `NO_COLOR` is heard.
pub(crate) fn choose_colors(always: bool, never: bool) {
    let choice = match (always, never) {
        (true, _) => ColorChoice::AlwaysAnsi,
        (_, true) => ColorChoice::Never,
        _ => ColorChoice::Auto,
    };
    choice.write_global();
}

/// What the command line's reader has to say, without a password that stood in the wrong place.
pub(crate) fn usage(error: &clap::Error) -> Exit {
    let text = hide(&error.render().ansi().to_string());
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            let _ = anstream::stdout().write_all(text.as_bytes());
            Exit::Done
        }
        _ => {
            let _ = anstream::stderr().write_all(text.as_bytes());
            Exit::Usage
        }
    }
}

impl Screen {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, bar: Arc::default() }
    }

    /// The answer. Whoever reads it may have gone, which is their right.
    pub(crate) fn answer(&self, text: &str) {
        let mut out = anstream::stdout().lock();
        let end = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
        if let Err(error) = write!(out, "{text}{end}").and_then(|()| out.flush())
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.error(&format!("the answer could not be written: {error}"));
        }
    }

    /// Something to know beside the answer.
    pub(crate) fn remark(&self, text: &str) {
        if !self.quiet {
            self.say(text);
        }
    }

    pub(crate) fn error(&self, text: &str) {
        self.say(&format!("{BAD}error:{BAD:#} {}", hide(text)));
    }

    /// Something that is not as it should be, and ends nothing.
    pub(crate) fn warning(&self, text: &str) {
        self.say(&format!("{WARNING}warning:{WARNING:#} {}", hide(text)));
    }

    fn say(&self, text: &str) {
        let say = || {
            let _ = writeln!(anstream::stderr(), "{text}");
        };
        match &*self.bar() {
            Some(bar) => bar.suspend(say),
            None => say(),
        }
    }

    /// Whether somebody can be asked.
    pub(crate) fn is_attended() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// How wide a table may be.
    pub(crate) fn width() -> u16 {
        if !io::stdout().is_terminal() {
            return WIDTH;
        }
        terminal_size::terminal_size().map_or(WIDTH, |(width, _)| width.0)
    }

    /// Whether progress is drawn.
    pub(crate) fn is_lively(&self) -> bool {
        !self.quiet && io::stderr().is_terminal()
    }

    /// Shows how far something has come; nothing where nobody looks.
    pub(crate) fn progress(&self, what: &str, done: u64, total: u64) {
        if !self.is_lively() {
            return;
        }
        let mut bar = self.bar();
        let bar = bar.get_or_insert_with(|| {
            let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
            let template = "{bar:30} {pos}/{len} {msg}";
            match ProgressStyle::with_template(template) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        bar.set_length(total.max(done));
        bar.set_position(done);
        bar.set_message(crate::table::one_line(what));
    }

    /// The same for what core reports.
    pub(crate) fn reporter(&self) -> Reporter {
        let screen = self.clone();
        Reporter::new(move |progress: &Progress| {
            screen.progress(&progress.table, progress.done, progress.total);
        })
    }

    /// Takes the progress away.
    pub(crate) fn clear(&self) {
        if let Some(bar) = self.bar().take() {
            bar.finish_and_clear();
        }
    }

    fn bar(&self) -> std::sync::MutexGuard<'_, Option<ProgressBar>> {
        self.bar.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
