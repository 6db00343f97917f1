use crate::{Placement, TenantId, digest::digest, hex::hex};

/// A tenant that is to be made.
///
/// ```
/// use tenant_core::NewTenant;
///
/// let new = NewTenant::new("acme", "Acme Inc.")
///     .plan("free")
///     .administrator("user-4711")
///     .idempotency_key("signup-0815");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTenant {
    pub(super) id: Option<TenantId>,
    pub(super) slug: String,
    pub(super) name: String,
    pub(super) plan: Option<String>,
    pub(super) placement: Placement,
    pub(super) region: Option<String>,
    pub(super) administrator: Option<String>,
    pub(super) idempotency_key: Option<String>,
    pub(super) reason: Option<String>,
}

impl NewTenant {
    /// A tenant of this slug and name.
    pub fn new(slug: impl Into<String>, name: impl Into<String>) -> Self {
        Self {
            id: None,
            slug: slug.into(),
            name: name.into(),
            plan: None,
            placement: Placement::default(),
            region: None,
            administrator: None,
            idempotency_key: None,
            reason: None,
        }
    }

    /// With this id. Without one the database makes a UUID; tenants whose ids are integers or texts
    /// must be given theirs, since only the application knows where these come from.
    pub fn id(mut self, id: impl Into<TenantId>) -> Self {
        self.id = Some(id.into());
        self
    }

    /// On this plan.
    pub fn plan(mut self, plan: impl Into<String>) -> Self {
        self.plan = Some(plan.into());
        self
    }

    /// In this place, which must be there: this makes no schema and no database. Without one it lives
    /// in the shared tables of the main database.
    pub fn placement(mut self, placement: Placement) -> Self {
        self.placement = placement;
        self
    }

    /// With rows that must not leave this region: a database of another one, or of none that is
    /// known ([`Tenants::add_database`](crate::Tenants::add_database)), is refused.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = Some(region.into());
        self
    }

    /// With this user as its first member.
    pub fn administrator(mut self, user: impl Into<String>) -> Self {
        self.administrator = Some(user.into());
        self
    }

    /// Says which request it is: the same key with the same content gives the tenant that was made
    /// then, so that a request can be repeated whose answer was lost.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Why, for the audit log.
    pub fn reason(mut self, reason: impl Into<String>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// What must be the same under the same key.
    pub(super) fn content(&self) -> String {
        let id = self.id.as_ref().map(ToString::to_string);
        let (slug, name) = (Some(&*self.slug), Some(&*self.name));
        let (plan, administrator) = (self.plan.as_deref(), self.administrator.as_deref());
        if self.placement == Placement::default() && self.region.is_none() {
            // As before there were placements, so that a request from then can be repeated.
            return hex(&digest(
                b"tenancy.create.1",
                [id.as_deref(), slug, name, plan, administrator],
            ));
        }
        let (kind, database) = (Some(self.placement.kind()), Some(self.placement.database_name()));
        let (schema, region) = (self.placement.schema_name(), self.region.as_deref());
        let place = [kind, database, schema, region];
        let all = [id.as_deref(), slug, name, plan, administrator].into_iter().chain(place);
        hex(&digest(b"tenancy.create.2", all))
    }
}
