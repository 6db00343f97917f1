//! Views. One runs with its owner's rights unless it says otherwise, and so past every policy.

use super::{
    relations::{shared_tables, tenant_tables},
    template::{fill, names, script},
};
use crate::{Layout, Tenancy};

/// The views of these schemas that read declared tables, also through other views.
fn reading(layout: &Layout, tenancy: &Tenancy, schemas: &str) -> String {
    fill(
        include_str!("sql/views.sql"),
        &[
            ("tenants", &tenant_tables(tenancy.tenant_tables())),
            ("shareds", &shared_tables(tenancy.shared_tables())),
            ("schemas", schemas),
            ("owner", &names(layout.roles().owner())),
        ],
    )
}

pub(super) fn up(layout: &Layout, tenancy: &Tenancy, schemas: &str) -> String {
    let roles = layout.roles();
    let login = roles.is_single().then(|| roles.login());
    let readers = [roles.admin(), roles.analytics(), roles.staff()];
    let tenant = readers.into_iter().chain([roles.tenant(), login]).flatten();
    let shared = readers.into_iter().chain([roles.tenant(), roles.shared(), login]).flatten();
    "-- Views show what the tables show to whoever asks.\n".to_owned()
        + &script(
            include_str!("sql/wall_views.sql"),
            &[
                ("views", &reading(layout, tenancy, schemas)),
                (
                    "ours",
                    &names(roles.all().into_iter().filter(|role| Some(*role) != roles.owner())),
                ),
                ("tenant", &names(tenant)),
                ("shared", &names(shared)),
                ("owner", &names(roles.owner())),
            ],
        )
}

/// The option as it was found; the grants and the owner are given back with all others.
pub(super) fn give_back() -> String {
    super::roles::block_with(
        "was record;",
        "FOR was IN SELECT * FROM tenancy.ledger WHERE kind = 'view' ORDER BY id DESC LOOP\n    \
           CONTINUE WHEN to_regclass(was.object) IS NULL;\n    \
           IF was.before IS NULL THEN\n      \
             EXECUTE format('ALTER VIEW %s RESET (security_invoker)', was.object);\n    \
           ELSE\n      \
             EXECUTE format('ALTER VIEW %s SET (security_invoker = %L)', was.object, was.before);\n    \
           END IF;\n  END LOOP;",
    )
}
