use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN511",
    name: "tokens_readable",
    severity: Severity::Error,
    startup: true,
    finds: "A pg_stat_activity that shows more of each message than the seal's padding hides.",
    why: "Sessions of one login see what the others sent last, so injected SQL can read another \
            tenant's token and open it within its seconds.",
    source: "https://www.postgresql.org/docs/current/runtime-config-statistics.html#GUC-TRACK-ACTIVITY-QUERY-SIZE",
    query: r"
        SELECT 'pg_database'::regclass, d.oid, 'setting track_activity_query_size',
               format('it is %s and the padding %s, so tokens can be read: give the pool Seal::padding(%1$s)',
                 s.setting, l.padding), NULL
        FROM layout l, pg_settings s, pg_database d
        WHERE l.sealed AND s.name = 'track_activity_query_size' AND s.setting::bigint > l.padding
          AND d.datname = current_database()",
    example: Example {
        object: "setting track_activity_query_size",
        triggers: "-- sealed, padding 100, also TEN510",
        clean: "SELECT 1",
    },
};
