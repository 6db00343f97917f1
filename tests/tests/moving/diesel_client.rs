use tenant_core::{TenantScope, Verified};
use tenant_diesel::{Error, TenantDb, prelude::*};
use uuid::Uuid;

use crate::{
    ledger::{Client, Told, Write},
    world::{MAX_SCOPE_AGE, World},
};

pub(crate) mod schema {
    diesel::table! { entries (id) { id -> Uuid, value -> Int8, body -> Text, } }
    diesel::table! { notes (id) { id -> Int8, entry -> Uuid, } }
}

tenant_diesel::tenancy! {
    pub(crate) static TENANCY;
    key uuid;
    tenant { schema::entries, schema::notes }
    shared { }
}

use schema::{entries, notes};

pub(crate) async fn open(world: &World) -> TenantDb {
    let db = TenantDb::builder(&TENANCY).layout(world.layout.clone()).max_scope_age(MAX_SCOPE_AGE);
    db.max_connections(4).connect(world.login()).await.unwrap()
}

async fn run(db: &TenantDb, scope: &TenantScope<Verified>, write: Write) -> Result<(), Error> {
    let mut tx = db.begin(scope).await?;
    match write {
        Write::Insert(id, value) => {
            let values = (entries::id.eq(id), entries::value.eq(value), entries::body.eq("new"));
            diesel::insert_into(entries::table).values(values).execute(&mut tx).await?;
            let note = notes::entry.eq(id);
            diesel::insert_into(notes::table).values(note).execute(&mut tx).await?;
        }
        Write::Update(id, value) => {
            let update = diesel::update(entries::table.find(id)).set(entries::value.eq(value));
            assert_eq!(update.execute(&mut tx).await?, 1, "{id} is lost");
        }
        Write::Delete(id) => {
            let delete = diesel::delete(entries::table.find(id));
            assert_eq!(delete.execute(&mut tx).await?, 1, "{id} is lost");
        }
    }
    tx.commit().await
}

impl Client for TenantDb {
    async fn write(&self, scope: &TenantScope<Verified>, write: Write) -> Told {
        match run(self, scope, write).await {
            Ok(()) => Told::Done,
            Err(Error::Moving { .. }) => Told::Moving,
            Err(Error::Core(tenant_core::Error::StaleScope { .. })) => Told::Stale,
            Err(error) => panic!("{error}"),
        }
    }
}

/// A number that no other client has.
pub(crate) fn entry(client: u64, n: u64) -> Uuid {
    Uuid::from_u64_pair(client, n)
}
