//! `apply`, `revert` and `lint`.

use std::{
    io::BufReader,
    process::{Child, ChildStderr},
};

use tenant_core::SqlSession;

use super::{begins, holding, interrupt, rest, start, until_blocked};
use crate::shop::{As, Said, Shop, futures, installer};

/// Starts `apply` while somebody holds a lock that a step of it needs, and waits for that step.
fn blocked_apply(shop: &Shop, url: &str) -> (Child, BufReader<ChildStderr>, Box<dyn SqlSession>) {
    let holder = holding(shop, "LOCK TABLE invoices IN SHARE MODE");
    let mut command = shop.command(As::Nobody, &["apply", "--yes"]);
    command.env("DATABASE_URL", url);
    let mut child = start(command);
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    // The titles are listed first, with the phase behind; then each step is told as `5/11`.
    begins(&mut stderr, "invoices");
    (child, stderr, holder)
}

#[test]
fn an_interrupted_apply_says_what_is_done_and_goes_on_from_there() {
    let shop = Shop::bare();
    let _alone = installer();
    let (child, stderr, holder) = blocked_apply(&shop, &shop.url(As::Superuser));
    interrupt(&child);
    let (code, said) = rest(child, stderr);
    assert_eq!(code, Some(130), "{said}");
    assert!(
        said.contains("steps are done and stay") && said.contains("goes on from there"),
        "{said}"
    );
    futures(async { holder.batch("ROLLBACK").await.unwrap() });

    let done = shop.command(As::Superuser, &["apply", "--yes"]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let sound = shop.command(As::Superuser, &["lint"]).output().unwrap();
    assert!(sound.status.success(), "{sound:?}");
}

#[test]
fn a_server_that_vanishes_is_a_lost_connection() {
    let shop = Shop::bare();
    let _alone = installer();
    let proxy = shop.db.proxy_blocking().unwrap();
    let (child, stderr, holder) = blocked_apply(&shop, &proxy.superuser_url());
    proxy.cut();
    let (code, said) = rest(child, stderr);
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("connection"), "{said}");
    futures(async { holder.batch("ROLLBACK").await.unwrap() });
}

#[test]
fn a_server_that_says_nothing_is_not_waited_for() {
    let (shop, mut said) = (Shop::bare(), Said::default());
    let proxy = shop.db.proxy_blocking().unwrap();
    proxy.stall();
    let url = format!("{}?connect_timeout=1&sslmode=disable", proxy.superuser_url());
    let output = shop.command(As::Nobody, &["lint"]).env("DATABASE_URL", url).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let port = proxy.port().to_string();
    let text = String::from_utf8(output.stderr).unwrap().replace(&port, "5432");
    said.typed(&shop, &["lint"]);
    said.text(&shop, &text, "! ");
    said.is("silent_server");
}

#[test]
fn an_interrupted_revert_changes_nothing() {
    let shop = Shop::installed();
    let _alone = installer();
    let holder = holding(&shop, "LOCK TABLE invoices IN SHARE MODE");
    let revert = || shop.command(As::Superuser, &["revert", "--yes"]);
    let child = start(revert());
    until_blocked(&shop, "tenant");
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(130), "{said}");
    assert!(said.contains("nothing was changed"), "{said}");
    futures(async { holder.batch("ROLLBACK").await.unwrap() });
    let sound = shop.command(As::Superuser, &["diff"]).output().unwrap();
    assert!(sound.status.success(), "{sound:?}");
    let done = revert().output().unwrap();
    assert!(done.status.success(), "{done:?}");
    assert_eq!(shop.value("SELECT to_regnamespace('tenancy') IS NULL"), "true");
}
