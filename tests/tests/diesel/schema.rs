//! The shop's tables, as `diesel print-schema` writes them. The tenant column need not be there.

diesel::table! { plans (id) { id -> Int4, name -> Text, price -> Int4, } }
diesel::table! { features (id) { id -> Int4, plan_id -> Int4, code -> Text, } }
diesel::table! { projects (id) { id -> Int8, name -> Text, tenant_id -> Uuid, } }
diesel::table! {
    invoices (id) {
        id -> Int8,
        project_id -> Int8,
        plan_id -> Int4,
        amount -> Int4,
        note -> Nullable<Text>,
    }
}
diesel::table! { undeclared (id) { id -> Int4, } }

diesel::joinable!(features -> plans (plan_id));
diesel::joinable!(invoices -> plans (plan_id));
diesel::joinable!(invoices -> projects (project_id));
diesel::allow_tables_to_appear_in_same_query!(plans, features, projects, invoices, undeclared);

tenant_diesel::tenancy! {
    pub static TENANCY;
    tenant { projects, invoices }
    shared { plans, features }
}
