//! What is known without asking a service: the rows as a superuser saw them before the load, and each
//! write as it was sent. Every row that comes back is looked up here.

use std::{
    collections::HashMap,
    sync::{Mutex, RwLock},
    time::{Duration, Instant},
};

use serde_json::Value;
use tenant_core::SqlSession;
use tenant_examples::{
    chinook::Chinook,
    invoices::{Invoice, NewInvoice},
};
use tokio::sync::watch;

use crate::standing::{Standing, Standings};

/// In cents: what is written by the load costs so much, and a cent more each time, so that the total
/// alone tells which write it was. All that was there costs less.
pub(crate) const FIRST_TOTAL: i64 = 100_000_000;

/// What became of a write, as the one who sent it knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// No answer yet, or never: it is there once, or not.
    Sent,
    Acknowledged(i32),
    Refused,
    /// Only a part of it was sent.
    Cut,
}

#[derive(Debug, Clone, Copy)]
pub(crate) struct Write {
    pub(crate) tenant: usize,
    pub(crate) customer: i32,
    pub(crate) fate: Fate,
}

/// How many rows, and what they come to in cents.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Sum {
    pub(crate) rows: i64,
    pub(crate) cents: i64,
}

impl Sum {
    fn add(&mut self, cents: i64) {
        self.rows += 1;
        self.cents += cents;
    }
}

#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) slug: String,
    pub(crate) user: String,
    pub(crate) password: String,
    pub(crate) customers: Vec<i32>,
    /// What was there before the load.
    pub(crate) first: Sum,
    pub(crate) standing: Standings,
    moving: Mutex<Moving>,
}

#[derive(Debug, Default)]
struct Moving {
    invoices: Vec<i32>,
    newest: i32,
    sent: Sum,
    acknowledged: Sum,
}

/// The least that an answer to a request which is sent now must show.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    pub(crate) at: Instant,
    pub(crate) least: Sum,
    pub(crate) newest: i32,
}

pub(crate) struct Books {
    pub(crate) tenants: Vec<Tenant>,
    invoices: RwLock<HashMap<i32, usize>>,
    customers: HashMap<i32, usize>,
    writes: Mutex<Vec<Write>>,
    wrong: Mutex<Vec<String>>,
    /// How many answers of which kind there were.
    pub(crate) told: Mutex<HashMap<&'static str, u64>>,
    answered: watch::Sender<u64>,
    /// How long a change of standing may take to be heard.
    patience: Duration,
}

impl Books {
    /// Reads the database.
    pub(crate) async fn open(shop: &Chinook, patience: Duration) -> Self {
        let session = shop.database.session();
        let mut tenants = Vec::new();
        let mut of = HashMap::new();
        for (country, id) in &shop.countries {
            of.insert(id.to_string(), tenants.len());
            tenants.push(Tenant {
                id: id.to_string(),
                slug: country.to_lowercase().replace(' ', "-"),
                user: String::new(),
                password: String::new(),
                customers: Vec::new(),
                first: Sum::default(),
                standing: Standings::new(),
                moving: Mutex::default(),
            });
        }
        let (mut customers, mut invoices) = (HashMap::new(), HashMap::new());
        let sql = "SELECT customer_id, email, last_name, tenant_id::text FROM customer";
        for row in session.rows(sql, &[]).await.unwrap() {
            let (owner, id) = (of[text(&row["tenant_id"])], int(&row["customer_id"]));
            customers.insert(id, owner);
            let tenant = &mut tenants[owner];
            tenant.customers.push(id);
            text(&row["email"]).clone_into(&mut tenant.user);
            text(&row["last_name"]).clone_into(&mut tenant.password);
        }
        let sql = "SELECT invoice_id, tenant_id::text, (total * 100)::bigint AS cents FROM invoice";
        for row in session.rows(sql, &[]).await.unwrap() {
            let (owner, id) = (of[text(&row["tenant_id"])], int(&row["invoice_id"]));
            invoices.insert(id, owner);
            tenants[owner].first.add(row["cents"].as_i64().unwrap());
            tenants[owner].moving.get_mut().unwrap().invoices.push(id);
        }
        Self {
            tenants,
            invoices: RwLock::new(invoices),
            customers,
            writes: Mutex::default(),
            wrong: Mutex::default(),
            told: Mutex::default(),
            answered: watch::Sender::new(0),
            patience,
        }
    }

    pub(crate) fn mark(&self, tenant: usize) -> Mark {
        let first = self.tenants[tenant].first;
        let moving = self.tenants[tenant].moving.lock().unwrap();
        let least = Sum {
            rows: first.rows + moving.acknowledged.rows,
            cents: first.cents + moving.acknowledged.cents,
        };
        Mark { at: Instant::now(), least, newest: moving.newest }
    }

    /// The most that an answer which has just come may show.
    pub(crate) fn most(&self, tenant: usize) -> Sum {
        let first = self.tenants[tenant].first;
        let sent = self.tenants[tenant].moving.lock().unwrap().sent;
        Sum { rows: first.rows + sent.rows, cents: first.cents + sent.cents }
    }

