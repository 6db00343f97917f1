use crate::{
    Severity,
    lint::rule::{Example, Rule},
};

pub(super) const RULE: Rule = Rule {
    code: "TEN417",
    name: "library_loaded_at_login",
    severity: Severity::Info,
    startup: false,
    finds: "A database, or a role of the application, that loads libraries into its sessions.",
    why: "Such a library runs inside of the server, where no policy is asked; know what it is.",
    source: "https://www.postgresql.org/docs/current/runtime-config-client.html",
    query: r#"
        SELECT s.classid, s.objid, s.object, format('it sets %s = %s', s.name, s.value), s.mend
        FROM login_setting s
        WHERE s.name IN ('session_preload_libraries', 'local_preload_libraries', 'jit_provider')
          AND s.value NOT IN ('', '""', 'llvmjit')"#,
    example: Example {
        object: "role {prefix}_login",
        triggers: "ALTER ROLE {prefix}_login SET local_preload_libraries = 'auto_explain';",
        clean: "ALTER ROLE {prefix}_login SET local_preload_libraries = '';",
    },
};
