//! CSV as PostgreSQL's `COPY` has it: what is quoted is a value, and nothing at all is NULL. Readers
//! of CSV do not say whether a field was quoted, hence this one.

use serde_json::{Map, Value};

use super::tables::Column;

/// The first line of a file.
pub(super) fn header(columns: &[&Column]) -> String {
    let names: Vec<String> = columns.iter().map(|column| quote(&column.name)).collect();
    format!("{}\n", names.join(","))
}

pub(super) fn quote(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Whether a record ends where a line does, or goes on in the next: a quote inside of a value is
/// written twice. Each byte is looked at once, however many lines a record has.
#[derive(Debug, Default)]
pub(super) struct Quotes {
    open: bool,
}

impl Quotes {
    /// The record's next bytes.
    pub(super) fn read(&mut self, bytes: &[u8]) {
        self.open = bytes.iter().fold(self.open, |open, byte| open != (*byte == b'"'));
    }

    pub(super) fn is_whole(&self) -> bool {
        !self.open
    }
}

/// The fields of a record; `None` where it is not written as ours are.
pub(super) fn fields(record: &str) -> Option<Vec<Option<String>>> {
    let mut fields = Vec::new();
    let mut rest = record;
    loop {
        let field;
        (field, rest) = match rest.strip_prefix('"') {
            None => (None, rest),
            Some(quoted) => {
                let (value, rest) = value(quoted)?;
                (Some(value), rest)
            }
        };
        fields.push(field);
        if rest.is_empty() {
            return Some(fields);
        }
        rest = rest.strip_prefix(',')?;
    }
}

/// A value up to its closing quote, and what stands behind that.
fn value(quoted: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut rest = quoted;
    loop {
        let end = rest.find('"')?;
        value.push_str(&rest[..end]);
        rest = &rest[end + 1..];
        match rest.strip_prefix('"') {
            None => return Some((value, rest)),
            Some(more) => {
                value.push('"');
                rest = more;
            }
        }
    }
}

/// The record as the JSON that an NDJSON file has in its place.
pub(super) fn to_json(record: &str, columns: &[String]) -> Option<String> {
    let fields = match fields(record)? {
        // A table of the tenant column alone.
        none if columns.is_empty() && none == [None] => Vec::new(),
        fields => fields,
    };
    if fields.len() != columns.len() {
        return None;
    }
    let object: Map<String, Value> =
        columns.iter().cloned().zip(fields.into_iter().map(Value::from)).collect();
    Some(Value::Object(object).to_string())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn write(fields: &[Option<String>]) -> String {
        let fields: Vec<String> =
            fields.iter().map(|f| f.as_deref().map(quote).unwrap_or_default()).collect();
        fields.join(",")
    }

    /// The rule, over a record's bytes from its first one.
    fn is_whole(record: &[u8]) -> bool {
        record.iter().fold(true, |whole, byte| whole != (*byte == b'"'))
    }

    proptest! {
        #[test]
        fn read_in_parts_a_record_ends_where_it_does_as_a_whole(
            parts in proptest::collection::vec("[\",a\n]{0,5}", 0..20),
        ) {
            let (mut quotes, mut record) = (Quotes::default(), String::new());
            prop_assert!(quotes.is_whole());
            for part in parts {
                quotes.read(part.as_bytes());
                record += &part;
                prop_assert_eq!(quotes.is_whole(), is_whole(record.as_bytes()));
            }
        }

        #[test]
        fn what_was_written_is_read(
            values in proptest::collection::vec(
                proptest::option::of(r#"(["',\\\n\r]|\PC){0,12}"#), 1..8),
        ) {
            let record = write(&values);
            prop_assert!(is_whole(record.as_bytes()));
            prop_assert_eq!(fields(&record), Some(values));
        }

        #[test]
        fn a_record_that_is_cut_is_no_other_record(
            values in proptest::collection::vec("[\",a\n]{0,6}", 1..4),
            cut in 0usize..30,
        ) {
            let values: Vec<_> = values.into_iter().map(Some).collect();
            let record = write(&values);
            let cut = &record[..cut.min(record.len() - 1)];
            prop_assert_ne!(fields(cut), Some(values));
        }
    }

    #[test]
    fn null_and_the_empty_text_differ_and_loose_writing_is_refused() {
        assert_eq!(fields(r#","","x""#), Some(vec![None, Some(String::new()), Some("x".into())]));
        for loose in ["x", r#""x"y"#, r#""x" ,"y""#, "\"x", "x,\"y\""] {
            assert_eq!(fields(loose), None, "{loose}");
        }
    }
}
