//! SQL with `{names}` in it, filled in one pass: what was put in is not looked at again.

/// Replaces each `{name}` that `value` knows. Braces around anything else stay as they are.
pub(super) fn fill(template: &str, value: impl Fn(&str) -> Option<String>) -> String {
    let mut out = String::with_capacity(template.len() * 2);
    let mut rest = template;
    while let Some(at) = rest.find('{') {
        let (before, from) = rest.split_at(at);
        out.push_str(before);
        let name = from.get(1..).and_then(|inner| inner.split_once('}')).map(|(name, _)| name);
        if let Some((name, text)) = name.and_then(|name| Some((name, value(name)?))) {
            out.push_str(&text);
            rest = from.get(name.len() + 2..).unwrap_or_default();
        } else {
            out.push('{');
            rest = from.get(1..).unwrap_or_default();
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_is_not_filled_again() {
        let value = |name: &str| match name {
            "table" => Some("\"{id}\"".to_owned()),
            "id" => Some("7".to_owned()),
            _ => None,
        };
        assert_eq!(fill("{table} {id} '{}' {x} {", value), "\"{id}\" 7 '{}' {x} {");
    }
}
