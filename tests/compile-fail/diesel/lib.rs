//! A shop: plans and features are shared, invoices and projects belong to tenants.

pub mod schema {
    diesel::table! { plans (id) { id -> Int4, name -> Text, price -> Int4, } }
    diesel::table! { features (id) { id -> Int4, plan_id -> Int4, code -> Text, } }
    diesel::table! { projects (id) { id -> Int8, name -> Text, } }
    diesel::table! {
        invoices (id) { id -> Int8, project_id -> Int8, plan_id -> Int4, amount -> Int4, }
    }
    diesel::table! { undeclared (id) { id -> Int4, } }
    diesel::joinable!(features -> plans (plan_id));
    diesel::joinable!(invoices -> plans (plan_id));
    diesel::allow_tables_to_appear_in_same_query!(plans, features, projects, invoices, undeclared);
}

tenant_diesel::tenancy! {
    pub static TENANCY;
    tenant { schema::invoices, schema::projects }
    shared { schema::plans, schema::features }
}
