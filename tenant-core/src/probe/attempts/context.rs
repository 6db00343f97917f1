//! The context that says whose a transaction is: empty, broken, forged.

use super::{
    super::{
        judge::Judge,
        kind::{Kind, never},
        live::{Actor, execute},
    },
    on_database, on_table,
};
use crate::{isolation::guard, quote_literal};

const READ: &str = "SELECT theirs.{tc} AS t FROM {table} AS theirs WHERE {row}";
const BROKEN: &str = "A context that names nobody opens rows.";
const FORGED: &str = "SQL that somebody got into a transaction reads another tenant's rows.";

/// Denied; no value of the key's type.
const NOBODY: &[&str] = &["42501", "22P02", "22003", "22023", "28000"];

pub(super) const KINDS: &[Kind] = &[
    on_table(
        "ATK094",
        "empty_context",
        "an empty setting, as a connection has it after a transaction",
        BROKEN,
        |t| t.blind(Actor::A, &execute(&t.place.live.set_tenant("")), READ, NOBODY),
    ),
    on_table("ATK095", "blank_context", "a setting of spaces", BROKEN, |t| {
        t.blind(Actor::A, &execute(&t.place.live.set_tenant("  ")), READ, NOBODY)
    }),
    on_table("ATK096", "garbage_context", "a setting that is no id", BROKEN, |t| {
        t.blind(Actor::A, &execute(&t.place.live.set_tenant("%' OR true --")), READ, NOBODY)
    }),
    on_table("ATK097", "unknown_context", "the id of a tenant that nobody is", BROKEN, |t| {
        let nobody = match t.place.live.a.id.key() {
            crate::TenantKey::Uuid => "ffffffff-ffff-4fff-bfff-fffffffffffe",
            crate::TenantKey::Bigint => "-9223372036854775807",
            crate::TenantKey::Text => "%",
        };
        t.blind(Actor::A, &execute(&t.place.live.set_tenant(nobody)), READ, NOBODY)
    }),
    on_table("ATK098", "reset_context", "`RESET` of the setting", BROKEN, |t| {
        t.blind(Actor::A, &execute(&format!("RESET {}", t.setting())), READ, NOBODY)
    }),
    on_table("ATK099", "default_context", "`SET LOCAL … TO DEFAULT`", BROKEN, |t| {
        t.blind(Actor::A, &execute(&format!("SET LOCAL {} TO DEFAULT", t.setting())), READ, NOBODY)
    }),
    on_table("ATK100", "forged_by_function", "`set_config` with the other's id", FORGED, |t| {
        t.forges(&execute(&t.place.live.set_tenant(&t.other_id())))
    }),
    on_table("ATK101", "forged_by_set_local", "`SET LOCAL` with the other's id", FORGED, |t| {
        t.forges(&execute(&t.place.live.set_by("SET LOCAL", &t.other_id())))
    }),
    on_table("ATK102", "forged_by_set", "`SET` with the other's id", FORGED, |t| {
        t.forges(&execute(&t.place.live.set_by("SET", &t.other_id())))
    }),
    on_table(
        "ATK103",
        "forged_in_cte",
        "`set_config` in a common table expression of the same query",
        FORGED,
        |t| {
            let query = format!(
                "WITH forged AS MATERIALIZED ({} AS done) SELECT theirs.{{tc}} AS t FROM forged, {{table}} AS theirs \
             WHERE forged.done IS NOT NULL AND {{row}}",
                t.place.live.set_tenant(&t.other_id())
            );
            let judge = Judge::Forges { sealed: t.place.sealed };
            t.reads_as(Actor::A, "", &query, judge)
        },
    ),
    on_table(
        "ATK104",
        "forged_in_filter",
        "`set_config` in a filter that runs before the policy's",
        FORGED,
        |t| {
            let query = format!(
                "SELECT theirs.{{tc}} AS t FROM {{table}} AS theirs WHERE (SELECT pg_catalog.concat({})) \
                 IS NOT NULL AND {{row}}",
                t.place.live.set_configs(&t.other_id())
            );
            t.reads_as(Actor::A, "", &query, Judge::Forges { sealed: t.place.sealed })
        },
    ),
    on_table(
        "ATK105",
        "forged_in_cursor",
        "switching between two fetches of a cursor",
        FORGED,
        |t| t.forged_cursor(),
    ),
    on_table(
        "ATK200",
        "forged_in_the_guard",
        "`set_config` of the server's parameter that may keep what was opened",
        FORGED,
        |t| {
            let forged = quote_literal(&guard::forged(&t.other_id()));
            let sql =
                format!("SELECT pg_catalog.set_config('{}', {forged}, true)", guard::PARAMETER);
            t.forges(&execute(&sql))
        },
    ),
    on_table("ATK201", "forged_by_set_of_the_guard", "`SET LOCAL` of the same", FORGED, |t| {
        let forged = quote_literal(&guard::forged(&t.other_id()));
        t.forges(&execute(&format!("SET LOCAL {} = {forged}", guard::PARAMETER)))
    }),
    on_table("ATK202", "reset_all", "`RESET ALL`, and then the other's id", FORGED, |t| {
        let before =
            format!("{}{}", execute("RESET ALL"), execute(&t.place.live.set_tenant(&t.other_id())));
        t.forges(&before)
    }),
    on_table("ATK106", "forged_as_login", "`RESET ROLE`, and then the other's id", FORGED, |t| {
        if t.place.is_single() {
            return never(super::super::kind::ONE_ROLE);
        }
        let before = format!(
            "{}{}",
            execute("RESET ROLE"),
            execute(&t.place.live.set_tenant(&t.other_id()))
        );
        t.blind(Actor::A, &before, READ, NOBODY)
    }),
    on_table(
        "ATK107",
        "row_security_off",
        "`SET LOCAL row_security = off`",
        "Row security is switched off.",
        |t| t.blind(Actor::A, "SET LOCAL row_security = off;\n", READ, &["42501"]),
    ),
    on_table(
        "ATK108",
        "search_path",
        "a `search_path` of the attacker's choice",
        "A function or table of another schema takes a known one's place.",
        |t| t.reads_after("SET LOCAL search_path = pg_temp, pg_catalog;\n", READ),
    ),
    on_database(
        "ATK109",
        "replication_role",
        "`SET session_replication_role = replica`",
        "Foreign keys and triggers are switched off.",
        |p| p.refused_to_all("SET LOCAL session_replication_role = replica"),
    ),
    on_database(
        "ATK110",
        "login_settings",
        "a default setting of the login that outlives the transaction",
        FORGED,
        |p| {
            p.refused(Actor::A, "ALTER ROLE {login} SET statement_timeout = 0")
                .into_iter()
                .map(|case| {
                    if p.is_single() { never(super::super::kind::ONE_ROLE).remove(0) } else { case }
                })
                .collect()
        },
    ),
];
