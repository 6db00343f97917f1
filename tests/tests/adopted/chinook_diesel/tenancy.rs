//! Whose each table is: written by `tenant adopt`, and yours from now on.

tenant_diesel::tenancy! {
    /// The tables of this application.
    pub static TENANCY;
    key bigint;
    tenant {
        crate::chinook_diesel::schema::customer,
        crate::chinook_diesel::schema::invoice,
        crate::chinook_diesel::schema::invoice_line,
    }
    shared {
        crate::chinook_diesel::schema::album,
        crate::chinook_diesel::schema::artist,
        crate::chinook_diesel::schema::employee,
        crate::chinook_diesel::schema::genre,
        crate::chinook_diesel::schema::job,
        crate::chinook_diesel::schema::media_type,
        crate::chinook_diesel::schema::report,
        crate::chinook_diesel::schema::track,
    }
}
