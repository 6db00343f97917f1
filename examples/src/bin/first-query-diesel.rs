//! The guide's first query, with Diesel: what follows these lines stands in `docs/first-query.md`.
//! `cargo run --bin first-query-diesel`

use tenant_diesel::{
    Isolation, Layout, NewTenant, PgSession, Principal, SqlRegistry, SqlSession, TenantDb,
    TenantScope, TenantTransaction, Tenants, prelude::*,
};
use tenant_testkit::TestDatabase;

mod schema {
    diesel::table! { invoice (id) { id -> Int4, customer -> Text, } }
}

// Which tables belong to tenants, and which are everybody's.
tenant_diesel::tenancy! {
    static TENANCY;
    tenant { schema::invoice }
    shared {}
}

use schema::invoice;

// The application's own functions. No query names a tenant, and none has a filter to forget.
async fn add(db: &mut TenantTransaction, customer: &str) -> QueryResult<()> {
    let insert = diesel::insert_into(invoice::table).values(invoice::customer.eq(customer));
    insert.execute(db).await?;
    Ok(())
}

async fn customers(db: &mut TenantTransaction) -> QueryResult<Vec<String>> {
    invoice::table.select(invoice::customer).load(db).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A PostgreSQL that goes when the program does, and a table without a tenant.
    let database = TestDatabase::create().await?;
    let table = "CREATE TABLE invoice (id serial PRIMARY KEY, customer text NOT NULL)";
    database.session().batch(table).await?;
    let url = |login: &str| database.url(&format!("{}_{login}", database.name()));

    // Once, by whoever migrates: the tenant column, row security, policies, roles.
    let layout = Layout::new(database.name())?;
    database.install(&Isolation::new(&TENANCY, &layout)?).await?;

    // Two tenants, each with a member.
    let admin = PgSession::connect(url("admin")).await?;
    let tenants = Tenants::new(&admin, TENANCY.key(), "the first query");
    let acme = tenants.create(NewTenant::new("acme", "Acme").administrator("alice")).await?.id;
    let bolt = tenants.create(NewTenant::new("bolt", "Bolt").administrator("bob")).await?.id;

    // The application: a registry that knows who belongs to whom, and a pool that runs no query.
    let registry = SqlRegistry::new(PgSession::connect(url("registry")).await?).key(TENANCY.key());
    let db = TenantDb::connect(url("login"), &TENANCY).await?;

    for (tenant, user, customer) in [(&acme, "alice", "Ann"), (&bolt, "bob", "Ben")] {
        let claim = TenantScope::claim(tenant.clone(), Principal::User(user.to_owned()));
        let scope = claim.verify(&registry).await?;
        let mut tx = db.begin(&scope).await?;
        add(&mut tx, customer).await?;
        println!("{user}, of {}, sees {:?}", scope.record().name, customers(&mut tx).await?);
        tx.commit().await?;
    }

    let claim = TenantScope::claim(acme, Principal::User("bob".to_owned()));
    match claim.verify(&registry).await {
        Ok(_) => println!("bob gets into Acme: this must not be"),
        Err(_) => println!("bob, who claims Acme, gets no scope, and so no transaction"),
    }
    Ok(())
}