    /// Enters a write, which is to be sent then.
    pub(crate) fn write(&self, tenant: usize, customer: i32) -> (usize, NewInvoice) {
        let number = {
            let mut writes = self.writes.lock().unwrap();
            writes.push(Write { tenant, customer, fate: Fate::Sent });
            writes.len() - 1
        };
        let cents = cents_of(number);
        self.tenants[tenant].moving.lock().unwrap().sent.add(cents);
        (number, NewInvoice { customer, total: format!("{}.{:02}", cents / 100, cents % 100) })
    }

    pub(crate) fn became(&self, number: usize, fate: Fate) {
        let tenant = {
            let mut writes = self.writes.lock().unwrap();
            writes[number].fate = fate;
            writes[number].tenant
        };
        if let Fate::Acknowledged(id) = fate {
            self.invoices.write().unwrap().insert(id, tenant);
            let mut moving = self.tenants[tenant].moving.lock().unwrap();
            moving.acknowledged.add(cents_of(number));
            moving.newest = moving.newest.max(id);
            moving.invoices.push(id);
        }
    }

    pub(crate) fn writes(&self) -> Vec<Write> {
        self.writes.lock().unwrap().clone()
    }

    /// Whose this row is: by its number, by its customer and by its total, which must agree.
    pub(crate) fn owner(&self, row: &Invoice) -> Result<usize, String> {
        let cents = cents(&row.total)?;
        let written = usize::try_from(cents - FIRST_TOTAL).ok();
        let written = written.map(|number| self.writes.lock().unwrap().get(number).copied());
        let by_total = match written {
            Some(None) => return Err(format!("row {row:?} is of no write")),
            Some(Some(write)) => Some(write.tenant),
            None => None,
        };
        let by_number = self.invoices.read().unwrap().get(&row.id).copied();
        let by_customer = self.customers.get(&row.customer).copied();
        let mut said = [by_total, by_number, by_customer].into_iter().flatten();
        let first = said.next().filter(|_| by_total.is_some() || by_number.is_some());
        match first {
            Some(first) if said.all(|next| next == first) => Ok(first),
            Some(_) => Err(format!("row {row:?} is of several tenants")),
            None => Err(format!("row {row:?} is nobody's")),
        }
    }

    /// One of the tenant's invoices, chosen by a number.
    pub(crate) fn invoice_of(&self, tenant: usize, choice: usize) -> i32 {
        let moving = self.tenants[tenant].moving.lock().unwrap();
        moving.invoices[choice % moving.invoices.len()]
    }

    /// Whether a request that was sent then, and is answered now, may be answered by this standing.
    pub(crate) fn may_be(&self, tenant: usize, standing: Standing, sent: Instant) -> bool {
        self.tenants[tenant].standing.may_be(standing, sent, self.patience)
    }

    pub(crate) fn is_erased(&self, tenant: usize) -> bool {
        self.tenants[tenant].standing.last() == Standing::Erased
    }

    pub(crate) fn answer(&self, kind: &'static str) {
        *self.told.lock().unwrap().entry(kind).or_default() += 1;
        self.answered.send_modify(|answered| *answered += 1);
    }

    /// How many requests were answered, or left.
    pub(crate) fn answered(&self) -> u64 {
        *self.answered.borrow()
    }

    /// Waits until so many requests were answered.
    pub(crate) async fn answers(&self, wanted: u64) {
        let mut answered = self.answered.subscribe();
        let reached = answered.wait_for(|answered| *answered >= wanted);
        tokio::time::timeout(Duration::from_mins(5), reached).await.unwrap().unwrap();
    }

    pub(crate) fn wrong(&self, what: impl Into<String>) {
        self.wrong.lock().unwrap().push(what.into());
    }

    /// What was found so far.
    pub(crate) fn findings(&self) -> Vec<String> {
        self.wrong.lock().unwrap().clone()
    }

    pub(crate) fn clean(&self) {
        let wrong = self.findings();
        let first: Vec<&String> = wrong.iter().take(20).collect();
        assert!(wrong.is_empty(), "{} findings, the first ones: {first:#?}", wrong.len());
    }
}

/// What a write costs.
fn cents_of(number: usize) -> i64 {
    FIRST_TOTAL + i64::try_from(number).unwrap()
}

/// `12.34` as 1234.
pub(crate) fn cents(text: &str) -> Result<i64, String> {
    let number = text.split_once('.').filter(|(_, cents)| cents.len() == 2);
    let number = number.and_then(|(whole, cents)| format!("{whole}{cents}").parse().ok());
    number.ok_or_else(|| format!("{text:?} is no amount"))
}

pub(crate) fn text(value: &Value) -> &str {
    value.as_str().unwrap()
}

pub(crate) fn int(value: &Value) -> i32 {
    value.as_i64().and_then(|value| value.try_into().ok()).unwrap()
}
