//! The last look at a statement before it is sent.

use std::{
    any::TypeId,
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use diesel::{
    QueryResult,
    pg::{Pg, PgQueryBuilder},
    query_builder::{QueryBuilder, QueryFragment, QueryId},
};
use tenant_core::{
    Layout, Tenancy,
    adapter::{SqlEffect, TableScan},
};

use crate::Error;

/// What is looked for, and what was found before.
#[derive(Debug)]
pub(crate) struct Look {
    tables: Option<TableScan>,
    /// A query whose type says all of its SQL is looked at once.
    effects: RwLock<HashMap<TypeId, SqlEffect>>,
}

impl Look {
    /// Without tables nothing is looked for on shared handles but what any handle refuses.
    pub(crate) fn new(tenancy: &Tenancy, layout: &Layout, at_tables: bool) -> Self {
        let tables = at_tables.then(|| TableScan::new(tenancy, layout));
        Self { tables, effects: RwLock::default() }
    }

    /// Whether the connection has to be closed after this query.
    pub(crate) fn leaves_traces<Q>(&self, query: &Q) -> QueryResult<bool>
    where
        Q: QueryFragment<Pg> + QueryId,
    {
        match self.effect(query)? {
            SqlEffect::Contained => Ok(false),
            SqlEffect::LeavesTraces => Ok(true),
            SqlEffect::Controls => Err(Error::RawSql {
                why: "it changes settings, the role or the schema, begins or ends transactions, or \
                      runs SQL that cannot be seen, and so could leave the tenant; if it must, use `raw_unchecked(\"reason\")`",
            }
            .into()),
        }
    }

    fn effect<Q>(&self, query: &Q) -> QueryResult<SqlEffect>
    where
        Q: QueryFragment<Pg> + QueryId,
    {
        let id = if query.is_safe_to_cache_prepared(&Pg)? { Q::query_id() } else { None };
        let Some(id) = id else { return Ok(SqlEffect::of(&rendered(query)?)) };
        let known = self.effects.read().unwrap_or_else(PoisonError::into_inner).get(&id).copied();
        if let Some(effect) = known {
            return Ok(effect);
        }
        let effect = SqlEffect::of(&rendered(query)?);
        self.effects.write().unwrap_or_else(PoisonError::into_inner).insert(id, effect);
        Ok(effect)
    }

    /// Refuses a query that names a tenant's table.
    pub(crate) fn shared_only(&self, query: &impl QueryFragment<Pg>) -> QueryResult<()> {
        let Some(tables) = &self.tables else { return Ok(()) };
        match tables.tenant_table_in(&rendered(query)?) {
            Some(table) => Err(Error::TenantTable { table }.into()),
            None => Ok(()),
        }
    }
}

/// The SQL of a query, as it is sent.
fn rendered(query: &impl QueryFragment<Pg>) -> QueryResult<String> {
    let mut sql = PgQueryBuilder::default();
    query.to_sql(&mut sql, &Pg)?;
    Ok(sql.finish())
}

#[cfg(test)]
mod tests {
    use diesel::query_builder::AstPass;
    use tenant_core::TenantKey;

    use super::*;

    /// One type, and whatever SQL: Diesel asks it whether its statements may be cached.
    #[derive(diesel::query_builder::QueryId)]
    struct Fragment {
        sql: &'static str,
    }

    impl QueryFragment<Pg> for Fragment {
        fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
            out.unsafe_to_cache_prepared();
            out.push_sql(self.sql);
            Ok(())
        }
    }

    #[test]
    fn what_one_value_of_a_type_says_is_not_believed_of_another() {
        let layout = Layout::new("shop").unwrap();
        let look = Look::new(&Tenancy::new(TenantKey::Uuid), &layout, true);
        assert!(!look.leaves_traces(&Fragment { sql: "SELECT 1" }).unwrap());
        let control = Fragment { sql: "SELECT set_config('a.b', 'c', false)" };
        assert!(look.leaves_traces(&control).is_err());
    }

    #[test]
    fn a_type_that_may_be_cached_is_looked_at_once() {
        let layout = Layout::new("shop").unwrap();
        let look = Look::new(&Tenancy::new(TenantKey::Uuid), &layout, true);
        let query = || diesel::select(diesel::dsl::now);
        for _ in 0..3 {
            assert!(!look.leaves_traces(&query()).unwrap());
        }
        assert_eq!(look.effects.read().unwrap().len(), 1);
    }
}
