//! Whose each table is: written by `tenant adopt`, and yours from now on.

tenant_diesel::tenancy! {
    /// The tables of this application.
    pub static TENANCY;
    key bigint;
    tenant {
        crate::sakila_diesel::schema::customer,
        crate::sakila_diesel::schema::inventory,
        crate::sakila_diesel::schema::payment,
        crate::sakila_diesel::schema::rental,
        crate::sakila_diesel::schema::staff,
        crate::sakila_diesel::schema::store,
    }
    shared {
        crate::sakila_diesel::schema::actor,
        crate::sakila_diesel::schema::address,
        crate::sakila_diesel::schema::category,
        crate::sakila_diesel::schema::city,
        crate::sakila_diesel::schema::country,
        crate::sakila_diesel::schema::film,
        crate::sakila_diesel::schema::film_actor,
        crate::sakila_diesel::schema::film_category,
        crate::sakila_diesel::schema::language,
    }
}
