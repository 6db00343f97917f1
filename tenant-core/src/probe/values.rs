//! Values that a column might take, as SQL expressions: each evaluation gives a fresh one where the
//! type has room for that, so that a unique key is not in the way.

use super::schema::Column;
use crate::quote_literal;

const NULL: &str = "NULL";

/// Expressions to try in this order, each cast to the column's type. The first tells most.
pub(super) fn candidates(column: &Column) -> Vec<String> {
    let (hinted, natural) = (of_hints(column), natural(column));
    // A list of values is to be taken from; a pattern is not what it matches.
    let lists = column.category != "S" || column.hints.iter().any(|hint| hint.text.contains("ANY"));
    let mut plain = Vec::new();
    if lists && !hinted.is_empty() {
        plain.extend(hinted);
        plain.extend(natural);
    } else {
        plain.extend(natural);
        plain.extend(hinted);
    }
    plain.dedup();
    let mut all: Vec<String> =
        plain.into_iter().map(|value| format!("CAST({value} AS {})", column.sql_type)).collect();
    if !column.not_null {
        all.insert(all.len().min(1), NULL.to_owned());
    }
    if column.default.is_some() && !column.default_acts {
        all.insert(0, "DEFAULT".to_owned());
    }
    all
}

/// What the type itself suggests.
fn natural(column: &Column) -> Vec<String> {
    let own = |values: &[&str]| values.iter().map(|&value| value.to_owned()).collect();
    match column.base_kind.as_str() {
        "e" => return column.labels.iter().map(|label| quote_literal(label)).collect(),
        "c" => return vec![format!("jsonb_populate_record(NULL::{}, '{{}}')", column.sql_type)],
        "m" => return own(&["'{}'"]),
        "r" => return range(&column.base),
        _ => {}
    }
    if column.category == "A" {
        return own(&["'{}'"]);
    }
    match column.base.as_str() {
        "uuid" => own(&["gen_random_uuid()"]),
        "bool" => own(&["false", "true"]),
        "int2" => own(&["32767 - (random() * 20000)::int", "1", "0", "10", "100"]),
        "int4" | "oid" => {
            own(&["2147483647 - (random() * 1000000000)::int", "1", "0", "10", "100"])
        }
        "int8" => own(&[
            "9000000000000000000 + (random() * 100000000000000000)::int8",
            "1",
            "0",
            "10",
            "100",
        ]),
        "float4" | "float8" => own(&["random()", "1", "0", "10", "100"]),
        "numeric" => numeric(column.typmod),
        "money" => own(&["1"]),
        "text" | "varchar" | "bpchar" | "citext" | "name" => text(column.typmod),
        "bytea" => own(&["decode(md5(random()::text), 'hex')", "''"]),
        "date" | "timestamp" | "timestamptz" => own(&[
            "now() - random() * interval '1 hour'",
            "now() + interval '2 days'",
            "now() - interval '2 days'",
            "now() + interval '400 days'",
        ]),
        "time" | "timetz" => own(&["'12:00'", "'13:00'"]),
        "interval" => own(&["'1 hour'", "'2 days'"]),
        "json" | "jsonb" => own(&["'{}'", "'[]'"]),
        "xml" => own(&["'<a/>'"]),
        "inet" | "cidr" => own(&["'10.0.0.1'"]),
        "macaddr" => own(&["'08:00:2b:01:02:03'"]),
        "macaddr8" => own(&["'08:00:2b:01:02:03:04:05'"]),
        "tsvector" | "tsquery" | "ltree" => own(&["'probe'"]),
        "bit" | "varbit" => vec![format!("repeat('0', {})::varbit", column.typmod.max(1))],
        "point" => own(&["'(0,0)'"]),
        "line" => own(&["'{1,1,0}'"]),
        "lseg" | "box" | "path" => own(&["'((0,0),(1,1))'"]),
        "polygon" => own(&["'((0,0),(1,1),(1,0))'"]),
        "circle" => own(&["'<(0,0),1>'"]),
        "geometry" | "geography" => own(&["'POINT(0 0)'"]),
        "vector" => vec![format!("array_fill(0, ARRAY[{}])::real[]", column.typmod.max(1))],
        // Something of an extension or of their own: what most input functions take.
        _ => own(&["''", "'0'", "'1'", "'a'", "'{}'", "'(0,0)'"]),
    }
}

