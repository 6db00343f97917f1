//! A table in both groups.
//!
//! error: conflicting implementations of trait `DeclaredOnce` for type `plan::Entity`

#![allow(unused)]

use sea_orm::entity::prelude::*;

mod plan {
    use sea_orm::entity::prelude::*;
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "plan")]
    pub struct Model {
        #[sea_orm(primary_key)]
        pub id: i32,
    }
    impl ActiveModelBehavior for ActiveModel {}
}

tenant_seaorm::tenancy! {
    pub static TENANCY;
    tenant { plan } //~ fail
    tenant {} //~ twin
    shared { plan }
}

fn main() {}
