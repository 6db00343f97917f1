//! Operators that row security keeps from using an index, because PostgreSQL does not say that they
//! tell nothing of a row: which may be said to, which may not, and why.

use super::template::script;
use crate::quote_literal;

/// Operators whose functions [`Isolation::leakproof`](crate::Isolation::leakproof) marks.
///
/// Row security runs what a query asks after the policies, on the rows that those let through, unless
/// the operator's function is LEAKPROOF: else an operator that fails, or speaks, on certain values
/// would tell of rows that nobody may see. What is not leakproof is no use to an index either.
/// PostgreSQL marks few functions. [`functions`](Self::functions) lists more of them, each with what
/// speaks for it or against it.
///
/// What a mark gives away is what PostgreSQL's own give away for an `integer`: whoever can write SQL
/// in a tenant's transaction sees in `EXPLAIN ANALYZE`, in the planner's estimates, and in the time
/// it takes, how many rows of everybody an index finds. An index that begins with the tenant finds
/// none of others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Leakproof {
    /// `tsvector @@ tsquery`. Not without a price: a query that is nested tens of thousands of levels
    /// deep, which only SQL of one's own can make, runs out of stack where a row has the words before
    /// the nest, and so tells that somebody has them. Where that matters,
    /// [`SearchBy::Words`](crate::SearchBy::Words) instead.
    FullText,
    /// `= <> < <= > >=` of `numeric`.
    Numeric,
    /// `= <> < <= > >=` of every `enum`.
    Enum,
    /// `? ?| ?&` of `jsonb`: whether there is such a key.
    JsonbKeys,
}

impl Leakproof {
    /// What is said of each function: those that may be marked, and those that must not.
    pub fn functions() -> &'static [OperatorFunction] {
        &FUNCTIONS
    }

    /// Its name here, as it is written in Rust.
    fn name(self) -> &'static str {
        match self {
            Self::FullText => "FullText",
            Self::Numeric => "Numeric",
            Self::Enum => "Enum",
            Self::JsonbKeys => "JsonbKeys",
        }
    }
}

/// A function of PostgreSQL's behind an operator, and whether it may be marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct OperatorFunction {
    /// As `regprocedure` reads it.
    pub function: &'static str,
    /// What a query writes.
    pub operator: &'static str,
    /// With what it is marked; `None` where it must not be.
    pub mark: Option<Leakproof>,
    /// Why it may be, or must not be.
    pub why: &'static str,
}

impl OperatorFunction {
    /// The mark's name, if it has one.
    pub(crate) fn mark_name(&self) -> Option<&'static str> {
        self.mark.map(Leakproof::name)
    }
}

const fn may(
    function: &'static str,
    operator: &'static str,
    mark: Leakproof,
    why: &'static str,
) -> OperatorFunction {
    OperatorFunction { function, operator, mark: Some(mark), why }
}

const fn must_not(
    function: &'static str,
    operator: &'static str,
    why: &'static str,
) -> OperatorFunction {
    OperatorFunction { function, operator, mark: None, why }
}

const WORDS: &str = "It walks the query over the row's words and raises for no pair of them, but for \
    a query too deep for the stack. `AND` looks at its right side only where the left one is found, so \
    such a query fails on some rows and not on others.";
const NUMERIC: &str = "It compares digits, signs and weights, with NaN and the infinities in their \
    order. Nothing is computed, so nothing overflows, and no branch raises.";
const ENUM_SAME: &str = "It compares two numbers, the values' oids.";
const ENUM_ORDER: &str = "It compares the oids, or looks the values' order up in `pg_enum`; it raises \
    for an oid that is no value of the type, which no row can hold.";
const KEYS: &str = "It looks a key up among the top-level ones, by bisection, and raises for nothing. \
    It does not descend, so the stack has no part in it.";
const LIKE: &str = "A pattern that ends in its escape character raises where the text has all that \
    stands before it: `LIKE 'the secret\\'` is an error if somebody has such a row, and an empty \
    answer if not.";
const REGEX: &str = "The pattern can be made to take as long as the text lets it, and to raise when \
    it is too complex for that text.";
const CASE: &str = "It asks the collation, which raises for characters that it does not know. A \
    generated column with the lower-case text needs no mark.";
