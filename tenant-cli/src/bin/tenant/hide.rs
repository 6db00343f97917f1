//! Passwords that nobody may see.

/// The text with every URL's password, and every `password=…`, as `***`.
pub(crate) fn hide(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        // What is before the last `@` of a word can hold a password, also one with an `@` in it.
        let word = after.find(|c: char| c.is_whitespace() || c == '`').unwrap_or(after.len());
        let (word, behind) = after.split_at(word);
        match word.rsplit_once('@') {
            Some((user, host)) => match user.split_once(':') {
                Some((user, _)) => out.push_str(&format!("{user}:***@{host}")),
                None => out.push_str(word),
            },
            None => out.push_str(word),
        }
        rest = behind;
    }
    out.push_str(rest);
    without_password_option(&out)
}

fn without_password_option(text: &str) -> String {
    const OPTION: &str = "password=";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(OPTION) {
        let (before, after) = rest.split_at(at + OPTION.len());
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "&`'".contains(c));
        out.push_str("***");
        rest = &after[end.unwrap_or(after.len())..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_password_stays() {
        for text in [
            "see https://www.postgresql.org/docs/current/sql-createpolicy.html: it says so",
            "postgres://localhost/shop, twice: postgres://me@localhost/shop",
        ] {
            assert_eq!(hide(text), text);
        }
        assert_eq!(hide("`postgres://u:p@w@h/d` and x"), "`postgres://u:***@h/d` and x");
        assert_eq!(hide("host=h password=geheim user=u"), "host=h password=*** user=u");
    }

    proptest! {
        #[test]
        fn no_password_of_a_url_is_shown(secret in "[a-zA-Z0-9%@:/]{0,4}GEHEIM[a-zA-Z0-9%@:/]{0,4}") {
            let text = hide(&format!("could not read `postgres://u:{secret}@h:5/d?x=y`: so"));
            prop_assert!(!text.contains("GEHEIM"), "{text}");
        }
    }
}
