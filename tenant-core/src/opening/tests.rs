use proptest::prelude::*;

use super::*;
use crate::{Limits, SealKey, StaticRegistry, TableName, TenantRecord, quote_ident, quote_literal};

fn opening(key: TenantKey) -> Opening {
    with(key, &OpeningOptions::default())
}

fn with(key: TenantKey, options: &OpeningOptions) -> Opening {
    Opening::new(&Layout::new("shop").unwrap(), key, options).unwrap()
}

fn scope(id: impl Into<TenantId>) -> TenantScope<Verified> {
    verified(TenantRecord::new(id, "acme"))
}

fn verified(record: TenantRecord) -> TenantScope<Verified> {
    let claim = TenantScope::claim(record.id.clone(), Principal::System("test".into()));
    let registry = StaticRegistry::new([record]);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(claim.verify(&registry)).unwrap()
}

#[test]
fn one_message_with_everything_and_the_tenant_last() {
    let opening = opening(TenantKey::Bigint);
    assert_eq!(
        opening.tenant(&scope(7), TransactionOptions::default()).unwrap(),
        "BEGIN; DISCARD SEQUENCES; CLOSE ALL; SET LOCAL ROLE \"shop_tenant\"; SET LOCAL search_path = \"public\", pg_temp; \
         SELECT pg_catalog.set_config('app.current_tenant_id', '7', true), \
         pg_catalog.set_config('tenancy.actor', '', true)"
    );
    assert_eq!(
        opening.shared(TransactionOptions::default().read_only()),
        "BEGIN READ ONLY; DISCARD SEQUENCES; CLOSE ALL; SET LOCAL ROLE \"shop_shared\"; SET LOCAL search_path = \"public\", pg_temp"
    );
}

#[test]
fn what_nobody_counts_costs_the_least() {
    let message =
        |opening: Opening| opening.tenant(&scope(7), TransactionOptions::default()).unwrap();
    assert!(opening(TenantKey::Bigint).question().is_some());
    let counted = message(opening(TenantKey::Bigint).counted(true));
    assert!(counted.contains("SELECT pg_catalog.set_config("), "{counted}");
    let uncounted = message(opening(TenantKey::Bigint).counted(false));
    let set = r#"SET LOCAL "app"."current_tenant_id" = '7'; SET LOCAL "tenancy"."actor" = ''"#;
    assert!(uncounted.ends_with(set), "{uncounted}");
    for binding in [Binding::SetConfig, Binding::SetLocal] {
        let layout = Layout::new("shop").unwrap().binding(binding);
        let options = OpeningOptions::default();
        let opening = Opening::new(&layout, TenantKey::Bigint, &options).unwrap();
        assert_eq!(opening.question(), None, "{binding:?}");
        assert_eq!(message(opening.clone()), message(opening.counted(false)), "{binding:?}");
    }
    let mut options = OpeningOptions::default();
    options.seal(Seal::new(SealKey::new("k", vec![1; 32]).unwrap()));
    let sealed = with(TenantKey::Bigint, &options);
    assert_eq!(sealed.question(), None);
    assert!(message(sealed.counted(false)).contains("tenancy.open"));
}

fn in_schema(schema: &str) -> TenantScope<Verified> {
    let own = Placement::Schema { database: "main".into(), schema: schema.to_owned() };
    verified(TenantRecord::new(7, "acme").placement(own))
}

fn common() -> Opening {
    let layout = Layout::new("shop").unwrap().shared_schema("common").unwrap();
    let options = OpeningOptions::default();
    let opening = Opening::new(&layout, TenantKey::Bigint, &options).unwrap();
    opening.declared(&Tenancy::new(TenantKey::Bigint))
}

