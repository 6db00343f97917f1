//! SQL that is long enough to be read as SQL: files in `sql/` with `{places}` for what differs.

use super::roles::{block, block_with};
use crate::quote_literal;

/// Puts values where the template says `{name}`, in one pass, so that no value is read as a place.
pub(crate) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let (before, from) = rest.split_at(start);
        out.push_str(before);
        let place = from.find('}').and_then(|end| {
            let value = values.iter().find(|(name, _)| *name == &from[1..end])?.1;
            Some((value, end))
        });
        if let Some((value, end)) = place {
            out.push_str(value);
            rest = &from[end + 1..];
        } else {
            out.push('{');
            rest = &from[1..];
        }
    }
    out.push_str(rest);
    out
}

/// A `DO` block from a file that may begin with its declarations, then `BEGIN`.
pub(super) fn script(template: &str, values: &[(&str, &str)]) -> String {
    let filled = fill(template.trim(), values);
    match filled.split_once("\nBEGIN\n") {
        Some((declare, body)) => block_with(declare.trim(), body.trim()),
        None => block(&filled),
    }
}

/// `ARRAY['a', 'b']::name[]`.
pub(super) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.into_iter().map(quote_literal).collect();
    format!("ARRAY[{}]::name[]", names.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_not_read_as_a_place_and_other_braces_stay() {
        let filled = fill("'{}' {a} {b} {c} {", &[("a", "{b}"), ("b", "x")]);
        assert_eq!(filled, "'{}' {b} x {c} {");
    }
}
