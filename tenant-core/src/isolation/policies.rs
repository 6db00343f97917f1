//! Row security of a tenant table: which policies, under which names.

use super::{
    hash::fnv1a,
    relations::{POLICY_TEXT, tree},
    template::{names, script},
};
use crate::{Layout, TenantTable, quote::quoted, quote_literal};

/// A policy as it should be. Its name ends in a hash of everything that PostgreSQL is told of it,
/// so that one of that name need not be looked into, and one that changes gets another name.
#[derive(Debug)]
pub(super) struct Policy {
    pub(super) name: String,
    /// What stands behind `CREATE POLICY … ON …`.
    body: String,
}

impl Policy {
    fn new(what: &str, body: String) -> Self {
        Self { name: format!("tenancy_{what}_{:08x}", fnv1a(body.as_bytes())), body }
    }
}

/// Never `OR`, `CASE` or a cast on the column: each loses the index. The `SELECT` makes it one
/// evaluation per statement, and keeps a prepared plan from being the first tenant's for everybody.
///
/// Citus takes no `SELECT` in a policy of a distributed table.
fn predicate(layout: &Layout, column: &str) -> String {
    if layout.is_citus() {
        return format!("{} = tenancy.current_tenant()", quoted(column));
    }
    layout.source().predicate(&quoted(column))
}

/// What a tenant table's policies should be; `searched` where a search function reads it.
pub(super) fn policies(layout: &Layout, column: &str, searched: bool) -> Vec<Policy> {
    let roles = layout.roles();
    let mine = predicate(layout, column);
    let tenant = quoted(roles.tenant().unwrap_or(roles.login()));
    let walled: Vec<String> =
        [Some(roles.login()), roles.tenant(), roles.everywhere(), roles.shared()]
            .into_iter()
            .flatten()
            .chain((!roles.is_single()).then(|| roles.registry()))
            .map(quoted)
            .collect();
    let mut policies = vec![
        Policy::new("select", format!("FOR SELECT TO {tenant} USING ({mine})")),
        Policy::new("insert", format!("FOR INSERT TO {tenant} WITH CHECK ({mine})")),
        Policy::new("update", format!("FOR UPDATE TO {tenant} USING ({mine}) WITH CHECK ({mine})")),
        Policy::new("delete", format!("FOR DELETE TO {tenant} USING ({mine})")),
        // Restrictive, so that a careless second policy cannot widen the first ones.
        Policy::new(
            "wall",
            format!(
                "AS RESTRICTIVE FOR ALL TO {} USING ({mine}) WITH CHECK ({mine})",
                walled.join(", ")
            ),
        ),
    ];
    for (what, role) in [("admin", roles.admin()), ("owner", roles.owner())] {
        policies.extend(role.map(|role| {
            let body = format!("FOR ALL TO {} USING (true) WITH CHECK (true)", quoted(role));
            Policy::new(what, body)
        }));
    }
    // A role of their own, rather than an `OR is_admin` that every tenant's query would carry. The
    // search functions' role has the tenant in the functions themselves.
    let search = roles.search().filter(|_| searched);
    for (what, role) in
        [("analytics", roles.analytics()), ("staff", roles.staff()), ("search", search)]
    {
        policies.extend(
            role.map(|role| {
                Policy::new(what, format!("FOR SELECT TO {} USING (true)", quoted(role)))
            }),
        );
    }
    policies
}

/// Row security, forced, and the policies, on the table and on every partition or child: each can
/// be queried by its own name. What is as it should be is not touched, so that nothing is locked.
pub(super) fn walls(layout: &Layout, table: &TenantTable, searched: bool) -> String {
    let policies = policies(layout, table.column(), searched);
    let wanted = names(policies.iter().map(|policy| policy.name.as_str()));
    let mut create = String::new();
    for Policy { name, body } in &policies {
        create.push_str(&format!(
            "IF NOT EXISTS (SELECT FROM pg_policy WHERE polrelid = relation AND polname = {}) THEN\n      \
               EXECUTE 'CREATE POLICY {name} ON ' || relation || {};\n    END IF;\n    ",
            quote_literal(name),
            quote_literal(&format!(" {body}")),
        ));
    }
    script(
        include_str!("sql/walls.sql"),
        &[
            ("tree", &tree(table.table())),
            ("wanted", &wanted),
            ("policy_text", POLICY_TEXT),
            ("create", create.trim_end()),
        ],
    )
}
