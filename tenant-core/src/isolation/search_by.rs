//! The kinds of questions that a search function asks, made so that none fails on a row.

use crate::{quote::quoted, quote_literal};

/// The longest search text, in characters, and the most arrays and objects in a searched JSON: what
/// is deeper could run out of stack on some rows and not on others.
const LONGEST: usize = 1000;
const MOST_NESTED: usize = 100;

/// What a [`Search`](crate::Search) compares, and with what.
///
/// Each is made so that it cannot fail on a row: it is run on the rows of all tenants that the index
/// finds, and an error would tell of them. So a `LIKE` pattern is made by the function, of a text;
/// a word search is of what people type; a JSON is not deep. What compares by a type's own operators
/// takes only types whose comparison is leakproof, or may be marked so.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SearchBy {
    /// `tenancy.search_x(words text, most bigint DEFAULT NULL)`: a `tsvector` column against what
    /// somebody typed, as `websearch_to_tsquery` reads it. The configuration is `english`, or
    /// `schema.name`.
    Words {
        /// The `tsvector`.
        column: String,
        /// The text search configuration.
        configuration: String,
    },
    /// `(part text, …)`: texts that have this in them, letter by letter. For `gin_trgm_ops`.
    Part {
        /// A `text` or `varchar`.
        column: String,
    },
    /// The same, where capital letters and small ones are the same.
    PartIgnoringCase {
        /// A `text` or `varchar`.
        column: String,
    },
    /// `(value text, …)`: `lower(column) = lower(value)`, for an index on that expression.
    SameIgnoringCase {
        /// A `text` or `varchar`.
        column: String,
    },
    /// `(lowest, highest, …)`, of the column's type: from one value to another, both included; NULL
    /// for no limit.
    Range {
        /// A `numeric`, an `enum`, or another type whose comparison cannot fail.
        column: String,
    },
    /// `(part jsonb, …)`: `column @> part`.
    Json {
        /// A `jsonb`.
        column: String,
    },
    /// `(items, …)`, of the column's type: arrays that have all of these.
    AllOf {
        /// An array.
        column: String,
    },
    /// `(items, …)`, of the column's type: arrays that have any of these.
    AnyOf {
        /// An array.
        column: String,
    },
}

impl SearchBy {
    pub(super) fn column(&self) -> &str {
        match self {
            Self::Words { column, .. }
            | Self::Part { column }
            | Self::PartIgnoringCase { column }
            | Self::SameIgnoringCase { column }
            | Self::Range { column }
            | Self::Json { column }
            | Self::AllOf { column }
            | Self::AnyOf { column } => column,
        }
    }

    /// The parameters that say what is searched; `own` is the column's type.
    pub(super) fn parameters(&self, own: &str) -> String {
        match self {
            Self::Words { .. } => "words text".to_owned(),
            Self::Part { .. } | Self::PartIgnoringCase { .. } => "part text".to_owned(),
            Self::SameIgnoringCase { .. } => "value text".to_owned(),
            Self::Range { .. } => format!("lowest {own}, highest {own}"),
            Self::Json { .. } => "part jsonb".to_owned(),
            Self::AllOf { .. } | Self::AnyOf { .. } => format!("items {own}"),
        }
    }

    /// How many those are.
    pub(super) fn count(&self) -> usize {
        if matches!(self, Self::Range { .. }) { 2 } else { 1 }
    }

    /// What refuses a question that could fail on some rows.
    pub(super) fn guard(&self) -> String {
        let (too_much, why) = match self {
            Self::Json { .. } => (
                format!("length(regexp_replace($1::text, '[^[{{]', '', 'g')) > {MOST_NESTED}"),
                format!("a searched JSON has at most {MOST_NESTED} arrays and objects"),
            ),
            Self::Words { .. }
            | Self::Part { .. }
            | Self::PartIgnoringCase { .. }
            | Self::SameIgnoringCase { .. } => (
                format!("length($1) > {LONGEST}"),
                format!("a searched text has at most {LONGEST} characters"),
            ),
            Self::Range { .. } | Self::AllOf { .. } | Self::AnyOf { .. } => return String::new(),
        };
        format!(
            "IF {too_much} THEN\n    RAISE EXCEPTION {} USING ERRCODE = 'invalid_parameter_value';\n  END IF;\n  ",
            quote_literal(&why)
        )
    }

    /// What it asks of a row `t`. Operators by their full names: no other could be meant.
    pub(super) fn condition(&self) -> String {
        let column = format!("t.{}", quoted(self.column()));
        let pattern = r"'%' || replace(replace(replace($1, E'\\', E'\\\\'), '%', E'\\%'), '_', E'\\_') || '%'";
        match self {
            Self::Words { configuration, .. } => format!(
                "{column} OPERATOR(pg_catalog.@@) websearch_to_tsquery({}::regconfig, $1)",
                quote_literal(configuration)
            ),
            Self::Part { .. } => format!("{column} OPERATOR(pg_catalog.~~) ({pattern})"),
            Self::PartIgnoringCase { .. } => {
                format!("{column} OPERATOR(pg_catalog.~~*) ({pattern})")
            }
            Self::SameIgnoringCase { .. } => {
                format!("lower({column}) OPERATOR(pg_catalog.=) lower($1)")
            }
            Self::Range { .. } => format!(
                "($1 IS NULL OR {column} OPERATOR(pg_catalog.>=) $1)\n    \
                 AND ($2 IS NULL OR {column} OPERATOR(pg_catalog.<=) $2)"
            ),
            Self::Json { .. } | Self::AllOf { .. } => {
                format!("{column} OPERATOR(pg_catalog.@>) $1")
            }
            Self::AnyOf { .. } => format!("{column} OPERATOR(pg_catalog.&&) $1"),
        }
    }

    /// Whether a column of the type `c` (a row of `pg_type`, domains resolved) can be searched so,
    /// as a condition in SQL, and what is said where it cannot.
    pub(super) fn fits(&self) -> (&'static str, &'static str) {
        match self {
            Self::Words { .. } => ("c.oid = 'tsvector'::regtype", "it is no tsvector"),
            Self::Part { .. } | Self::PartIgnoringCase { .. } | Self::SameIgnoringCase { .. } => {
                ("c.oid IN ('text'::regtype, 'varchar'::regtype)", "it is no text")
            }
            Self::Json { .. } => ("c.oid = 'jsonb'::regtype", "it is no jsonb"),
            Self::Range { .. } => (
                "c.typcategory <> 'A' AND compared = '{<,<=,=,>,>=}'",
                "its type's comparison is not leakproof, and nobody has shown that it could be marked so",
            ),
            Self::AllOf { .. } | Self::AnyOf { .. } => (
                "c.typcategory = 'A' AND '{=}' <@ compared",
                "it is no array, or its elements' equality is not leakproof, and nobody has shown that it could be marked so",
            ),
        }
    }
}
