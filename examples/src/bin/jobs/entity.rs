//! Invoices and statements are tenants'; the queue is everybody's.

pub(crate) mod invoice {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "invoice")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) month: String,
        pub(crate) amount: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod statement {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "statement")]
    pub(crate) struct Model {
        /// The month: a job that runs twice writes one statement.
        #[sea_orm(primary_key, auto_increment = false)]
        pub(crate) month: String,
        pub(crate) total: i64,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

pub(crate) mod job {
    use sea_orm::entity::prelude::*;

    #[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
    #[sea_orm(table_name = "job")]
    pub(crate) struct Model {
        #[sea_orm(primary_key)]
        pub(crate) id: i64,
        pub(crate) kind: String,
        /// A `SignedJob`.
        pub(crate) envelope: Json,
        pub(crate) outcome: Option<String>,
    }

    #[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
    pub(crate) enum Relation {}

    impl ActiveModelBehavior for ActiveModel {}
}

tenant_seaorm::tenancy! {
    /// Whose the tables are.
    pub(crate) static TENANCY;
    key bigint;
    tenant { invoice, statement }
    shared { job }
}

pub(crate) const TABLES: &str = "
    CREATE TABLE invoice (id bigserial PRIMARY KEY, month text NOT NULL, amount bigint NOT NULL);
    CREATE TABLE statement (month text NOT NULL, total bigint NOT NULL);
    CREATE TABLE job (
        id bigserial PRIMARY KEY, kind text NOT NULL, envelope jsonb NOT NULL, outcome text);
    CREATE INDEX job_ready ON job (id) WHERE outcome IS NULL;";
