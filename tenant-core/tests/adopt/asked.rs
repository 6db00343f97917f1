//! What cannot be told, and what answers do.

use tenant_core::{Adopt, AdoptError, Answer, TableName};

use crate::fixture::{database, read, told, why};

const ODD: &str = "
    CREATE TABLE organizations (id uuid PRIMARY KEY, name text);
    CREATE TABLE plans (id int PRIMARY KEY);
    CREATE TABLE projects (id int PRIMARY KEY, organization_id uuid NOT NULL REFERENCES organizations, plan int REFERENCES plans);
    CREATE TABLE tasks (id int PRIMARY KEY, project int NOT NULL REFERENCES projects, parent int REFERENCES tasks);
    CREATE TABLE labels (id int PRIMARY KEY, organization_id uuid REFERENCES organizations);
    CREATE TABLE transfers (giver uuid NOT NULL REFERENCES organizations, taker uuid NOT NULL REFERENCES organizations);
    CREATE TABLE comments (id int PRIMARY KEY, subject_type text, subject_id int);
    CREATE TABLE audit (id int PRIMARY KEY, organization_id uuid NOT NULL);
    CREATE TABLE ring_a (id int PRIMARY KEY, b int NOT NULL);
    CREATE TABLE ring_b (id int PRIMARY KEY, a int NOT NULL REFERENCES ring_a);
    ALTER TABLE ring_a ADD FOREIGN KEY (b) REFERENCES ring_b;
    CREATE TABLE __diesel_schema_migrations (version text PRIMARY KEY);
    CREATE TABLE events (id int, organization_id uuid NOT NULL REFERENCES organizations) PARTITION BY RANGE (id);
    CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (9);
    CREATE VIEW everything AS SELECT * FROM projects;
    INSERT INTO organizations SELECT gen_random_uuid(), 'x' FROM generate_series(1, 2);
    INSERT INTO labels VALUES (1, NULL);";

fn table(name: &str) -> TableName {
    TableName::new(name).unwrap()
}

#[tokio::test]
async fn what_is_open_is_asked_with_its_why() {
    let db = database(&[ODD]).await;
    let adoption = read(&db, Adopt::new()).await.unwrap();
    assert_eq!(
        told(&adoption),
        [
            "__diesel_schema_migrations: LeftOut",
            "audit: Unsure",
            "comments: Unsure",
            // A column that refers to the tenants' key is the tenant column itself.
            "events: organization_id None",
            "labels: Unsure",
            "organizations: id None",
            "plans: Unsure",
            "projects: organization_id None",
            "ring_a: Shared",
            "ring_b: Shared",
            r#"tasks: tenant_id Some(Along("tasks_project_fkey"))"#,
            "transfers: Unsure",
        ]
    );
    for (table, words) in [
        ("audit", "organization_id looks like a tenant's id, and has no foreign key"),
        ("comments", "subject_type says which table a row belongs to"),
        ("labels", "only what may be NULL leads to organizations: organization_id"),
        ("plans", "no row says whether tenants share them"),
        ("transfers", "giver and taker"),
    ] {
        assert!(why(&adoption, table).contains(words), "{table}: {}", why(&adoption, table));
    }
}

#[tokio::test]
async fn answers_are_taken_and_those_that_cannot_hold_refused() {
    let db = database(&[ODD]).await;
    let answers = || {
        [
            ("audit", Answer::TenantVia("organization_id".to_owned())),
            ("comments", Answer::LeftOut),
            ("labels", Answer::Tenant),
            ("plans", Answer::Shared),
            ("transfers", Answer::TenantVia("taker".to_owned())),
        ]
        .into_iter()
        .fold(Adopt::new(), |adopt, (name, answer)| adopt.answer(table(name), answer))
    };
    let adoption = read(&db, answers()).await.unwrap();
    let lines = told(&adoption);
    for line in [
        "audit: organization_id None",
        "labels: organization_id None",
        "transfers: taker None",
        "comments: LeftOut",
    ] {
        assert!(lines.iter().any(|told| told == line), "{line}: {lines:#?}");
    }
    let labels = adoption.tables().iter().find(|t| t.name().name() == "labels").unwrap();
    assert_eq!(
        labels.remarks(),
        ["1 rows have no organization_id, and so no tenant: give them one, or delete them"]
    );
    adoption.tenancy().unwrap().check().unwrap();

    for (name, answer, words) in [
        ("nowhere", Answer::Shared, "is not there"),
        ("ring_a", Answer::Tenant, "no foreign key of its leads to organizations"),
        ("ring_a", Answer::TenantVia("b".to_owned()), "no foreign key of b leads to organizations"),
        ("ring_a", Answer::TenantVia("c".to_owned()), "has no column c"),
        ("audit", Answer::TenantVia("id".to_owned()), "holds no tenant's id"),
    ] {
        let refused = read(&db, answers().answer(table(name), answer)).await.unwrap_err();
        assert!(matches!(refused, AdoptError::Answer { .. }), "{refused}");
        assert!(refused.to_string().contains(words), "{words}: {refused}");
    }
}

#[tokio::test]
async fn the_table_of_tenants_is_named_where_it_cannot_be_told() {
    let db = database(&["
        CREATE TABLE companies (id int PRIMARY KEY);
        CREATE TABLE sites (id int PRIMARY KEY);
        CREATE TABLE a (company int NOT NULL REFERENCES companies);
        CREATE TABLE b (site int NOT NULL REFERENCES sites);
        CREATE TABLE c (site int NOT NULL REFERENCES sites);
        CREATE TABLE pairs (x int, y int, PRIMARY KEY (x, y));
        CREATE TABLE days (d date PRIMARY KEY);"])
    .await;
    let AdoptError::WhichTenants { candidates } = read(&db, Adopt::new()).await.unwrap_err() else {
        panic!("it was told");
    };
    let names: Vec<_> = candidates.iter().map(|c| (c.table.name(), c.hanging)).collect();
    assert_eq!(names, [("sites", 2), ("companies", 1)]);
    for (name, words) in
        [("pairs", "one column"), ("days", "type date"), ("nowhere", "is not there")]
    {
        let refused = read(&db, Adopt::new().tenants_table(table(name))).await.unwrap_err();
        assert!(refused.to_string().contains(words), "{words}: {refused}");
    }
    let adoption = read(&db, Adopt::new().tenants_table(table("companies"))).await.unwrap();
    assert_eq!(adoption.tenants_table().name(), "companies");
}
