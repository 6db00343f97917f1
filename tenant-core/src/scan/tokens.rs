//! Splits SQL as PostgreSQL's scanner does, as far as names, literals and comments go.

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// An unquoted name or key word, in lower case.
    Word(String),
    /// A quoted name.
    Quoted(String),
    /// A name or literal with Unicode escapes (`U&"…"`), which are not read.
    Escaped,
    Dot,
    Open,
    Close,
    Equals,
    Semicolon,
    Other,
}

impl Token {
    pub(super) fn name(&self) -> Option<&str> {
        match self {
            Self::Word(name) | Self::Quoted(name) => Some(name),
            _ => None,
        }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        matches!(self, Self::Word(this) if this == word)
    }
}

pub(super) fn tokens(sql: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = sql;
    while let Some(c) = rest.chars().next() {
        let token;
        (token, rest) = match c {
            c if c.is_whitespace() => (None, &rest[c.len_utf8()..]),
            // A comment ends at either kind of line end.
            '-' if rest.starts_with("--") => {
                (None, rest.find(['\n', '\r']).map_or("", |at| &rest[at..]))
            }
            '/' if rest.starts_with("/*") => (None, after_comment(rest)),
            '.' => (Some(Token::Dot), &rest[1..]),
            '(' => (Some(Token::Open), &rest[1..]),
            ')' => (Some(Token::Close), &rest[1..]),
            '=' => (Some(Token::Equals), &rest[1..]),
            ';' => (Some(Token::Semicolon), &rest[1..]),
            '\'' => (Some(Token::Other), after_quoted(&rest[1..], '\'', false).1),
            '"' => {
                let (name, after) = after_quoted(&rest[1..], '"', false);
                (Some(Token::Quoted(name)), after)
            }
            '$' => (Some(Token::Other), after_dollar(rest)),
            c if c.is_alphabetic() || c == '_' => {
                let (token, after) = word(rest);
                (Some(token), after)
            }
            c => (Some(Token::Other), &rest[c.len_utf8()..]),
        };
        tokens.extend(token);
    }
    tokens
}

fn word(rest: &str) -> (Token, &str) {
    let end =
        rest.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$')).unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    let mut next = after.chars();
    match (name, next.next(), next.next()) {
        ("e" | "E", Some('\''), _) => (Token::Other, after_quoted(&after[1..], '\'', true).1),
        ("u" | "U", Some('&'), Some(quote @ ('"' | '\''))) => {
            (Token::Escaped, after_quoted(&after[2..], quote, false).1)
        }
        _ => (Token::Word(name.to_lowercase()), after),
    }
}

fn after_quoted(body: &str, quote: char, escapes: bool) -> (String, &str) {
    let mut out = String::new();
    let mut chars = body.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        if c == quote {
            if chars.peek().is_some_and(|(_, next)| *next == quote) {
                chars.next();
                out.push(quote);
            } else {
                return (out, &body[at + 1..]);
            }
        } else if c == '\\' && escapes {
            chars.next();
        } else {
            out.push(c);
        }
    }
    (out, "")
}

fn after_dollar(rest: &str) -> &str {
    let body = &rest[1..];
    let Some(end) = body.find(|c: char| !(c.is_alphanumeric() || c == '_')) else { return "" };
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
