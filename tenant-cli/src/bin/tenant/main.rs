//! The command `tenant`.

mod actor;
mod adopt;
mod app;
mod args;
mod commands;
mod exit;
mod hide;
mod interrupt;
mod page;
mod placement;
mod prompt;
mod reports;
mod screen;
mod session;
mod steps;
mod table;
mod tls;
mod url;
mod words;

use std::process::ExitCode;

use clap::Parser as _;

use crate::{
    app::App,
    args::{Cli, Color},
    exit::{Answer, Exit, Failure},
    interrupt::{Interrupt, Signals},
    screen::Screen,
};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return screen::usage(&error).into(),
    };
    screen::choose_colors(cli.global.color == Color::Always, cli.global.color == Color::Never);
    let screen = Screen::new(cli.global.quiet);
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let exit = match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(interruptible(cli, &screen));
            // A question that nobody answered must not keep the process.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            screen.error(&format!("the system gives no thread to work in: {error}; try again"));
            Exit::Refused
        }
    };
    exit.into()
}

/// Runs the command until it is done, or until the user has had enough.
async fn interruptible(cli: Cli, screen: &Screen) -> Exit {
    let mut signals = Signals::listen();
    let interrupt = Interrupt::default();
    let app = App::new(cli.global, screen.clone(), interrupt.clone());
    let work = commands::run(&app, cli.command);
    tokio::pin!(work);
    let finished = tokio::select! {
        finished = &mut work => return tell(screen, finished),
        () = signals.next() => {
            tokio::select! {
                finished = interrupt.end(&mut work) => finished,
                // Twice: now.
                () = signals.next() => None,
            }
        }
    };
    screen.clear();
    match finished {
        Some(Ok(answer)) => {
            screen.answer(&answer.text);
            screen.error("interrupted, but it was done already");
        }
        Some(Err(failure)) => screen.error(&format!("interrupted: {failure}")),
        None => screen.error(
            "interrupted, and the database did not say whether the last statement was run: what was one \
             transaction is there as a whole or not at all; look before you try again",
        ),
    }
    app.say_steps();
    Exit::Interrupted
}

fn tell(screen: &Screen, finished: Result<Answer, Failure>) -> Exit {
    screen.clear();
    match finished {
        Ok(answer) => {
            screen.answer(&answer.text);
            answer.exit
        }
        Err(failure) => {
            screen.error(&failure.to_string());
            failure.exit
        }
    }
}

/// Lets a connection go on beside its caller. What breaks it is told to whoever runs the next
/// statement.
fn background(work: impl Future<Output = Result<(), tokio_postgres::Error>> + Send + 'static) {
    tokio::spawn(async move {
        if let Err(why) = work.await {
            tracing::debug!(%why, "a connection ended");
        }
    });
}
