//! One tenant is suspended and let in again, another one is suspended and erased, under the load.

use serde_json::json;
use tenant_examples::client::Client;

use crate::{books::Books, standing::Standing};

/// Each step waits for so many answers, so that all of them happen within the load.
pub(crate) async fn meanwhile(
    books: &Books,
    admin_at: &str,
    requests: u64,
    paused: usize,
    gone: usize,
) {
    let staff = Client::sign_in(admin_at, "/admin/login", "sam@support", "demo").await.unwrap();
    let step = async |tenant: usize, what: &str, standing| {
        let tenant = &books.tenants[tenant];
        let path = format!("/admin/tenants/{}/{what}", tenant.slug);
        let done = staff.post(&path, json!({ "reason": "the load" }), 200);
        if let Err(why) = tenant.standing.change(standing, done).await {
            books.wrong(format!("staff could not {what}: {why}"));
        }
    };
    books.answers(requests / 6).await;
    step(paused, "suspend", Standing::Suspended).await;
    step(gone, "suspend", Standing::Suspended).await;
    // By then each request that was let in has ended.
    books.answers(requests / 2).await;
    step(gone, "erase", Standing::Erased).await;
    books.answers(requests * 2 / 3).await;
    step(paused, "resume", Standing::Active).await;
    // What staff did is in a log, whose hashes are verified as it is read.
    if let Err(why) = staff.get("/admin/audit", 200).await {
        books.wrong(format!("the audit log: {why}"));
    }
}
