//! `migrate run`.

use super::{holding, interrupt, interrupted_as, start, until_blocked};
use crate::{
    migrate::with_files,
    shop::{As, Said, futures},
};

/// Each place has whole migrations, each recorded where it is, and the next run goes on.
#[test]
fn an_interrupted_migration_is_whole_or_nothing() {
    let shop = with_files();
    let proxy = shop.db.proxy_blocking().unwrap();
    for bursts in [1, 3, 6, 10, 14, 18, 22, 27, 33, 40, 50, usize::MAX] {
        let args = ["migrate", "run", "--yes", "--parallel", "1"];
        let output = interrupted_as(&shop, &proxy.superuser_url(), &proxy, bursts, &args);
        for schema in ["public", "t_1", "t_2"] {
            let is = |what: &str| {
                shop.value(&format!("SELECT to_regclass('{schema}.{what}') IS NOT NULL"))
            };
            let recorded = if is("__diesel_schema_migrations") == "true" {
                shop.value(&format!("SELECT count(*) FROM {schema}.__diesel_schema_migrations"))
            } else {
                "0".to_owned()
            };
            let columns = shop.value(&format!(
                "SELECT count(*) FROM information_schema.columns WHERE table_schema = '{schema}' AND table_name = 'notes'"
            ));
            let whole = [("0", "0"), ("1", "2"), ("2", "3")];
            assert!(
                whole.contains(&(&*recorded, &*columns)),
                "{schema} {recorded} {columns} {output:?}"
            );
        }
        match output.status.code() {
            Some(0) => return,
            code => assert_eq!(code, Some(130), "{output:?}"),
        }
    }
    panic!("it was never left to end");
}

#[test]
fn an_interrupted_migration_says_how_to_go_on() {
    let (shop, mut said) = (with_files(), Said::default());
    let holder = holding(&shop, "CREATE TABLE t_1.notes ()");
    let args = ["migrate", "run", "--yes", "--parallel", "1"];
    let child = start(shop.command(As::Superuser, &args));
    until_blocked(&shop, "tenant migrations");
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    said.add(&shop, &args, &output);
    futures(async { holder.batch("ROLLBACK").await.unwrap() });
    shop.run(&mut said, As::Superuser, &["migrate", "status"]);
    shop.run(&mut said, As::Superuser, &args);
    said.is("migrate_interrupted");
}
