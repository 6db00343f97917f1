//! Splits SQL as PostgreSQL's scanner does, as far as names, literals and comments go. It looks at
//! every statement, so it borrows what it can.

use std::borrow::Cow;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// An unquoted name or key word, as it stands.
    Word(&'a str),
    /// A quoted name.
    Quoted(Cow<'a, str>),
    /// A name or literal with Unicode escapes (`U&"…"`), which are not read.
    Escaped,
    Dot,
    Open,
    Close,
    Comma,
    Semicolon,
    Other,
}

impl Token<'_> {
    /// The name that PostgreSQL reads: without quotes ASCII letters are small.
    pub(super) fn name(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Word(word) if word.bytes().any(|b| b.is_ascii_uppercase()) => {
                Some(Cow::Owned(word.to_ascii_lowercase()))
            }
            Self::Word(word) => Some(Cow::Borrowed(word)),
            Self::Quoted(name) => Some(Cow::Borrowed(name)),
            _ => None,
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(this) if this.eq_ignore_ascii_case(word))
    }
}

/// The tokens of a text, one by one.
pub(super) fn tokens(sql: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = sql;
    std::iter::from_fn(move || {
        loop {
            let c = rest.chars().next()?;
            let token;
            (token, rest) = match c {
                c if is_space(c) => (None, &rest[1..]),
                // A comment ends at either kind of line end.
                '-' if rest.starts_with("--") => {
                    (None, rest.find(['\n', '\r']).map_or("", |at| &rest[at..]))
                }
                '/' if rest.starts_with("/*") => (None, after_comment(rest)),
                '.' => (Some(Token::Dot), &rest[1..]),
                '(' => (Some(Token::Open), &rest[1..]),
                ')' => (Some(Token::Close), &rest[1..]),
                ',' => (Some(Token::Comma), &rest[1..]),
                ';' => (Some(Token::Semicolon), &rest[1..]),
                '\'' => (Some(Token::Other), after_literal(&rest[1..], false)),
                '"' => {
                    let (name, after) = after_quoted(&rest[1..], b'"', false);
                    let name = if name.contains('"') {
                        Cow::Owned(name.replace("\"\"", "\""))
                    } else {
                        Cow::Borrowed(name)
                    };
                    (Some(Token::Quoted(name)), after)
                }
                '$' => (Some(Token::Other), after_dollar(rest)),
                c if begins_name(c) => {
                    let (token, after) = word(rest);
                    (Some(token), after)
                }
                c => (Some(Token::Other), &rest[c.len_utf8()..]),
            };
            if token.is_some() {
                return token;
            }
        }
    })
}

fn word(rest: &str) -> (Token<'_>, &str) {
    let end = rest
        .find(|c: char| !(begins_name(c) || c.is_ascii_digit() || c == '$'))
        .unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let mut next = after.bytes();
    match (name, next.next(), next.next()) {
        ("e" | "E", Some(b'\''), _) => (Token::Other, after_literal(&after[1..], true)),
        ("u" | "U", Some(b'&'), Some(quote @ (b'"' | b'\''))) => {
            (Token::Escaped, after_quoted(&after[2..], quote, false).1)
        }
        _ => (Token::Word(name), after),
    }
}

/// PostgreSQL's white space is ASCII's.
fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\r' | '\u{b}' | '\u{c}')
}

/// Whatever is not ASCII can stand in a name.
fn begins_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || !c.is_ascii()
}

/// What stands behind a literal. One that goes on after a line end goes on in the same way.
fn after_literal(body: &str, escapes: bool) -> &str {
    let mut rest = after_quoted(body, b'\'', escapes).1;
    loop {
        let next = rest.trim_start_matches(is_space);
        let space = &rest[..rest.len() - next.len()];
        match next.strip_prefix('\'') {
            Some(body) if space.contains(['\n', '\r']) => {
                rest = after_quoted(body, b'\'', escapes).1;
            }
            _ => return rest,
        }
    }
}

/// What stands before the closing quote, with doubled quotes as they are, and what stands behind it.
fn after_quoted(body: &str, quote: u8, escapes: bool) -> (&str, &str) {
    let bytes = body.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            byte if byte == quote && bytes.get(at + 1) == Some(&quote) => at += 2,
            byte if byte == quote => return (&body[..at], &body[at + 1..]),
            _ => at += 1,
        }
    }
    (body, "")
}

fn after_dollar(rest: &str) -> &str {
    let body = &rest[1..];
    let Some(end) = body.find(|c: char| !(begins_name(c) || c.is_ascii_digit())) else { return "" };
    // `$1` is a parameter: no dollar follows its number.
    if !body[end..].starts_with('$') || body.starts_with(|c: char| c.is_ascii_digit()) {
        return &body[end..];
    }
    let tag = &rest[..end + 2];
    let quoted = &rest[tag.len()..];
    quoted.find(tag).map_or("", |at| &quoted[at + tag.len()..])
}

fn after_comment(rest: &str) -> &str {
    let mut depth = 0_usize;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return &rest[at..];
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    ""
}
