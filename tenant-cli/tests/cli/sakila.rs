//! Sakila, which nobody here designed: adopted by the command, kept apart, asked as before, given back.

use std::{fs, process::Command};

use tenant_core::SqlSession;

use crate::shop::{As, Shop, futures, installer};

const STORES: [i64; 3] = [1, 2, 3];

/// The schema, the rows, and what lint would find mended.
const SAKILA: &str = concat!(
    include_str!("../data/sakila/schema.sql"),
    include_str!("../data/sakila/data.sql"),
    include_str!("../data/sakila/mend.sql"),
);

/// As `diesel print-schema` names them.
const TABLES: [&str; 15] = [
    "actor",
    "address",
    "category",
    "city",
    "country",
    "customer",
    "film",
    "film_actor",
    "film_category",
    "inventory",
    "language",
    "payment",
    "rental",
    "staff",
    "store",
];

const MAIN: &str = "pub fn open(url: &str) -> diesel::PgConnection {
    use diesel::Connection;
    diesel::PgConnection::establish(url).unwrap()
}
";

/// Sakila's own views and functions: as they were asked with a WHERE, and as they are asked now.
const QUERIES: [[&str; 2]; 8] = [
    ["SELECT * FROM customer_list WHERE sid = {store}", "SELECT * FROM customer_list"],
    ["SELECT * FROM staff_list WHERE sid = {store}", "SELECT * FROM staff_list"],
    [
        "SELECT c.name AS category, sum(p.amount) AS total_sales FROM payment p JOIN rental r USING (rental_id)
           JOIN inventory i USING (inventory_id) JOIN film_category fc USING (film_id) JOIN category c USING (category_id)
           WHERE i.store_id = {store} GROUP BY c.name",
        "SELECT * FROM sales_by_film_category",
    ],
    [
        "SELECT s.total_sales FROM sales_by_store s WHERE s.manager = 'Staff {store} Of {store}'",
        "SELECT total_sales FROM sales_by_store",
    ],
    [
        "SELECT f, film_in_stock(f, {store}), film_not_in_stock(f, {store}) FROM generate_series(1, 40) AS f",
        "SELECT f, film_in_stock(f, {store}), film_not_in_stock(f, {store}) FROM generate_series(1, 40) AS f",
    ],
    [
        "SELECT customer_id, get_customer_balance(customer_id, '2008-01-01') FROM customer WHERE store_id = {store}",
        "SELECT customer_id, get_customer_balance(customer_id, '2008-01-01') FROM customer",
    ],
    [
        "SELECT p.payment_id, p.amount, c.email FROM payment p JOIN customer c USING (customer_id) WHERE c.store_id = {store}",
        "SELECT p.payment_id, p.amount, c.email FROM payment p JOIN customer c USING (customer_id)",
    ],
    // What is shared is everybody's. The view's actors come in no order of theirs.
    [
        "SELECT fid, title, category, price, rating, length(actors) FROM film_list",
        "SELECT fid, title, category, price, rating, length(actors) FROM film_list",
    ],
];

pub(crate) fn sakila() -> Shop {
    let shop = Shop::empty(SAKILA);
    fs::create_dir_all(shop.path("src")).unwrap();
    shop.write("Cargo.toml", "[package]\nname = \"rental\"\n");
    shop.write("src/main.rs", MAIN);
    let schema = TABLES.map(|t| format!("diesel::table! {{ {t} (id) {{ id -> Int4, }} }}\n"));
    shop.write("src/schema.rs", &schema.concat());
    shop.write("tenant.toml", "[adopt.tables]\naddress = \"shared\"\n");
    shop
}

async fn hash(session: &dyn SqlSession, query: &str) -> String {
    let sql = format!(
        "SELECT count(*) || ' ' || coalesce(md5(string_agg(q::text, ';' ORDER BY q::text)), '') AS x FROM ({query}) AS q"
    );
    let rows = session.rows(&sql, &[]).await.unwrap();
    rows[0]["x"].as_str().unwrap().to_owned()
}

/// What each store's queries answer, to whoever sees everything and says WHERE.
fn before(shop: &Shop) -> Vec<String> {
    futures(async {
        let mut answers = Vec::new();
        for store in STORES {
            for [query, _] in QUERIES {
                let query = query.replace("{store}", &store.to_string());
                answers.push(hash(shop.db.session(), &query).await);
            }
        }
        answers
    })
}

/// The same in each store's scope, without a WHERE.
fn scoped(shop: &Shop) -> Vec<String> {
    let login = shop.db.session_as(&shop.role("login"));
    futures(async {
        let session = login.dedicated().await.unwrap();
        let mut answers = Vec::new();
        for store in STORES {
            let open = format!(
                "BEGIN; SET LOCAL ROLE {}; SET LOCAL search_path = public, pg_temp; \
                 SELECT set_config('app.current_tenant_id', '{store}', true)",
                shop.role("tenant")
            );
            session.batch(&open).await.unwrap();
            for [_, query] in QUERIES {
                answers.push(hash(&*session, &query.replace("{store}", &store.to_string())).await);
            }
            session.batch("ROLLBACK").await.unwrap();
        }
        answers
    })
}

