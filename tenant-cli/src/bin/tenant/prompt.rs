//! Questions before what cannot be taken back.

use std::io::{self, BufRead as _, Write as _};

use crate::{
    app::App,
    exit::{Exit, Failure},
    screen::Screen,
};

/// Goes on only if the user is sure. `word` is what has to be typed at a terminal; in a pipe it is
/// `--yes` that counts.
pub(crate) async fn sure(app: &App, yes: bool, what: &str, word: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    if !Screen::is_attended() {
        return Err(Failure::usage(format!(
            "{what}; nobody can be asked here, so say `--yes` to go on, or `--dry-run` to look: nothing was changed"
        )));
    }
    let line = ask(app, &format!("{what}. Type `{word}` to go on: ")).await?;
    if line.trim() == word {
        return Ok(());
    }
    Err(Failure::usage("that was not the word, so nothing was changed"))
}

/// Asks at a terminal, and gives back the line that was typed.
pub(crate) async fn ask(app: &App, question: &str) -> Result<String, Failure> {
    let question = question.to_owned();
    let answer = tokio::task::spawn_blocking(move || {
        let mut stderr = anstream::stderr();
        write!(stderr, "{question}").and_then(|()| stderr.flush())?;
        let mut line = String::new();
        io::stdin().lock().read_line(&mut line).map(|read| (read > 0).then_some(line))
    });
    let line = tokio::select! {
        line = answer => line.map_err(Failure::from)?.map_err(Failure::from)?,
        () = app.interrupt.over() => {
            return Err(Failure::new(Exit::Interrupted, "nothing was changed"));
        }
    };
    line.ok_or_else(|| Failure::usage("the question was not answered, so nothing was changed"))
}
