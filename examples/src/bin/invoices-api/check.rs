//! `--check`: a tour of requests, each answer compared with what it must be.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use axum::http::Method;
use serde_json::{Value, json};
use tenant_core::verify_export;
use tenant_examples::{chinook::Chinook, client::Client};

use crate::{
    Result,
    demo::{MAX_EXPORTS, MAX_INVOICES},
    staff,
    state::State,
};

pub(crate) async fn tour(state: &State, shop: &Chinook, at: &str, admin_at: &str) -> Result<()> {
    let usa = Client::sign_in(at, "/login", "fharris@google.com", "Harris").await?;
    let canada = Client::sign_in(at, "/login", "ftremblay@gmail.com", "Tremblay").await?;
    let staff = Client::sign_in(admin_at, "/admin/login", staff::DEMO.0, staff::DEMO.1).await?;

    own_invoices_only(&usa, &canada).await?;
    println!("own invoices only: USA 523.06, Canada 303.96");
    jobs(&usa, &canada).await?;
    println!("a job was done: 91 invoices, 523.06 in all");
    exports(state, &usa).await?;
    println!("an export was verified; after {MAX_EXPORTS} the quota is used up");
    invoices(&usa).await?;
    println!("invoices up to {MAX_INVOICES}, then the quota is used up");
    support(&staff, &canada).await?;
    println!("support read Canada's revenue, and Canada's user is no staff");
    suspension(&staff, &canada).await?;
    println!("suspended: refused within a second; resumed: let in");
    erasure(state, shop, at, &staff, &canada).await?;
    println!("erased: Canada is gone, the other tenants' sums are unchanged");
    audit(&staff).await?;
    println!("the audit log is whole");
    Ok(())
}

async fn own_invoices_only(usa: &Client, canada: &Client) -> Result<()> {
    same(&usa.get("/revenue", 200).await?, &json!({ "sum": "523.06", "invoices": 91 }))?;
    same(&canada.get("/revenue", 200).await?, &json!({ "sum": "303.96", "invoices": 56 }))?;
    let listed = usa.get("/invoices?limit=100", 200).await?;
    same(&json!(listed.as_array().map(Vec::len)), &json!(91))?;
    let own = usa.get("/t/usa/invoices?limit=1", 200).await?;
    let path = format!("/invoices/{}", own[0]["id"]);
    usa.get(&path, 200).await?;
    canada.get(&path, 404).await?;
    same(&usa.get("/invoices/no-number", 400).await?["status"], &json!(400))?;
    let foreign = canada.get("/t/usa/invoices", 403).await?;
    same(&foreign["type"], &json!("urn:problem-type:tenant:forbidden"))?;
    let customer = own[0]["customer"].clone();
    canada.post("/invoices", json!({ "customer": customer, "total": "1.00" }), 422).await?;
    Ok(())
}

async fn jobs(usa: &Client, canada: &Client) -> Result<()> {
    let job = usa.post("/jobs/report", json!({}), 202).await?;
    let path = format!("/jobs/{}", job["id"]);
    let done = within(Duration::from_secs(20), async || {
        let job = usa.get(&path, 200).await?;
        Ok((job["status"] == "done").then_some(job))
    })
    .await?;
    same(&done["result"], &json!("91 invoices, 523.06 in all"))?;
    canada.get(&path, 404).await.map(drop)
}

async fn exports(state: &State, usa: &Client) -> Result<()> {
    for _ in 0..MAX_EXPORTS {
        let export = usa.post("/export", json!({}), 200).await?;
        let name = export["export"].as_str().unwrap_or_default();
        let manifest = verify_export(state.exports.path().join(name))?;
        same(&serde_json::to_value(&manifest)?, &export["manifest"])?;
        let invoices = manifest.tables.iter().find(|table| table.name == "invoice");
        same(&json!(invoices.map(|table| table.rows)), &json!(91))?;
    }
    let refused = usa.post("/export", json!({}), 429).await?;
    same(&refused["type"], &json!("urn:problem-type:invoices:quota"))
}

async fn invoices(usa: &Client) -> Result<()> {
    let own = usa.get("/invoices?limit=1", 200).await?;
    let new = json!({ "customer": own[0]["customer"], "total": "1.00" });
    for _ in 91..MAX_INVOICES {
        usa.post("/invoices", new.clone(), 201).await?;
    }
    usa.post("/invoices", new, 429).await?;
    same(&usa.get("/revenue", 200).await?, &json!({ "sum": "525.06", "invoices": MAX_INVOICES }))
}

