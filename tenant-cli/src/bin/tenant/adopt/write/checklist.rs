//! What is left to do, as Markdown.

use tenant_core::{Adoption, Plan, Whose};

use crate::{
    adopt::rust::Sources,
    args::Orm,
    table::{markdown_cell, one_line},
};

/// The list. `walls` is the first migration that puts walls up; `clippy` are lines for a `clippy.toml`
/// that has a list of its own.
pub(in crate::adopt) fn checklist(
    adoption: &Adoption,
    sources: &Sources,
    plan: &Plan,
    orm: Option<Orm>,
    missing: &[String],
    walls: Option<&str>,
    clippy: Option<&str>,
) -> String {
    let mut text =
        "# What is left to do\n\nWritten by `tenant adopt`. In this order; why, who notices and the way back: \
         docs/retrofit.md of tenant-cli's repository.\n"
            .to_owned();
    text.push_str("\n## Before\n\n");
    let remarks = adoption.tables().iter().flat_map(|table| {
        table.remarks().iter().map(move |remark| format!("{}: {remark}", table.name()))
    });
    let mut before: Vec<String> = remarks.collect();
    before.extend(plan.notes.iter().cloned());
    before.push(
        "read `tenant.toml`: whoever is wrong about a table shows its rows to everybody".to_owned(),
    );
    for line in &before {
        item(&mut text, line);
    }

    text.push_str("\n## The database, while the application goes on as it is\n\n");
    let (prepared, enforced) = match walls {
        Some(walls) => (
            format!(
                ", or the migrations before `{walls}`: your tool runs all that it finds, so leave the others out"
            ),
            format!(", or the migrations from `{walls}` on"),
        ),
        None => Default::default(),
    };
    item(
        &mut text,
        &format!("on a copy first: `tenant plan`, then `tenant apply --prepare-only`{prepared}"),
    );
    item(
        &mut text,
        "as a superuser, enter the tenants that there are, and each new one with `tenant tenants create`:",
    );
    text.push_str(&format!(
        "\n  ~~~sql\n  {}\n  ~~~\n\n",
        adoption.registry().trim_end().replace('\n', "\n  ")
    ));
    item(
        &mut text,
        "`tenant adopt watch on --all`; `tenant adopt watch report` shows the writes that forget their tenant",
    );

    text.push_str("\n## The code\n\n");
    if orm.is_some() {
        item(&mut text, "declare the module with `TENANCY`, and open `TenantDb` with it");
    }
    if orm == Some(Orm::Diesel) && has_new_columns(adoption) {
        item(&mut text, "after the migration, `diesel print-schema`: the tenant column is new");
    }
    for table in missing {
        item(
            &mut text,
            &format!("no source declares {table}: code cannot reach it, and tenant.toml has it"),
        );
    }
    for found in &sources.uses {
        let place = format!("{}:{}", found.file.display(), found.line);
        text.push_str(&format!(
            "- [ ] `{}` `{}`: {}\n",
            one_line(&place),
            found.what,
            found.instead
        ));
    }
    if sources.uses.is_empty() {
        text.push_str("No raw connection was found.\n");
    }
    if !sources.unread.is_empty() {
        text.push_str("\nNot read, so not looked at:\n\n");
        for why in &sources.unread {
            item(&mut text, why);
        }
    }
    if let Some(lines) = clippy {
        text.push_str(&format!(
            "\nYour `clippy.toml` has `disallowed-methods`; add to them:\n\n```toml\n{lines}```\n"
        ));
    }
    switch(&mut text, &enforced);
    text
}

/// From here on it is noticed.
fn switch(text: &mut String, enforced: &str) {
    text.push_str("\n## The switch\n\n");
    item(
        text,
        &format!(
            "stop the old program: it is refused from here on; `tenant adopt watch off`, `tenant apply`{enforced}"
        ),
    );
    item(
        text,
        "give passwords to the `…_login`, `…_registry` and `…_owner` roles, and start the new program with them",
    );
    item(text, "`tenant lint`, `tenant probe`, and both in CI");
}

fn has_new_columns(adoption: &Adoption) -> bool {
    let is_new = |whose: &Whose| matches!(whose, Whose::Tenants { backfill: Some(_), .. });
    adoption.tables().iter().any(|table| is_new(table.whose()))
}

/// One line that stays one; ours, so that its code stays code.
fn item(text: &mut String, line: &str) {
    let line = if line.contains('`') { one_line(line) } else { markdown_cell(line) };
    text.push_str(&format!("- [ ] {line}\n"));
}
