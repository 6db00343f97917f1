//! What export and import ask the database for: a batch of a cursor that is bounded in bytes, and a
//! sequence that is raised without ever being lowered.

use crate::{Layout, quote::dollar_quoted, quote::quoted};

pub(super) fn up() -> String {
    fetch() + &raise_sequence()
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
/// between the look and the change; changing nothing is how its lock is taken.
fn raise_sequence() -> String {
    let body = dollar_quoted(
        "\nDECLARE\n  step bigint := (SELECT s.seqincrement FROM pg_sequence s WHERE s.seqrelid = sequence);\n  \
           last bigint;\nBEGIN\n  \
         EXECUTE format('ALTER SEQUENCE %s INCREMENT BY %s', sequence, step);\n  \
         EXECUTE format('SELECT s.last_value - CASE WHEN s.is_called THEN 0 ELSE %s END FROM %s AS s', step, sequence)\n    \
           INTO last;\n  \
         IF (step > 0 AND used > last) OR (step < 0 AND used < last) THEN\n    \
           PERFORM setval(sequence, used);\n  END IF;\nEND\n",
    );
    format!(
        "-- A sequence goes on behind a value that was inserted without it.\n\
         CREATE OR REPLACE FUNCTION tenancy.raise_sequence(sequence regclass, used bigint) RETURNS void\n\
         LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {RAISE_SEQUENCE} FROM PUBLIC;\n"
    )
}

const FETCH: &str = "tenancy.fetch(text, integer, bigint)";
const RAISE_SEQUENCE: &str = "tenancy.raise_sequence(regclass, bigint)";

pub(super) const FUNCTIONS: [&str; 2] = [FETCH, RAISE_SEQUENCE];

/// To the admin alone, which exports and imports.
pub(super) fn grants(layout: &Layout) -> String {
    let Some(admin) = layout.roles().admin().map(quoted) else { return String::new() };
    format!("GRANT EXECUTE ON FUNCTION {} TO {admin};\n", FUNCTIONS.join(", "))
}
