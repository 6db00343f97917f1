//! Whose each table is: written by `tenant adopt`, and yours from now on.

tenant_seaorm::tenancy! {
    /// The tables of this application.
    pub static TENANCY;
    key bigint;
    tenant {
        crate::chinook_seaorm::entity::customer,
        crate::chinook_seaorm::entity::invoice,
        crate::chinook_seaorm::entity::invoice_line,
    }
    shared {
        crate::chinook_seaorm::entity::album,
        crate::chinook_seaorm::entity::artist,
        crate::chinook_seaorm::entity::employee,
        crate::chinook_seaorm::entity::genre,
        crate::chinook_seaorm::entity::job,
        crate::chinook_seaorm::entity::media_type,
        crate::chinook_seaorm::entity::report,
        crate::chinook_seaorm::entity::track,
    }
}