/// Ranges that do not overlap, unless by chance.
fn range(base: &str) -> Vec<String> {
    let bound = match base {
        "int4range" | "int8range" | "numrange" => "(random() * 2000000000)::int",
        "daterange" => "date '2000-01-01' + (random() * 1000000)::int",
        "tsrange" | "tstzrange" => "timestamp '2000-01-01' + random() * interval '2000 years'",
        _ => return vec!["'empty'".to_owned()],
    };
    let one =
        format!("(SELECT format('[\"%s\",\"%s\"]', r.x, r.x) FROM (SELECT {bound} AS x) AS r)");
    vec![one, "'empty'".to_owned()]
}

fn numeric(typmod: i32) -> Vec<String> {
    let mut all = Vec::new();
    if typmod > 4 {
        let (precision, scale) = ((typmod - 4) >> 16 & 0xffff, (typmod - 4) & 0x7ff);
        let whole = (precision - scale).clamp(0, 9);
        if scale <= precision && whole > 0 {
            all.push(format!("trunc((random() * 0.9 * 10 ^ {whole})::numeric, {})", scale.min(9)));
        }
    } else {
        all.push("trunc((random() * 1000000000)::numeric, 2)".to_owned());
    }
    all.extend(["1", "0", "10", "100", "0.1", "0.01"].map(str::to_owned));
    all
}

fn text(typmod: i32) -> Vec<String> {
    let length = if typmod > 4 { typmod - 4 } else { 32 };
    let cut = |expression: &str| format!("left({expression}, {length})");
    let mut all = vec![cut("md5(random()::text)")];
    all.push(cut("upper(translate(md5(random()::text), '0123456789', 'ghijklmnop'))"));
    all.push(cut("translate(md5(random()::text), '0123456789', 'ghijklmnop')"));
    all.push(cut("translate(md5(random()::text), 'abcdef', '123456')"));
    if length > 20 {
        all.push("'p' || left(md5(random()::text), 6) || '@probe.example'".to_owned());
        all.push("'https://probe.example/' || left(md5(random()::text), 1)".to_owned());
        all.push("'+4' || floor(random() * 1000000000 + 1000000000)::text".to_owned());
    }
    for fixed in ["AA", "AAA", "aa", "A", "a", "1", "00000", "en", "EUR", ""] {
        all.push(cut(&quote_literal(fixed)));
    }
    all
}

/// The literals of the constraints and partition bounds that speak of the column, and for numbers
/// their neighbours.
fn of_hints(column: &Column) -> Vec<String> {
    let mut all = Vec::new();
    for hint in &column.hints {
        for literal in strings(&hint.text) {
            all.push(quote_literal(&literal));
        }
        if column.category == "N" {
            for number in numbers(&hint.text) {
                all.push(number.clone());
                all.push(format!("{number} + 1"));
                all.push(format!("{number} - 1"));
            }
        }
    }
    all.truncate(24);
    all
}

/// The string literals of an expression as PostgreSQL prints it.
fn strings(expression: &str) -> Vec<String> {
    let mut all = Vec::new();
    let mut chars = expression.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\'' {
            continue;
        }
        let mut literal = String::new();
        while let Some(c) = chars.next() {
            if c == '\'' && chars.next_if_eq(&'\'').is_none() {
                break;
            }
            literal.push(c);
        }
        all.push(literal);
    }
    all
}

/// The numbers that stand by themselves in an expression.
fn numbers(expression: &str) -> Vec<String> {
    expression
        .split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')))
        .filter(|word| word.len() < 15 && word.parse::<f64>().is_ok_and(f64::is_finite))
        .map(|word| format!("({word})"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_in_what_postgres_prints() {
        let check = "CHECK ((status = ANY (ARRAY['it''s'::text, 'b'::text])))";
        assert_eq!(strings(check), ["it's", "b"]);
        assert_eq!(
            numbers("CHECK (((amount > (10)::numeric) AND (amount < 2.5)))"),
            ["(10)", "(2.5)"]
        );
        assert_eq!(numbers("FOR VALUES FROM ('-5') TO (7)"), ["(-5)", "(7)"]);
    }
}
