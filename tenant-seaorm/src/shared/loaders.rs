//! SeaORM's loaders on a shared handle: the models that have been read, then what they relate to.

use sea_orm::{DbErr, EntityOrSelect, LoaderTrait, ModelTrait, QueryTrait, Related};

use super::SharedHandle;
use crate::SharedEntity;

impl<K> SharedHandle<K> {
    /// For each model the one that it relates to, in one query: `LoaderTrait::load_one`.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub async fn load_one<M, R>(
        &self,
        models: &[M],
        related: impl EntityOrSelect<R>,
    ) -> Result<Vec<Option<R::Model>>, DbErr>
    where
        M: ModelTrait<Entity: SharedEntity + Related<R>> + Sync,
        R: SharedEntity<Model: Send + Sync>,
    {
        let related = related.select();
        self.conn.audit.tree(QueryTrait::as_query(&related))?;
        models.load_one(related, &self.conn).await
    }

    /// For each model those that it relates to, in one query: `LoaderTrait::load_many`.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub async fn load_many<M, R>(
        &self,
        models: &[M],
        related: impl EntityOrSelect<R>,
    ) -> Result<Vec<Vec<R::Model>>, DbErr>
    where
        M: ModelTrait<Entity: SharedEntity + Related<R>> + Sync,
        R: SharedEntity<Model: Send + Sync>,
    {
        let related = related.select();
        self.conn.audit.tree(QueryTrait::as_query(&related))?;
        models.load_many(related, &self.conn).await
    }

    /// For each model those that it relates to by way of a third table, in two queries:
    /// `LoaderTrait::load_many_to_many`.
    ///
    /// # Errors
    /// As [`all`](Self::all).
    pub async fn load_many_to_many<M, R, V>(
        &self,
        models: &[M],
        related: impl EntityOrSelect<R>,
        via: V,
    ) -> Result<Vec<Vec<R::Model>>, DbErr>
    where
        M: ModelTrait<Entity: SharedEntity + Related<R>> + Sync,
        R: SharedEntity<Model: Send + Sync>,
        V: SharedEntity<Model: Send + Sync>,
    {
        let related = related.select();
        self.conn.audit.tree(QueryTrait::as_query(&related))?;
        models.load_many_to_many(related, via, &self.conn).await
    }
}
