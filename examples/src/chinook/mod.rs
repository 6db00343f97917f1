//! The Chinook sample data (MIT, its licence lies beside it): a music shop that sells to customers
//! in 24 countries. Here each billing country is a tenant.

mod load;

use std::{collections::BTreeMap, error::Error};

use tenant_core::{Binding, Isolation, Layout, SealKey, SealKeys, SqlSession, TableName, TenantId};
use tenant_testkit::TestDatabase;
use uuid::Uuid;

use crate::diesel_schema::TENANCY;

/// What the tenants' ids are made from, together with their names.
const NAMESPACE: Uuid = uuid::uuid!("5f0c6d1e-7d5b-4b0e-9c7e-0d3c2f6a8b11");

/// A database with the shop's data, isolated.
#[derive(Debug)]
pub struct Chinook {
    /// The database, on a server of its own.
    pub database: TestDatabase,
    /// The tenants' ids by country.
    pub countries: BTreeMap<String, TenantId>,
}

impl Chinook {
    /// Creates the database, installs the isolation and loads the data.
    ///
    /// # Errors
    /// When no server is to be had, or it refuses.
    pub async fn create() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let database = TestDatabase::create().await?;
        let isolation = Self::isolation(&database)?;
        let countries = load::load(&database, &isolation).await?;
        Ok(Self { database, countries })
    }

    /// The same with a seal, and with invoices that are counted, so that there can be a quota.
    ///
    /// # Errors
    /// When no server is to be had, or it refuses.
    pub async fn create_sealed(key: &SealKey) -> Result<Self, Box<dyn Error + Send + Sync>> {
        let database = TestDatabase::create().await?;
        let layout = Self::layout(&database)?.binding(Binding::Sealed);
        let isolation = Isolation::new(&TENANCY, &layout)?.row_quota(TableName::new("invoice")?)?;
        let countries = load::load(&database, &isolation).await?;
        SealKeys::new(database.session()).add(key).await?;
        Ok(Self { database, countries })
    }

    /// The same data without isolation, as a team has it before: the tenant is a column.
    ///
    /// # Errors
    /// When no server is to be had, or it refuses.
    pub async fn create_bare() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let database = TestDatabase::create().await?;
        let countries = load::load_bare(&database).await?;
        Ok(Self { database, countries })
    }

    /// Makes each of the shop's customers a member of the own country's tenant.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn customers_are_members(&self) -> Result<(), Box<dyn Error + Send + Sync>> {
        let join = "INSERT INTO tenancy.members (tenant_id, user_id)
                    SELECT tenant_id, email FROM customer";
        Ok(self.database.session().batch(join).await?)
    }

    /// The id of a country's tenant.
    pub fn tenant(country: &str) -> TenantId {
        TenantId::from(Uuid::new_v5(&NAMESPACE, country.as_bytes()))
    }

    /// The names of roles and settings: the defaults.
    ///
    /// # Errors
    /// When the database's name is too long for a role's prefix.
    pub fn layout(database: &TestDatabase) -> Result<Layout, tenant_core::Error> {
        Layout::new(database.name())
    }

    /// What the declaration needs in the database.
    ///
    /// # Errors
    /// When the declaration cannot hold.
    pub fn isolation(database: &TestDatabase) -> Result<Isolation, tenant_core::Error> {
        Isolation::new(&TENANCY, &Self::layout(database)?)
    }

    /// The address that the application uses: its login role, which may do nothing by itself.
    pub fn login_url(&self) -> String {
        self.database.url(&format!("{}_login", self.database.name()))
    }

    /// The address that staff's tools use.
    pub fn admin_url(&self) -> String {
        self.database.url(&format!("{}_admin", self.database.name()))
    }

    /// The address that the registry uses.
    pub fn registry_url(&self) -> String {
        self.database.url(&format!("{}_registry", self.database.name()))
    }
}
