//! What a client asks, and whether the answer is right.

use axum::http::Method;
use serde_json::{Value, json};
use tenant_examples::invoices::{Invoice, Revenue};

use crate::{
    books::{Books, Fate, Mark, cents},
    standing::Standing,
};

/// A request, made by what the books know.
#[derive(Debug)]
pub(crate) enum Ask {
    List,
    Own(i32),
    /// Another tenant's invoice.
    Foreign(i32),
    Revenue,
    /// The number of the write, and what is sent.
    Write(usize, Value),
    /// The same for another tenant's customer.
    ForeignCustomer(usize, Value),
}

pub(crate) const PAGE: usize = 20;

impl Ask {
    /// `keys`: whether a foreign key refuses another tenant's customer.
    pub(crate) fn next(books: &Books, tenant: usize, rng: &mut fastrand::Rng, keys: bool) -> Self {
        let other = (tenant + rng.usize(1..books.tenants.len())) % books.tenants.len();
        let mut customer = |tenant: usize| *rng.choice(&books.tenants[tenant].customers).unwrap();
        let (own, others) = (customer(tenant), customer(other));
        match rng.u8(0..100) {
            0..45 => Self::List,
            45..65 => Self::Own(books.invoice_of(tenant, rng.usize(..))),
            65..70 => Self::Foreign(books.invoice_of(other, rng.usize(..))),
            70..80 => Self::Revenue,
            80..83 if keys => {
                let (number, new) = books.write(tenant, others);
                Self::ForeignCustomer(number, json!(new))
            }
            _ => {
                let (number, new) = books.write(tenant, own);
                Self::Write(number, json!(new))
            }
        }
    }

    pub(crate) fn request(&self) -> (Method, String, Option<Value>) {
        match self {
            Self::List => (Method::GET, format!("/invoices?limit={PAGE}"), None),
            Self::Own(id) | Self::Foreign(id) => (Method::GET, format!("/invoices/{id}"), None),
            Self::Revenue => (Method::GET, "/revenue".to_owned(), None),
            Self::Write(_, new) | Self::ForeignCustomer(_, new) => {
                (Method::POST, "/invoices".to_owned(), Some(new.clone()))
            }
        }
    }

    /// Looks at every row of an answer, and at the status.
    pub(crate) fn judge(
        &self,
        books: &Books,
        tenant: usize,
        mark: Mark,
        (status, body): (u16, Value),
    ) {
        if let Self::Write(number, _) | Self::ForeignCustomer(number, _) = self
            && (400..500).contains(&status)
        {
            books.became(*number, Fate::Refused);
        }
        let may_be = |standing| books.may_be(tenant, standing, mark.at);
        let right = match (status, self) {
            (403, _) if may_be(Standing::Suspended) => Ok("suspended"),
            (404, _) if may_be(Standing::Erased) => Ok("erased"),
            _ if !may_be(Standing::Active) => Err("let in".to_owned()),
            (404, Self::Foreign(_)) => Ok("foreign invoice"),
            (422, Self::ForeignCustomer(..)) => Ok("foreign customer"),
            (200, Self::List) => list(books, tenant, mark, body).map(|()| "list"),
            (200, Self::Own(id)) => one(books, tenant, *id, body).map(|()| "one"),
            (200, Self::Revenue) => revenue(books, tenant, mark, body).map(|()| "revenue"),
            (201, Self::Write(number, new)) => {
                created(books, tenant, *number, new, body).map(|()| "write")
            }
            _ => Err("not as it must be".to_owned()),
        };
        match right {
            Ok(kind) => books.answer(kind),
            Err(why) => {
                books.wrong(format!("{}, {self:?}, {status}: {why}", books.tenants[tenant].slug));
                books.answer("wrong");
            }
        }
    }
}

fn own(books: &Books, tenant: usize, row: &Invoice) -> Result<(), String> {
    match books.owner(row)? {
        owner if owner == tenant => Ok(()),
        owner => Err(format!("a foreign row, of {}: {row:?}", books.tenants[owner].slug)),
    }
}

fn read<T: serde::de::DeserializeOwned>(body: Value) -> Result<T, String> {
    serde_json::from_value(body).map_err(|why| why.to_string())
}

/// All of them the tenant's, the latest first, the last acknowledged one not missing.
fn list(books: &Books, tenant: usize, mark: Mark, body: Value) -> Result<(), String> {
    let rows: Vec<Invoice> = read(body)?;
    rows.iter().try_for_each(|row| own(books, tenant, row))?;
    let wanted = mark.least.rows.min(i64::try_from(PAGE).unwrap());
    if i64::try_from(rows.len()).unwrap() < wanted {
        return Err(format!("{} rows instead of {wanted}", rows.len()));
    }
    if !rows.is_sorted_by(|a, b| a.id > b.id) {
        return Err(format!("not in order: {rows:?}"));
    }
    // A later number may be committed first, so that the newest one is not on top.
    if mark.newest > 0 && !rows.iter().any(|row| row.id == mark.newest) {
        let below = rows.iter().filter(|row| row.id > mark.newest).count();
        if below < PAGE {
            return Err(format!("the acknowledged invoice {} is missing", mark.newest));
        }
    }
    Ok(())
}

fn one(books: &Books, tenant: usize, id: i32, body: Value) -> Result<(), String> {
    let row: Invoice = read(body)?;
    own(books, tenant, &row)?;
    if row.id == id { Ok(()) } else { Err(format!("another invoice: {row:?}")) }
}

/// Between what was acknowledged before the question and what was sent before the answer.
fn revenue(books: &Books, tenant: usize, mark: Mark, body: Value) -> Result<(), String> {
    let told: Revenue = read(body)?;
    let (least, most) = (mark.least, books.most(tenant));
    let told_cents = cents(&told.sum)?;
    let right = (least.rows..=most.rows).contains(&told.invoices)
        && (least.cents..=most.cents).contains(&told_cents);
    if right { Ok(()) } else { Err(format!("{told:?} is not between {least:?} and {most:?}")) }
}

fn created(
    books: &Books,
    tenant: usize,
    number: usize,
    new: &Value,
    body: Value,
) -> Result<(), String> {
    let row: Invoice = read(body)?;
    let same = json!(row.customer) == new["customer"] && json!(row.total) == new["total"];
    books.became(number, Fate::Acknowledged(row.id));
    own(books, tenant, &row)?;
    if same { Ok(()) } else { Err(format!("another row than was written: {row:?}")) }
}