async fn support(staff: &Client, canada: &Client) -> Result<()> {
    let looked = staff.get("/admin/tenants/canada/revenue?reason=ticket+4711", 200).await?;
    same(&looked, &json!({ "sum": "303.96", "invoices": 56 }))?;
    staff.get("/admin/tenants/canada/revenue?reason=", 422).await?;
    canada.pretend(staff).get("/admin/tenants", 401).await?;
    let tenants = staff.get("/admin/tenants", 200).await?;
    same(&json!(tenants.as_array().map(Vec::len)), &json!(24))
}

async fn suspension(staff: &Client, canada: &Client) -> Result<()> {
    let why = json!({ "reason": "unpaid since March" });
    staff.post("/admin/tenants/canada/suspend", why.clone(), 200).await?;
    within(Duration::from_secs(1), async || {
        let (status, _) = canada.send(Method::GET, "/revenue", None).await?;
        Ok((status == 403).then_some(()))
    })
    .await?;
    let told = canada.get("/revenue", 403).await?;
    same(&told["type"], &json!("urn:problem-type:tenant:suspended"))?;
    staff.post("/admin/tenants/canada/suspend", why, 409).await?;
    staff.post("/admin/tenants/canada/resume", json!({ "reason": "paid" }), 200).await?;
    within(Duration::from_secs(1), async || {
        let (status, _) = canada.send(Method::GET, "/revenue", None).await?;
        Ok((status == 200).then_some(()))
    })
    .await
}

async fn erasure(
    state: &State,
    shop: &Chinook,
    at: &str,
    staff: &Client,
    canada: &Client,
) -> Result<()> {
    let before = revenues(state, shop, at).await?;
    let why = json!({ "reason": "request 4712" });
    staff.post("/admin/tenants/canada/suspend", why.clone(), 200).await?;
    let receipt = staff.post("/admin/tenants/canada/erase", why, 200).await?;
    let receipt: tenant_core::ErasureReceipt = serde_json::from_value(receipt)?;
    receipt.verify(&state.receipts)?;
    within(Duration::from_secs(1), async || {
        let (status, _) = canada.send(Method::GET, "/revenue", None).await?;
        Ok((status == 404).then_some(()))
    })
    .await?;
    let mut expected = before;
    expected.remove("Canada");
    let after = revenues(state, shop, at).await?;
    same(&json!(after.len()), &json!(23))?;
    same(&json!(after), &json!(expected))
}

/// What each tenant sees, asked for by one of its users; erased ones have no users that can sign in.
async fn revenues(state: &State, shop: &Chinook, at: &str) -> Result<BTreeMap<String, Value>> {
    let mut revenues = BTreeMap::new();
    for (country, id) in &shop.countries {
        let user = state.users.iter().find(|(_, user)| user.tenant == *id);
        let (name, user) = user.ok_or(format!("{country} has no user"))?;
        if let Ok(client) = Client::sign_in(at, "/login", name, &user.password).await {
            revenues.insert(country.clone(), client.get("/revenue", 200).await?);
        }
    }
    Ok(revenues)
}

async fn audit(staff: &Client) -> Result<()> {
    let entries = staff.get("/admin/audit", 200).await?;
    let events: Vec<&str> =
        entries.as_array().into_iter().flatten().filter_map(|e| e["event"].as_str()).collect();
    for event in ["quota_hit", "support_access", "exported", "suspended", "erased"] {
        if !events.contains(&event) {
            return Err(format!("no {event} in the audit log: {events:?}").into());
        }
    }
    Ok(())
}

/// Asks again until there is an answer. The time is the tour's, not a wait for something else.
async fn within<T>(limit: Duration, mut ask: impl AsyncFnMut() -> Result<Option<T>>) -> Result<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = ask().await? {
            return Ok(answer);
        }
        if start.elapsed() > limit {
            return Err(format!("nothing within {limit:?}").into());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn same(got: &Value, expected: &Value) -> Result<()> {
    if got == expected {
        return Ok(());
    }
    Err(format!("{got} instead of {expected}").into())
}
