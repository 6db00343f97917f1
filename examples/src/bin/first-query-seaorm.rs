//! The guide's first query, with SeaORM: what follows these lines stands in `docs/first-query.md`.
//! `cargo run --bin first-query-seaorm`

#![allow(unreachable_pub)] // an entity as SeaORM's documentation writes it

use sea_orm::{ActiveModelTrait, ActiveValue::Set, ConnectionTrait, DbErr, EntityTrait};
use tenant_seaorm::{
    Isolation, Layout, NewTenant, PgSession, Principal, SqlRegistry, SqlSession, TenantDb,
    TenantScope, Tenants,
};
use tenant_testkit::TestDatabase;

mod invoice {
    use sea_orm::entity::prelude::*;

    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invoice")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
        pub customer: String,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

// Which tables belong to tenants, and which are everybody's.
tenant_seaorm::tenancy! {
    static TENANCY;
    tenant { invoice }
    shared {}
}

// The application's own functions. No query names a tenant, and none has a filter to forget.
async fn add(db: &impl ConnectionTrait, customer: &str) -> Result<(), DbErr> {
    let invoice = invoice::ActiveModel { customer: Set(customer.to_owned()), ..Default::default() };
    invoice.insert(db).await?;
    Ok(())
}

async fn customers(db: &impl ConnectionTrait) -> Result<Vec<String>, DbErr> {
    let invoices = invoice::Entity::find().all(db).await?;
    Ok(invoices.into_iter().map(|invoice| invoice.customer).collect())
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
        let tx = db.begin(&scope).await?;
        add(&tx, customer).await?;
        println!("{user}, of {}, sees {:?}", scope.record().name, customers(&tx).await?);
        tx.commit().await?;
    }

    let claim = TenantScope::claim(acme, Principal::User("bob".to_owned()));
    match claim.verify(&registry).await {
        Ok(_) => println!("bob gets into Acme: this must not be"),
        Err(_) => println!("bob, who claims Acme, gets no scope, and so no transaction"),
    }
    Ok(())
}
