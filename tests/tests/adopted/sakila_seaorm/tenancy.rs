//! Whose each table is: written by `tenant adopt`, and yours from now on.

tenant_seaorm::tenancy! {
    /// The tables of this application.
    pub static TENANCY;
    key bigint;
    tenant {
        crate::sakila_seaorm::entity::customer,
        crate::sakila_seaorm::entity::inventory,
        crate::sakila_seaorm::entity::payment,
        crate::sakila_seaorm::entity::rental,
        crate::sakila_seaorm::entity::staff,
        crate::sakila_seaorm::entity::store,
    }
    shared {
        crate::sakila_seaorm::entity::actor,
        crate::sakila_seaorm::entity::address,
        crate::sakila_seaorm::entity::category,
        crate::sakila_seaorm::entity::city,
        crate::sakila_seaorm::entity::country,
        crate::sakila_seaorm::entity::film,
        crate::sakila_seaorm::entity::film_actor,
        crate::sakila_seaorm::entity::film_category,
        crate::sakila_seaorm::entity::language,
    }
}
