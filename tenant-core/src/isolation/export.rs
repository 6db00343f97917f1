//! What export and import ask the database for: a batch of a cursor that is bounded in bytes, and
//! sequences that are raised without ever being lowered.

use crate::{Layout, quote::dollar_quoted, quote::quoted};

pub(super) fn up() -> String {
    fetch() + &raise_sequences()
}

/// It fetches from the caller's own cursor with the caller's own rights.
fn fetch() -> String {
    let body = dollar_quoted(
        "\nDECLARE\n  source refcursor := portal;\n  line text;\n  bytes bigint := 0;\nBEGIN\n  \
         lines := '{}';\n  LOOP\n    \
           FETCH NEXT FROM source INTO line;\n    EXIT WHEN NOT FOUND;\n    \
           lines := array_append(lines, line);\n    \
           bytes := bytes + octet_length(line);\n    \
           EXIT WHEN bytes >= most_bytes OR array_length(lines, 1) >= most_lines;\n  \
         END LOOP;\nEND\n",
    );
    format!(
        "-- The next lines of a cursor, as many as fit.\n\
         CREATE OR REPLACE FUNCTION tenancy.fetch(\n  \
           portal text, most_lines integer, most_bytes bigint, OUT lines text[])\n\
         LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {FETCH} FROM PUBLIC;\n"
    )
}

/// `ALTER SEQUENCE` keeps `nextval` out until the transaction ends, so that nobody draws a number
/// between the look and the change; changing nothing is how its lock is taken. Whoever wants a number
/// while it waits for that lock waits behind it, so it waits for a moment only, and then gives back
/// all of them.
fn raise_sequences() -> String {
    let body = dollar_quoted(include_str!("sql/raise_sequences.sql"));
    format!(
        "-- Sequences go on behind values that were inserted without them: all, or none.\n\
         CREATE OR REPLACE FUNCTION tenancy.raise_sequences(\n  \
           sequences regclass[], used bigint[], OUT state text, OUT which integer)\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         SET lock_timeout = '50ms'\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {RAISE_SEQUENCES} FROM PUBLIC;\n"
    )
}

const FETCH: &str = "tenancy.fetch(text, integer, bigint)";
const RAISE_SEQUENCES: &str = "tenancy.raise_sequences(regclass[], bigint[])";

pub(super) const FUNCTIONS: [&str; 2] = [FETCH, RAISE_SEQUENCES];

/// To the admin alone, which exports and imports.
pub(super) fn grants(layout: &Layout) -> String {
    let Some(admin) = layout.roles().admin().map(quoted) else { return String::new() };
    format!("GRANT EXECUTE ON FUNCTION {} TO {admin};\n", FUNCTIONS.join(", "))
}
