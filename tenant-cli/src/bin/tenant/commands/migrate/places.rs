//! Where migrations are run: wherever the registry says that a tenant lives.

use tenant_cli::Config;
use tenant_core::{MigrationTarget, SqlSession as _, TenantRecord};

use crate::{
    app::{App, text},
    args::Places,
    commands::show::place,
    exit::Failure,
};

const SQL: &str = "SELECT t.id::text AS id, t.slug, t.placement, t.database, t.schema \
     FROM tenancy.tenants AS t WHERE t.status <> 'deleted' ORDER BY t.database, t.schema NULLS FIRST, t.slug";

/// As the log calls a place: `main`, `main/acme`.
pub(super) fn read(text: &str) -> Result<MigrationTarget, Failure> {
    let (database, schema) = match text.split_once('/') {
        Some((database, schema)) => (database, Some(schema)),
        None => (text, None),
    };
    if database.is_empty() || schema.is_some_and(str::is_empty) {
        return Err(Failure::usage(format!(
            "`{text}` is no place: write `main` for a database as a whole, `main/acme` for a schema in it"
        )));
    }
    Ok(match schema {
        Some(schema) => MigrationTarget::schema(database, schema),
        None => MigrationTarget::database(database),
    })
}

/// The places of a run, each once, canaries marked.
pub(super) async fn all(
    app: &App,
    config: &Config,
    args: &Places,
    canaries: &[String],
) -> Result<Vec<MigrationTarget>, Failure> {
    let only = args.only.iter().map(|text| read(text)).collect::<Result<Vec<_>, _>>()?;
    let also = args.also.iter().map(|text| read(text)).collect::<Result<Vec<_>, _>>()?;
    let canaries = canaries.iter().map(|text| read(text)).collect::<Result<Vec<_>, _>>()?;
    let mut targets: Vec<MigrationTarget> = Vec::new();
    for row in app.session(config).await?.rows(SQL, &[]).await? {
        let id = config.tenancy().key().parse(&text(&row, "id"))?;
        let record = TenantRecord::new(id, text(&row, "slug")).placement(place(&row)?);
        let target = MigrationTarget::of(&record);
        if !targets.iter().any(|known| is(known, &target)) {
            targets.push(target);
        }
    }
    targets.extend(also);
    if !only.is_empty() {
        let known = |one: &MigrationTarget| targets.iter().find(|known| is(known, one)).cloned();
        targets = only.into_iter().map(|one| known(&one).unwrap_or(one)).collect();
    }
    for canary in canaries {
        let place = targets.iter().position(|target| is(target, &canary)).ok_or_else(|| {
            Failure::usage(format!(
                "no tenant lives in {canary}, so it cannot go first; `--also {canary}` adds it"
            ))
        })?;
        targets[place].canary = true;
    }
    if targets.is_empty() {
        return Err(Failure::refused(
            "no tenant lives anywhere yet, so there is no place to migrate; name one with `--also`: \
             `main` for the database as a whole",
        ));
    }
    Ok(targets)
}

fn is(one: &MigrationTarget, other: &MigrationTarget) -> bool {
    (&one.database, &one.schema) == (&other.database, &other.schema)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_the_log_shows_can_be_typed(database in "[^/]{1,9}", schema in proptest::option::of("\\PC{1,9}")) {
            let target = match schema {
                Some(schema) => MigrationTarget::schema(database, schema),
                None => MigrationTarget::database(database),
            };
            prop_assert_eq!(read(&target.to_string()).unwrap(), target);
        }
    }

    #[test]
    fn half_a_place_is_none() {
        for wrong in ["", "/", "main/", "/acme"] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
