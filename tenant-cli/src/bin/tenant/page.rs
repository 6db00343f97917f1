//! The doctor's page, which somebody reads who has never seen a policy.

use serde_json::{Value, json};

use crate::{
    commands::doctor::{Check, State},
    screen::{BAD, GOOD, WARNING},
    table::{markdown_cell, one_line},
};

pub(crate) struct Page {
    pub(crate) database: String,
    pub(crate) login: String,
    pub(crate) server: String,
    pub(crate) at: String,
    pub(crate) checks: Vec<Check>,
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Unsure => "look",
            Self::Bad => "bad",
        }
    }
}

impl Page {
    pub(crate) fn worst(&self) -> State {
        self.checks.iter().map(|check| check.state).max().unwrap_or(State::Unsure)
    }

    fn verdict(&self) -> &'static str {
        match self.worst() {
            State::Good => {
                "Tenants are kept apart: everything was looked at, and nothing was found."
            }
            State::Unsure => {
                "Nothing bad was found, but something should be looked at, or could not be."
            }
            State::Bad => "Tenants are not safely kept apart. What is marked bad must be mended.",
        }
    }

    fn head(&self) -> String {
        let Self { database, login, server, at, .. } = self;
        format!("{database}, PostgreSQL {server}, {at} UTC, looked at as {login}")
    }

    pub(crate) fn people(&self) -> String {
        let style = |state| match state {
            State::Good => GOOD,
            State::Unsure => WARNING,
            State::Bad => BAD,
        };
        let verdict = style(self.worst());
        let mut out =
            format!("{verdict}{}{verdict:#}\n{}\n\n", self.verdict(), one_line(&self.head()));
        for check in &self.checks {
            let style = style(check.state);
            let (word, question) = (check.state.word(), check.question);
            out.push_str(&format!(
                "{style}{word:>4}{style:#}  {question} {}\n",
                one_line(&check.answer)
            ));
            for detail in &check.details {
                for line in detail.lines() {
                    out.push_str(&format!("        {}\n", one_line(line)));
                }
            }
        }
        out
    }

    pub(crate) fn markdown(&self) -> String {
        let mut out = format!(
            "# {}\n\n{}\n\n| | | |\n|---|---|---|\n",
            self.verdict(),
            markdown_cell(&self.head())
        );
        for check in &self.checks {
            let answer = markdown_cell(&check.answer);
            out.push_str(&format!("| {} | {} | {answer} |\n", check.state.word(), check.question));
        }
        for check in self.checks.iter().filter(|check| !check.details.is_empty()) {
            out.push_str(&format!("\n## {}\n\n", check.question));
            for detail in &check.details {
                out.push_str(&format!("- {}\n", markdown_cell(detail)));
            }
        }
        out
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "state": self.worst(), "verdict": self.verdict(), "database": self.database,
            "login": self.login, "server": self.server, "at": self.at, "checks": self.checks,
        })
    }
}

/// A page that needs nothing else: no script, no other file.
pub(crate) fn html(page: &Page) -> String {
    let mut checks = String::new();
    for check in &page.checks {
        let (word, question) = (check.state.word(), check.question);
        checks.push_str(&format!(
            "<section class=\"{word}\"><h2><b>{word}</b> {question}</h2><p>{}</p>",
            escaped(&check.answer)
        ));
        if !check.details.is_empty() {
            checks.push_str("<ul>");
            for detail in &check.details {
                checks.push_str(&format!("<li><pre>{}</pre></li>", escaped(detail)));
            }
            checks.push_str("</ul>");
        }
        checks.push_str("</section>\n");
    }
    include_str!("page.html")
        .replace("{state}", page.worst().word())
        .replace("{verdict}", page.verdict())
        .replace("{title}", &escaped(&page.database))
        .replace("{head}", &escaped(&page.head()))
        .replace("{checks}", &checks)
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // So that no name fills in what the page leaves open.
            '{' => out.push_str("&#123;"),
            c => out.push(c),
        }
    }
    out
}
