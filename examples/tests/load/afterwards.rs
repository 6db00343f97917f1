//! What must be so once the load is over.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use tenant_core::SqlSession;
use tenant_examples::{chinook::Chinook, invoices::Invoice};

use crate::books::{Books, FIRST_TOTAL, Fate, int, text};

/// The requests' pool, and the worker's connection of the queue's.
const LOGIN: i64 = 10 + 1;
/// Sessions of two: for looking tenants up, for records, for hearing of changes; and the one that listens.
const REGISTRY: i64 = 3 * 2 + 1;

/// How many connections each login has, as a superuser sees it.
pub(crate) type Connections = HashMap<String, i64>;

pub(crate) async fn connections(shop: &Chinook) -> Connections {
    let sql = "SELECT usename, count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL
        GROUP BY usename";
    let rows = shop.database.session().rows(sql, &[]).await.unwrap();
    rows.iter().map(|row| (text(&row["usename"]).into(), row["count"].as_i64().unwrap())).collect()
}

/// What is too much: connections beyond the pools, or beyond those at the start; transactions.
async fn left_over(shop: &Chinook, before: &Connections) -> Vec<String> {
    let mut may = before.clone();
    let name = shop.database.name();
    may.extend([(format!("{name}_login"), LOGIN), (format!("{name}_registry"), REGISTRY)]);
    let mut left = Vec::new();
    for (login, now) in connections(shop).await {
        if now > may.get(&login).copied().unwrap_or(0) {
            left.push(format!("{now} connections of {login}"));
        }
    }
    let sql = "SELECT usename, state, query FROM pg_stat_activity
        WHERE datname = current_database() AND pid <> pg_backend_pid() AND usename IS NOT NULL
          AND (xact_start IS NOT NULL OR state <> 'idle')";
    for row in shop.database.session().rows(sql, &[]).await.unwrap() {
        left.push(format!("not idle: {row:?}"));
    }
    left
}

/// Waits until no connection is left over, and says what is if it stays.
pub(crate) async fn settled(books: &Books, shop: &Chinook, before: &Connections, limit: Duration) {
    let began = Instant::now();
    loop {
        let left = left_over(shop, before).await;
        if left.is_empty() {
            return;
        }
        if began.elapsed() > limit {
            return books.wrong(format!("connections are left over: {left:?}"));
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Each acknowledged write is there once, a refused or cut one is not, any other is there once or not;
/// all as they were sent, and what was there before is unchanged.
pub(crate) async fn rows(books: &Books, shop: &Chinook) {
    let session = shop.database.session();
    let sql = "SELECT invoice_id AS id, customer_id AS customer, total::text AS total,
        invoice_date::date::text AS date, tenant_id::text, (total * 100)::bigint AS cents FROM invoice";
    let writes = books.writes();
    let mut found: HashMap<usize, Vec<i32>> = HashMap::new();
    let mut first = vec![(0, 0); books.tenants.len()];
    for mut row in session.rows(sql, &[]).await.unwrap() {
        let cents = row["cents"].as_i64().unwrap();
        let tenant = row.remove("tenant_id");
        let tenant = tenant.as_ref().map(text).unwrap_or_default();
        let row: Invoice = serde_json::from_value(row.into_iter().collect()).unwrap();
        match books.owner(&row) {
            Ok(owner) if books.tenants[owner].id == tenant => {
                match usize::try_from(cents - FIRST_TOTAL) {
                    Ok(number) if writes[number].customer == row.customer => {
                        found.entry(number).or_default().push(row.id);
                    }
                    Ok(number) => books.wrong(format!("{row:?} was {:?}", writes[number])),
                    Err(_) => first[owner] = (first[owner].0 + 1, first[owner].1 + cents),
                }
            }
            Ok(owner) => books.wrong(format!("{row:?} of tenant {owner} is {tenant}'s")),
            Err(why) => books.wrong(why),
        }
    }
    for (number, write) in writes.iter().enumerate() {
        let there = found.remove(&number).unwrap_or_default();
        let gone = books.is_erased(write.tenant);
        let right = match (write.fate, there.as_slice()) {
            (_, there) if gone => there.is_empty(),
            (Fate::Acknowledged(id), [one]) => id == *one,
            (Fate::Sent, there) => there.len() <= 1,
            (Fate::Refused | Fate::Cut, there) => there.is_empty(),
            (Fate::Acknowledged(_), _) => false,
        };
        if !right {
            books.wrong(format!("write {number}, {write:?}, is there as {there:?}"));
        }
    }
    for (number, (tenant, now)) in books.tenants.iter().zip(first).enumerate() {
        let gone = books.is_erased(number);
        let wanted = if gone { (0, 0) } else { (tenant.first.rows, tenant.first.cents) };
        if now != wanted {
            books.wrong(format!("{} had {wanted:?}, and has {now:?}", tenant.slug));
        }
    }
}

/// Nothing of an erased tenant is in any of the tenants' tables.
pub(crate) async fn erased(books: &Books, shop: &Chinook, tenant: usize) {
    for table in ["customer", "invoice", "invoice_line", "report"] {
        let sql =
            format!("SELECT count(*)::int AS count FROM {table} WHERE tenant_id = $1::text::uuid");
        let id = &books.tenants[tenant].id;
        let rows = shop.database.session().rows(&sql, &[id]).await.unwrap();
        if int(&rows[0]["count"]) != 0 {
            books.wrong(format!("{table} has rows of an erased tenant: {rows:?}"));
        }
    }
}
