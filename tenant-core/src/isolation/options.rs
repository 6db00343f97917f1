//! What an [`Isolation`] does only where it is asked for.

use super::{Backfill, Isolation, Leakproof, Search};
use crate::{Binding, Error, TableName};

/// What is installed only where it is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Options {
    pub(super) hide_activity: bool,
    pub(super) revoke_set_config: bool,
}

impl Isolation {
    /// Says whose the rows are that a table has already, for [`plan`](Self::plan). A table whose
    /// rows hang on another tenant table's by exactly one foreign key need not be named.
    ///
    /// ```
    /// use tenant_core::{Backfill, Isolation, Layout, TableName, Tenancy, TenantId, TenantKey};
    ///
    /// let tenancy = Tenancy::new(TenantKey::Bigint)
    ///     .tenant_table(TableName::new("customer"), None)
    ///     .tenant_table(TableName::new("invoice"), None);
    /// let isolation = Isolation::new(&tenancy, &Layout::new("shop")?)?
    ///     .backfill(TableName::new("customer")?, Backfill::Value(TenantId::from(1)))?
    ///     .backfill(TableName::new("invoice")?, Backfill::Along("invoice_customer_fkey".into()))?;
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] for a table that is not a declared tenant table,
    /// [`Error::WrongKey`] and [`Error::InvalidTenantId`] for an id that cannot be its tenant's.
    pub fn backfill(mut self, table: TableName, how: Backfill) -> Result<Self, Error> {
        let table = self.declared(table, "its rows cannot be given a tenant")?;
        if let Backfill::Value(id) = &how {
            id.check()?;
            let declared = self.tenancy.key();
            if id.key() != declared {
                return Err(Error::WrongKey { tenant: id.clone(), found: id.key(), declared });
            }
        }
        self.backfills.retain(|(name, _)| *name != table);
        self.backfills.push((table, how));
        Ok(self)
    }

    /// Counts this table's rows per tenant, so that [`Quotas`](crate::Quotas) can say how many there
    /// may be. Whoever writes counts, in the same transaction, so writers of one tenant and table
    /// take turns.
    ///
    /// The rows that are there are counted while the table can be read, and not written.
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] for a table that is not a declared tenant table, and in a database
    /// that Citus distributes, whose tables have no triggers.
    pub fn row_quota(mut self, table: TableName) -> Result<Self, Error> {
        if self.layout.is_citus() {
            let why = "rows are counted by triggers, which Citus has none of on its shards: leave \
                       row_quota() out"
                .to_owned();
            return Err(Error::InvalidTenancy { why });
        }
        let table = self.declared(table, "its rows cannot be counted")?;
        self.counted.retain(|name| *name != table);
        self.counted.push(table);
        Ok(self)
    }

    /// Marks the functions behind these operators LEAKPROOF, so that row security lets a query use
    /// its index for them. What it says of each, and what it refuses to mark: [`Leakproof`].
    ///
    /// It wants a superuser. The mark is PostgreSQL's own function's, for the whole database, and
    /// `pg_dump` does not take it along: [`diff`](Self::diff), lint (`TEN309`) and, as a warning, the
    /// check at the start of a pool tell when it is gone. Where there is no superuser, and for what
    /// must not be marked, there is [`search`](Self::search).
    pub fn leakproof(mut self, operators: Leakproof) -> Self {
        self.leakproof.retain(|marked| *marked != operators);
        self.leakproof.push(operators);
        self.leakproof.sort_unstable();
        self
    }

    /// Makes a function that searches a tenant table with its index, for the tenant whose
    /// transaction calls it.
    ///
    /// ```
    /// use tenant_core::{Isolation, Layout, Search, SearchBy, TableName, Tenancy, TenantKey};
    ///
    /// let tenancy = Tenancy::new(TenantKey::Uuid).tenant_table(TableName::new("notes"), None);
    /// let words = SearchBy::Words { column: "words".into(), configuration: "english".into() };
    /// let notes = Search::new("notes", TableName::new("notes")?, "id", words).newest_first("id");
    /// let isolation = Isolation::new(&tenancy, &Layout::new("shop")?)?.search(notes)?;
    /// // SELECT … FROM notes WHERE id IN (SELECT tenancy.search_notes($1, 50))
    /// assert!(isolation.up().contains(r#"FUNCTION tenancy."search_notes"("#));
    /// # Ok::<(), tenant_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] for a table that is not a declared tenant table, where one role
    /// does everything (the function's owner must be a role that does nothing else), and under Citus.
    /// [`Error::InvalidIdentifier`] when PostgreSQL would cut a name.
    pub fn search(mut self, search: Search) -> Result<Self, Error> {
        if self.layout.roles().is_single() {
            let why = "a search function is owned by a role that can do nothing else, and this \
                       layout has one role for everything: use Layout::new, or mark operators with \
                       Isolation::leakproof";
            return Err(Error::InvalidTenancy { why: why.to_owned() });
        }
        if self.layout.is_citus() {
            let why = "Citus reaches its workers as the function's owner, which cannot log in: mark \
                       operators with Isolation::leakproof, on each node";
            return Err(Error::InvalidTenancy { why: why.to_owned() });
        }
        let table = self.declared(search.table().clone(), "it cannot be searched")?;
        let search = search.of(table)?;
        self.searches.retain(|other| other.name() != search.name());
        self.searches.push(search);
        Ok(self)
    }

    /// Hides from everybody what other sessions run: their statements can carry a tenant's id, or
    /// the token that opens a sealed context.
    ///
    /// It wants a superuser. It breaks whatever reads `pg_stat_activity` without being a member of
    /// `pg_monitor`: dashboards, and jobs that look for their own kind.
    pub fn hide_activity(mut self) -> Self {
        self.options.hide_activity = true;
        self
    }

    /// Takes `set_config` from everybody but the owner, so that injected SQL cannot call it. `SET`
    /// is a statement and not a function, and stays: this closes the way inside of a query.
    ///
    /// It wants a superuser. It breaks whatever calls the function: `pg_dump` as a role
    /// that is no superuser, `PostgREST`, functions of your own that set a setting.
    ///
    /// # Errors
    /// [`Error::InvalidTenancy`] where the layout's binding is itself a call of `set_config`.
    pub fn revoke_set_config(mut self) -> Result<Self, Error> {
        if matches!(self.layout.binding_kind(), Binding::Automatic | Binding::SetConfig) {
            return Err(Error::InvalidTenancy {
                why: "revoke_set_config() takes away what Binding::SetConfig calls, and \
                      Binding::Automatic may choose: give the layout Binding::SetLocal, or the seal"
                    .to_owned(),
            });
        }
        self.options.revoke_set_config = true;
        Ok(self)
    }

    /// The name with its schema, if it is a tenant table's.
    fn declared(&self, table: TableName, otherwise: &str) -> Result<TableName, Error> {
        let table =
            if table.schema().is_some() { table } else { table.in_schema(self.layout.home())? };
        if self.tenancy.tenant_tables().iter().any(|t| *t.table() == table) {
            return Ok(table);
        }
        let why = format!("{table} is no declared tenant table, so {otherwise}");
        Err(Error::InvalidTenancy { why })
    }
}