const TO_WORDS: &str = "The parser speaks of words that are too long and raises for texts that are, \
    and a dictionary is anybody's C. A generated column of the type `tsvector` needs none of it.";
const JSON_NEST: &str = "It descends as deep as row and question are alike, and raises when the stack \
    ends: a deep question fails on the rows that are like it, and only on those.";
const JSON_PATH: &str = "A path computes: it divides, casts and runs regular expressions over the \
    row's values.";
const JSON_ORDER: &str = "It descends into both as far as they are the same, and compares texts by \
    the database's collation.";
const ELEMENTS: &str = "It calls the elements' own equality, which for a type of somebody's is \
    somebody's function; the mark would be for all types.";
const PARTS: &str = "It calls the fields' own comparison, which is anybody's, and raises where they \
    are of different types.";
const RANGE: &str = "It calls the bounds' own comparison, which for a type of somebody's is \
    somebody's function; the mark would be for all types.";
const ARITHMETIC: &str = "It raises for values: out of range, or division by zero. `total / (total - \
    77.5) > 0` is an error if somebody has a row with 77.5.";
const CAST: &str =
    "A cast raises for texts that are none of its type, with the text in the message.";
const FIELD: &str = "It raises for nothing itself, but no index is of its answer alone: what compares \
    that must be leakproof, too, and where it is a cast it is not.";

static FUNCTIONS: [OperatorFunction; 52] = [
    may("pg_catalog.ts_match_vq(tsvector,tsquery)", "@@", Leakproof::FullText, WORDS),
    may("pg_catalog.ts_match_qv(tsquery,tsvector)", "@@", Leakproof::FullText, WORDS),
    may("pg_catalog.numeric_eq(numeric,numeric)", "=", Leakproof::Numeric, NUMERIC),
    may("pg_catalog.numeric_ne(numeric,numeric)", "<>", Leakproof::Numeric, NUMERIC),
    may("pg_catalog.numeric_lt(numeric,numeric)", "<", Leakproof::Numeric, NUMERIC),
    may("pg_catalog.numeric_le(numeric,numeric)", "<=", Leakproof::Numeric, NUMERIC),
    may("pg_catalog.numeric_gt(numeric,numeric)", ">", Leakproof::Numeric, NUMERIC),
    may("pg_catalog.numeric_ge(numeric,numeric)", ">=", Leakproof::Numeric, NUMERIC),
    may("pg_catalog.enum_eq(anyenum,anyenum)", "=", Leakproof::Enum, ENUM_SAME),
    may("pg_catalog.enum_ne(anyenum,anyenum)", "<>", Leakproof::Enum, ENUM_SAME),
    may("pg_catalog.enum_lt(anyenum,anyenum)", "<", Leakproof::Enum, ENUM_ORDER),
    may("pg_catalog.enum_le(anyenum,anyenum)", "<=", Leakproof::Enum, ENUM_ORDER),
    may("pg_catalog.enum_gt(anyenum,anyenum)", ">", Leakproof::Enum, ENUM_ORDER),
    may("pg_catalog.enum_ge(anyenum,anyenum)", ">=", Leakproof::Enum, ENUM_ORDER),
    may("pg_catalog.jsonb_exists(jsonb,text)", "?", Leakproof::JsonbKeys, KEYS),
    may("pg_catalog.jsonb_exists_any(jsonb,text[])", "?|", Leakproof::JsonbKeys, KEYS),
    may("pg_catalog.jsonb_exists_all(jsonb,text[])", "?&", Leakproof::JsonbKeys, KEYS),
    must_not("pg_catalog.textlike(text,text)", "LIKE", LIKE),
    must_not("pg_catalog.textnlike(text,text)", "NOT LIKE", LIKE),
    must_not("pg_catalog.texticlike(text,text)", "ILIKE", LIKE),
    must_not("pg_catalog.texticnlike(text,text)", "NOT ILIKE", LIKE),
    must_not("pg_catalog.bpcharlike(character,text)", "LIKE", LIKE),
    must_not("pg_catalog.bpchariclike(character,text)", "ILIKE", LIKE),
    must_not("pg_catalog.textregexeq(text,text)", "~", REGEX),
    must_not("pg_catalog.texticregexeq(text,text)", "~*", REGEX),
    must_not("pg_catalog.lower(text)", "lower()", CASE),
    must_not("pg_catalog.upper(text)", "upper()", CASE),
    must_not("pg_catalog.to_tsvector(regconfig,text)", "to_tsvector()", TO_WORDS),
    must_not("pg_catalog.to_tsvector(text)", "to_tsvector()", TO_WORDS),
    must_not("pg_catalog.ts_match_tq(text,tsquery)", "@@ of a text", TO_WORDS),
    must_not("pg_catalog.ts_match_tt(text,text)", "@@ of a text", TO_WORDS),
    must_not("pg_catalog.jsonb_contains(jsonb,jsonb)", "@>", JSON_NEST),
    must_not("pg_catalog.jsonb_contained(jsonb,jsonb)", "<@", JSON_NEST),
    must_not("pg_catalog.jsonb_path_exists_opr(jsonb,jsonpath)", "@?", JSON_PATH),
    must_not("pg_catalog.jsonb_path_match_opr(jsonb,jsonpath)", "@@", JSON_PATH),
    must_not("pg_catalog.jsonb_eq(jsonb,jsonb)", "= of jsonb", JSON_ORDER),
    must_not("pg_catalog.jsonb_lt(jsonb,jsonb)", "< of jsonb", JSON_ORDER),
    must_not("pg_catalog.jsonb_object_field_text(jsonb,text)", "->>", FIELD),
    must_not("pg_catalog.jsonb_extract_path_text(jsonb,text[])", "#>>", FIELD),
    must_not("pg_catalog.arrayoverlap(anyarray,anyarray)", "&&", ELEMENTS),
    must_not("pg_catalog.arraycontains(anyarray,anyarray)", "@>", ELEMENTS),
    must_not("pg_catalog.arraycontained(anyarray,anyarray)", "<@", ELEMENTS),
    must_not("pg_catalog.array_eq(anyarray,anyarray)", "= of arrays", ELEMENTS),
    must_not("pg_catalog.record_eq(record,record)", "= of rows", PARTS),
    must_not("pg_catalog.range_overlaps(anyrange,anyrange)", "&& of ranges", RANGE),
    must_not("pg_catalog.range_contains_elem(anyrange,anyelement)", "@> of ranges", RANGE),
    must_not("pg_catalog.numeric_add(numeric,numeric)", "+", ARITHMETIC),
    must_not("pg_catalog.numeric_mul(numeric,numeric)", "*", ARITHMETIC),
    must_not("pg_catalog.numeric_div(numeric,numeric)", "/", ARITHMETIC),
    must_not("pg_catalog.int4div(integer,integer)", "/", ARITHMETIC),
    must_not("pg_catalog.int4(numeric)", "::integer", CAST),
    must_not("pg_catalog.numeric_in(cstring,oid,integer)", "::numeric", CAST),
];

