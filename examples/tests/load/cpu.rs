//! The processor's time that a service and its database take, which tells more than a rate where other
//! things run beside. Linux only.

use std::{fs, time::Duration};

use tenant_core::SqlSession;
use tenant_examples::chinook::Chinook;

use crate::books::int;

/// Of one process, up to now.
pub(crate) fn of_process(id: u32) -> Duration {
    fields(id).map_or(Duration::ZERO, |fields| fields.own)
}

/// Of a server's processes, those that have ended too.
pub(crate) fn of_server(postmaster: u32) -> Duration {
    let mut all = fields(postmaster).map_or(Duration::ZERO, |fields| fields.own + fields.ended);
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(id) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        if let Some(fields) = fields(id).filter(|fields| fields.parent == postmaster) {
            all += fields.own;
        }
    }
    all
}

/// The process that all of the server's are children of.
pub(crate) async fn postmaster(shop: &Chinook) -> u32 {
    let sql = "SELECT pg_backend_pid() AS pid";
    let rows = shop.database.session().rows(sql, &[]).await.unwrap();
    fields(int(&rows[0]["pid"]).try_into().unwrap()).unwrap().parent
}

struct Fields {
    parent: u32,
    own: Duration,
    /// Of the children that it has waited for.
    ended: Duration,
}

/// `None` for a process that has ended.
fn fields(id: u32) -> Option<Fields> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // The name, in brackets, may have any characters in it.
    let fields: Vec<u64> =
        stat.rsplit_once(')')?.1.split_whitespace().map(|f| f.parse().unwrap_or(0)).collect();
    // Linux counts in hundredths of a second.
    let time = |user: usize, system: usize| {
        Some(Duration::from_millis((fields.get(user)? + fields.get(system)?) * 10))
    };
    Some(Fields {
        parent: (*fields.get(1)?).try_into().ok()?,
        own: time(11, 12)?,
        ended: time(13, 14)?,
    })
}