/// Every row, whatever the order that they lie in.
fn rows(shop: &Shop) -> Vec<String> {
    futures(async {
        let mut answers = Vec::new();
        for table in TABLES {
            answers.push(hash(shop.db.session(), &format!("SELECT * FROM {table}")).await);
        }
        answers
    })
}

/// The schema to the byte; nothing where `pg_dump` is older than the server.
pub(crate) fn dumped(shop: &Shop) -> Option<String> {
    let folder = std::env::var_os("PG_BIN_DIR").map(|f| std::path::Path::new(&f).join("pg_dump"));
    let program = folder.filter(|program| program.exists()).unwrap_or_else(|| "pg_dump".into());
    let url = shop.db.superuser_url();
    let out = Command::new(program).args(["--schema-only", "--dbname", &url]).output().ok()?;
    let said = String::from_utf8_lossy(&out.stderr);
    if said.contains("server version mismatch") {
        return None;
    }
    assert!(out.status.success(), "{said}");
    let text = String::from_utf8(out.stdout).unwrap();
    // Newer ones write a random word against injection.
    Some(text.lines().filter(|l| !l.contains("restrict ")).collect::<Vec<_>>().join("\n"))
}

fn succeeds(shop: &Shop, args: &[&str]) -> String {
    let mut command = shop.command(As::Superuser, args);
    command.env("TENANT_APP_URL", shop.url(As::Role("login")));
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{args:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

fn registry(shop: &Shop) -> String {
    let list = fs::read_to_string(shop.path("tenant-adopt.md")).unwrap();
    list.split("~~~sql").nth(1).unwrap().split("~~~").next().unwrap().to_owned()
}

#[test]
fn sakila_is_adopted_asked_as_before_and_given_back() {
    let shop = sakila();
    let (answers, all, dump) = (before(&shop), rows(&shop), dumped(&shop));
    assert!(
        answers.iter().take(QUERIES.len()).all(|answer| !answer.starts_with("0 ")),
        "{answers:?}"
    );

    succeeds(&shop, &["adopt", "--stamp", "2026-11-21-000000"]);
    let list = fs::read_to_string(shop.path("tenant-adopt.md")).unwrap();
    assert!(list.contains("`src/main.rs:3` `PgConnection::establish`"), "{list}");
    let declared = fs::read_to_string(shop.path("src/tenancy.rs")).unwrap();
    assert!(declared.contains("crate::schema::store,"), "{declared}");
    let steps: Vec<_> = fs::read_dir(shop.path("migrations")).unwrap().collect();
    assert!(steps.len() > 30, "{steps:?}");

    let _alone = installer();
    succeeds(&shop, &["apply", "--yes"]);
    shop.sql(&registry(&shop));
    shop.sql(include_str!("../data/sakila/keys.sql"));
    // Its tables have triggers, and a circle of keys that two stores break.
    let file = fs::read_to_string(shop.path("tenant.toml")).unwrap();
    let probe = "\n[probe]\ntenants = [\"1\", \"2\"]\nwith_triggers = true\n";
    shop.write("tenant.toml", &format!("{file}{probe}"));
    succeeds(&shop, &["lint"]);
    succeeds(&shop, &["probe"]);
    succeeds(&shop, &["diff"]);
    assert_eq!(scoped(&shop), answers);

    shop.sql(include_str!("../data/sakila/keys_back.sql"));
    shop.sql("DELETE FROM tenancy.tenants");
    succeeds(&shop, &["revert", "--yes"]);
    assert_eq!((rows(&shop), dumped(&shop)), (all, dump));
}

/// The written migration does the same, run by hand in the order of its folders.
#[test]
fn the_migration_that_is_written_goes_there_and_back() {
    let shop = sakila();
    let (answers, all, dump) = (before(&shop), rows(&shop), dumped(&shop));
    succeeds(&shop, &["adopt", "--stamp", "2026-11-21-000000"]);
    let folders = fs::read_dir(shop.path("migrations")).unwrap().map(|f| f.unwrap().path());
    let mut folders: Vec<_> = folders.collect();
    folders.sort();
    let run = |folder: &std::path::Path, file: &str| {
        let sql = fs::read_to_string(folder.join(file)).unwrap();
        let in_transaction = !folder.join("metadata.toml").exists();
        shop.sql(&if in_transaction { format!("BEGIN;\n{sql}\nCOMMIT;") } else { sql });
    };
    let _alone = installer();
    for folder in &folders {
        run(folder, "up.sql");
    }
    shop.sql(&registry(&shop));
    assert_eq!(scoped(&shop), answers);
    shop.sql("DELETE FROM tenancy.tenants");
    for folder in folders.iter().rev() {
        run(folder, "down.sql");
    }
    assert_eq!((rows(&shop), dumped(&shop)), (all, dump));
}