fn array<'a>(functions: impl IntoIterator<Item = &'a str>) -> String {
    let functions: Vec<String> = functions.into_iter().map(quote_literal).collect();
    format!("ARRAY[{}]::text[]", functions.join(", "))
}

/// Those that may be marked, as an array in SQL.
pub(super) fn markable() -> String {
    array(FUNCTIONS.iter().filter(|f| f.mark.is_some()).map(|f| f.function))
}

/// All that something is said of, likewise.
pub(super) fn judged() -> String {
    array(FUNCTIONS.iter().map(|f| f.function))
}

/// Marks what is wanted, takes the marks back that are wanted no more, and writes down, where every
/// login can read it and `pg_dump` takes it along, what should be marked.
pub(super) fn up(marked: &[Leakproof]) -> String {
    let wanted: Vec<&str> = FUNCTIONS
        .iter()
        .filter(|f| f.mark.is_some_and(|mark| marked.contains(&mark)))
        .map(|f| f.function)
        .collect();
    let comment = if wanted.is_empty() {
        "NULL".to_owned()
    } else {
        quote_literal(&format!("leakproof\n{}", wanted.join("\n")))
    };
    "-- Operators that tell nothing of a row, so that row security lets them use an index.\n"
        .to_owned()
        + &script(include_str!("sql/leakproof.sql"), &[("wanted", &array(wanted))])
        + &format!("COMMENT ON TABLE tenancy.installed IS {comment};\n")
}

/// Takes back the marks that `up` made.
pub(super) fn give_back() -> String {
    script(include_str!("sql/leakproof.sql"), &[("wanted", &array([]))])
}
