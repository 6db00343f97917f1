use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN413",
    name: "search_path_writable",
    severity: Severity::Warning,
    startup: false,
    finds: "A database, or a role of the application, whose search_path has a schema in which \
            the application may create.",
    why: "A table or function that one tenant plants there is found before the real one.",
    source: "https://www.postgresql.org/docs/current/ddl-schemas.html",
    query: r#"
        SELECT s.classid, s.objid, s.object,
               format('it searches %s, where %s may create', string_agg(DISTINCT g.nspname, ', '),
                 string_agg(DISTINCT g.grantee_name, ', ')), s.mend
        FROM login_setting s
        CROSS JOIN LATERAL string_to_table(s.value, ',') AS e (name)
        JOIN schema_grant g ON g.privilege = 'CREATE' AND g.nspname = trim(both '" ' from e.name)
        WHERE s.name = 'search_path'
        GROUP BY s.classid, s.objid, s.object, s.mend"#,
    example: Example {
        object: "role {prefix}_login",
        triggers: "
        CREATE SCHEMA scratch; GRANT CREATE ON SCHEMA scratch TO {prefix}_tenant;
        ALTER ROLE {prefix}_login SET search_path = scratch, public;",
        clean: "
        CREATE SCHEMA scratch;
        ALTER ROLE {prefix}_login SET search_path = scratch, public;",
    },
};
