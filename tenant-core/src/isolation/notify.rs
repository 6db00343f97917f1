//! Tells whoever listens that something about a tenant has changed: its record, or its members.

use crate::quote::dollar_quoted;

/// What `CachedRegistry` listens on.
pub(crate) const CHANNEL: &str = "tenancy_changed";

const FUNCTION: &str = "tenancy.tell_change()";

/// The tables, and the column that says which tenant a row is about.
const TABLES: [(&str, &str); 2] = [("tenants", "id"), ("members", "tenant_id")];

pub(super) fn up() -> String {
    // A longer id would make the change itself fail: PostgreSQL takes no payload of 8000 bytes.
    let tell = format!(
        "PERFORM pg_notify('{CHANNEL}', CASE WHEN octet_length(changed) < 1000 THEN changed ELSE '' END);"
    );
    let body = dollar_quoted(&format!(
        "\nDECLARE\n  changed text;\n\
         BEGIN\n  \
         IF TG_LEVEL = 'STATEMENT' THEN\n    PERFORM pg_notify('{CHANNEL}', '');\n    RETURN NULL;\n  END IF;\n  \
         IF TG_OP <> 'INSERT' THEN\n    changed := to_jsonb(OLD) ->> TG_ARGV[0];\n    {tell}\n  END IF;\n  \
         IF TG_OP <> 'DELETE' THEN\n    changed := to_jsonb(NEW) ->> TG_ARGV[0];\n    {tell}\n  END IF;\n  \
         RETURN NULL;\nEND\n",
    ));
    let mut sql = format!(
        "-- What changed is told to whoever keeps tenants in a cache: the tenant's id, or '' for all.\n\
         -- PostgreSQL sends it with the commit, and the same twice in one transaction once.\n\
         CREATE OR REPLACE FUNCTION {FUNCTION} RETURNS trigger\n\
         LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp\n\
         AS {body};\n\
         REVOKE ALL ON FUNCTION {FUNCTION} FROM PUBLIC;\n"
    );
    for (table, column) in TABLES {
        sql.push_str(&format!(
            "CREATE OR REPLACE TRIGGER tell_change AFTER INSERT OR UPDATE OR DELETE ON tenancy.{table}\n  \
               FOR EACH ROW EXECUTE FUNCTION tenancy.tell_change('{column}');\n\
             CREATE OR REPLACE TRIGGER tell_truncate AFTER TRUNCATE ON tenancy.{table}\n  \
               FOR EACH STATEMENT EXECUTE FUNCTION tenancy.tell_change();\n"
        ));
    }
    sql
}

/// Nobody calls it but the triggers, which need no leave.
pub(super) const FUNCTIONS: [&str; 1] = [FUNCTION];
