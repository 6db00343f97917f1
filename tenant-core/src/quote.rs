//! The one place where values and names become SQL text.

use std::fmt::Write;

use crate::Error;

/// PostgreSQL cuts longer names, and two names that are cut alike would be one.
pub(crate) const MAX_IDENTIFIER: usize = 63;

/// Quotes a value as a string literal that means the same whatever `standard_conforming_strings`
/// says: a backslash makes it an `E'…'` literal, in which both settings agree.
///
/// A NUL cannot be in a PostgreSQL text; whatever reaches this has been checked for one, and a
/// remaining one is left out rather than sent.
///
/// ```
/// use tenant_core::quote_literal;
///
/// assert_eq!(quote_literal("O'Neil"), "'O''Neil'");
/// assert_eq!(quote_literal(r"a\b"), r" E'a\\b'");
/// ```
pub fn quote_literal(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 4);
    if value.contains('\\') {
        // The space keeps the `E` apart from whatever stands before it.
        out.push_str(" E");
    }
    out.push('\'');
    for c in value.chars() {
        match c {
            '\'' => out.push_str("''"),
            '\\' => out.push_str(r"\\"),
            '\0' => {}
            c => out.push(c),
        }
    }
    out.push('\'');
    out
}

/// Quotes a name as an identifier, always with the quotes.
///
/// ```
/// use tenant_core::quote_ident;
///
/// assert_eq!(quote_ident("Order")?, r#""Order""#);
/// assert_eq!(quote_ident(r#"a"b"#)?, r#""a""b""#);
/// assert!(quote_ident("").is_err());
/// # Ok::<(), tenant_core::Error>(())
/// ```
///
/// # Errors
/// [`Error::InvalidIdentifier`] when PostgreSQL would cut the name or cannot hold it: empty, longer
/// than 63 bytes, or with a NUL.
pub fn quote_ident(name: &str) -> Result<String, Error> {
    check_ident(name)?;
    Ok(quoted(name))
}

pub(crate) fn check_ident(name: &str) -> Result<(), Error> {
    let why = if name.is_empty() {
        "it is empty"
    } else if name.len() > MAX_IDENTIFIER {
        "it has more than 63 bytes, and PostgreSQL would cut it"
    } else if name.contains('\0') {
        "it has a NUL"
    } else {
        return Ok(());
    };
    Err(Error::InvalidIdentifier { name: name.escape_debug().to_string(), why })
}

/// Quotes a name that [`check_ident`] has seen.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// Wraps a body in dollar quotes whose tag does not occur in it.
pub(crate) fn dollar_quoted(body: &str) -> String {
    let mut tag = String::from("$do$");
    let mut n = 0;
    // A body that ends in half a tag would complete it too early.
    while format!("{body}{tag}").find(&tag) != Some(body.len()) {
        tag.clear();
        let _ = write!(tag, "$do{n}$");
        n += 1;
    }
    format!("{tag}{body}{tag}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads one literal as PostgreSQL's scanner does, and what is left behind it.
    fn read_literal(sql: &str, standard_conforming: bool) -> Option<(String, &str)> {
        let sql = sql.trim_start();
        let (escapes, body) = match sql.strip_prefix("E'") {
            Some(body) => (true, body),
            None => (!standard_conforming, sql.strip_prefix('\'')?),
        };
        let mut out = String::new();
        let mut chars = body.char_indices().peekable();
        while let Some((at, c)) = chars.next() {
            match c {
                '\'' if chars.peek().is_some_and(|(_, c)| *c == '\'') => {
                    chars.next();
                    out.push('\'');
                }
                '\'' => return Some((out, &body[at + 1..])),
                '\\' if escapes => out.push(chars.next()?.1),
                c => out.push(c),
            }
        }
        None
    }

    proptest! {
        #[test]
        fn a_literal_is_one_literal_under_both_settings(value in r#"(['"\\$;]|\PC){0,40}"#) {
            for standard_conforming in [true, false] {
                let sql = quote_literal(&value);
                prop_assert_eq!(
                    read_literal(&sql, standard_conforming),
                    Some((value.clone(), ""))
                );
            }
        }

        #[test]
        fn an_identifier_is_one_identifier_or_refused(name in r#"(["\\'.$ ]|\PC){0,70}"#) {
            match quote_ident(&name) {
                Ok(sql) => {
                    let inner = sql.strip_prefix('"').and_then(|s| s.strip_suffix('"')).unwrap();
                    prop_assert!(!inner.replace("\"\"", "").contains('"'));
                    prop_assert_eq!(inner.replace("\"\"", "\""), name);
                }
                Err(_) => prop_assert!(name.is_empty() || name.len() > 63),
            }
        }

        #[test]
        fn dollar_quotes_end_where_they_should(body in r"(\$|do|0|1|[a-z ]){0,40}") {
            let sql = dollar_quoted(&body);
            let end = sql[1..].find('$').unwrap() + 2;
            let tag = &sql[..end];
            prop_assert_eq!(sql[end..].find(tag), Some(sql.len() - 2 * end));
        }
    }

    #[test]
    fn names_that_postgres_would_cut_are_refused() {
        assert!(quote_ident(&"x".repeat(63)).is_ok());
        assert!(quote_ident(&"x".repeat(64)).is_err());
        assert!(quote_ident(&"ü".repeat(32)).is_err());
        assert!(quote_ident("a\0b").is_err());
    }
}
