use tenant_core::{DatabaseTemplate, Error, NewTenant, Placement, TenantKey, Tenants};

use crate::fixture::World;

/// Drops what a test that failed would leave.
struct Gone<'w>(&'w World, Vec<String>);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        for name in &self.1 {
            let _ = self
                .0
                .database
                .session()
                .batch_blocking(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"));
        }
    }
}

#[tokio::test]
async fn a_database_is_made_like_its_template_kept_in_stock_and_dropped_when_nobody_lives_there() {
    let world = World::open().await;
    let session = world.database.session();
    let name = world.database.name();
    let (source, acme) = (format!("{name}_source"), format!("{name}_acme"));
    let mut gone = Gone(&world, vec![source.clone(), acme.clone()]);
    world.batch(&format!("CREATE DATABASE {source}")).await;
    let template = DatabaseTemplate::new(&source).unwrap();

    template.create(session, &acme).await.unwrap();
    let everybody = format!("SELECT has_database_privilege('public', '{acme}', 'CONNECT')");
    assert_eq!(world.one(&everybody).await, "false");
    assert!(matches!(template.create(session, &acme).await, Err(Error::Session { .. })));

    let place = Placement::database(&acme).unwrap();
    let tenants = Tenants::new(session, TenantKey::Bigint, "alice");
    tenants.add_database(&acme, None).await.unwrap();
    let new = NewTenant::new("acme", "Acme").id(7).placement(place.clone());
    tenants.create(new).await.unwrap();
    let refused = template.drop_database(session, session, &place).await.unwrap_err();
    assert!(matches!(refused, Error::InvalidPlacement { .. }), "{refused}");
    world.batch("DELETE FROM tenancy.tenants").await;
    template.drop_database(session, session, &place).await.unwrap();

    let made = template.add_spares(session, 2).await.unwrap();
    gone.1.extend(made.iter().cloned());
    assert_eq!(template.spares(session).await.unwrap().len(), 2);
    template.take_spare(session, &acme).await.unwrap();
    assert!(matches!(template.take_spare(session, &acme).await, Err(Error::Session { .. })));
    assert_eq!(template.spares(session).await.unwrap().len(), 1);
    let other = format!("{name}_other");
    gone.1.push(other.clone());
    template.take_spare(session, &other).await.unwrap();
    let refused = template.take_spare(session, "one_more").await.unwrap_err();
    assert!(matches!(refused, Error::Template { .. }), "{refused}");
    for stays in [
        Placement::database(source.clone()),
        Placement::database(Placement::MAIN),
        Placement::shared("x"),
    ] {
        let refused = template.drop_database(session, session, &stays.unwrap()).await.unwrap_err();
        assert!(matches!(refused, Error::InvalidPlacement { .. }), "{refused}");
    }
}