#[test]
fn a_tenants_own_schema_and_the_shared_one_are_all_that_it_sees() {
    let message = common().tenant(&in_schema("ac\"me"), TransactionOptions::default()).unwrap();
    assert!(
        message.contains(
            r#"; SET LOCAL search_path = "ac""me", "common", pg_temp; SELECT '"ac""me"'::pg_catalog.regnamespace; "#
        ),
        "{message}"
    );
    assert!(!message.contains("public"), "{message}");
    // A setting that is changed in a nested transaction stays after its release.
    let again = common().bind(&in_schema("acme")).unwrap();
    assert!(again.starts_with(r#"SET LOCAL search_path = "acme", "common", pg_temp; "#), "{again}");
}

#[test]
fn a_tenant_that_lives_elsewhere_is_refused_before_anything_is_sent() {
    let at = |place: Placement| verified(TenantRecord::new(7, "acme").placement(place));
    let away = at(Placement::shared("eu-1").unwrap());
    assert!(matches!(common().check(&away), Err(Error::Elsewhere { .. })));
    for schema in ["common", "public", "pg_temp", "tenancy", "$user", ""] {
        let refused = common().check(&in_schema(schema));
        assert!(matches!(refused, Err(Error::InvalidPlacement { .. })), "{schema}");
    }
    let undeclared = opening(TenantKey::Bigint).check(&in_schema("acme"));
    assert!(matches!(undeclared, Err(Error::InvalidPlacement { .. })));
    let table = TableName::new("orders").and_then(|name| name.in_schema("public"));
    let fixed = Tenancy::new(TenantKey::Bigint).tenant_table(table, None);
    let refused = common().declared(&fixed).check(&in_schema("acme"));
    assert!(matches!(refused, Err(Error::InvalidPlacement { .. })), "{refused:?}");
    let mut options = OpeningOptions::default();
    options.database("eu-1");
    options.region("eu");
    let there = with(TenantKey::Bigint, &options);
    there.check(&away).unwrap();
    let american = TenantRecord::new(7, "acme").region("us");
    let american = verified(american.placement(Placement::shared("eu-1").unwrap()));
    assert!(matches!(there.check(&american), Err(Error::WrongRegion { .. })));
}

#[test]
fn another_key_and_a_stale_scope_are_refused_before_anything_is_sent() {
    let options = TransactionOptions::default();
    let uuids = opening(TenantKey::Uuid);
    assert!(matches!(uuids.tenant(&scope(7), options), Err(Error::WrongKey { .. })));
    let mut strict = OpeningOptions::default();
    strict.max_scope_age(Duration::ZERO);
    let strict = with(TenantKey::Bigint, &strict);
    assert!(matches!(strict.tenant(&scope(7), options), Err(Error::StaleScope { .. })));
}

#[test]
fn a_sealed_layout_without_a_key_opens_nothing() {
    let layout = Layout::new("shop").unwrap().binding(Binding::Sealed);
    let opened = Opening::new(&layout, TenantKey::Bigint, &OpeningOptions::default());
    assert!(matches!(opened, Err(Error::NoSeal)));
}

#[test]
fn a_token_stands_behind_its_padding() {
    let key = SealKey::new("k", vec![1; 32]).unwrap();
    let mut options = OpeningOptions::default();
    options.seal(Seal::new(key).padding(100));
    let message =
        with(TenantKey::Bigint, &options).tenant(&scope(7), TransactionOptions::default()).unwrap();
    assert!(message.find("tenancy.open").unwrap() > 100, "{message}");
    assert!(!message.contains("set_config"), "{message}");
}

#[test]
fn what_is_cleared_is_cleared_by_the_login_and_not_by_the_tenant() {
    let mut options = OpeningOptions::default();
    options.clear_statements();
    let opening = with(TenantKey::Bigint, &options);
    let message = opening.tenant(&scope(7), TransactionOptions::default()).unwrap();
    assert!(message.find("DEALLOCATE").unwrap() < message.find("SET LOCAL ROLE").unwrap());
}

#[test]
fn limits_of_the_plan_ride_along() {
    let mut options = OpeningOptions::default();
    options.limits(Limits::new().parallel_workers(0));
    options.plan_limits("free", Limits::new().work_mem_kib(1024));
    let opening = with(TenantKey::Bigint, &options);
    let message = |plan: &str| {
        let record = TenantRecord::new(7, "acme").plan(plan);
        opening.tenant(&verified(record), TransactionOptions::default()).unwrap()
    };
    let (free, pro) = (message("free"), message("pro"));
    assert!(free.contains("SET LOCAL work_mem = 1024; SET LOCAL max_parallel"), "{free}");
    assert!(!pro.contains("work_mem") && pro.contains("max_parallel"), "{pro}");
    assert!(opening.shared(TransactionOptions::default()).contains("max_parallel"));
}

proptest! {
    #[test]
    fn a_hostile_schema_stays_inside_its_quotes(name in r#"(["'\\;,.$ ]|\PC){1,30}"#) {
        prop_assume!(common().check(&in_schema(&name)).is_ok());
        let sql = common().bind(&in_schema(&name)).unwrap();
        let ident = quote_ident(&name).unwrap();
        let path = format!("SET LOCAL search_path = {ident}, \"common\", pg_temp; SELECT {}::pg_catalog.regnamespace; ",
            quote_literal(&ident));
        prop_assert!(sql.starts_with(&path), "{}", sql);
    }

    #[test]
    fn a_hostile_text_tenant_stays_inside_its_literal(text in r"(['\\;]|\PC){1,60}") {
        let scope = scope(TenantId::try_from(text.as_str()).unwrap());
        let sql = opening(TenantKey::Text).bind(&scope).unwrap();
        let rest = sql.strip_prefix("SELECT pg_catalog.set_config('app.current_tenant_id', ").unwrap();
        prop_assert_eq!(rest.strip_suffix(", true), pg_catalog.set_config('tenancy.actor', '', true)").unwrap(), quote_literal(&text));
    }
}
