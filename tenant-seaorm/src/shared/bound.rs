//! What SeaORM does with a query beyond `all` and `one`, on a query that a shared handle has
//! looked at. Nothing can be added to it any more that would need a new look.

use std::fmt;

use futures_util::{Stream, TryStreamExt};
use sea_orm::{
    Cursor, CursorTrait, DbErr, FromQueryResult, IntoIdentity, Paginator, PaginatorTrait,
    PartialModelTrait, QuerySelect, QueryTrait, Select, SelectExt, SelectModel, Selector,
    SelectorTrait, TryGetableMany, sea_query::IntoValueTuple,
};

use super::{SharedConnection, SharedSelect, SharedSelectOne};
use crate::SharedEntity;

/// A query bound to a shared handle; made by [`SharedHandle::query`](crate::SharedHandle::query).
#[must_use = "it runs when one of its methods is called"]
pub struct BoundSelect<'a, Q> {
    query: Q,
    conn: &'a SharedConnection,
}

impl<'a, Q: SharedSelect> BoundSelect<'a, Q> {
    pub(super) fn new(query: Q, conn: &'a SharedConnection) -> Self {
        Self { query, conn }
    }

    /// All rows.
    pub async fn all(self) -> Result<Vec<Q::Item>, DbErr> {
        self.query.all_on(self.conn).await
    }

    /// The first row, if there is one.
    pub async fn one(self) -> Result<Option<Q::Item>, DbErr>
    where
        Q: SharedSelectOne,
    {
        self.query.one_on(self.conn).await
    }

    /// How many rows there are, with the query's own limit and offset.
    pub async fn count(self) -> Result<u64, DbErr>
    where
        Q: PaginatorTrait<'a, SharedConnection>,
    {
        self.query.count(self.conn).await
    }

    /// Pages of this many rows: SeaORM's own paginator.
    pub fn paginate(
        self,
        page_size: u64,
    ) -> Paginator<'a, SharedConnection, <Q as PaginatorTrait<'a, SharedConnection>>::Selector>
    where
        Q: PaginatorTrait<'a, SharedConnection>,
    {
        self.query.paginate(self.conn, page_size)
    }

    /// Whether there is a row.
    pub async fn exists(self) -> Result<bool, DbErr>
    where
        Q: SelectExt,
    {
        self.query.exists(self.conn).await
    }
}

impl<'a, E: SharedEntity> BoundSelect<'a, Select<E>> {
    /// Reads its rows as another model.
    pub fn into_model<M: FromQueryResult>(self) -> BoundSelector<'a, SelectModel<M>> {
        BoundSelector { selector: self.query.into_model(), conn: self.conn }
    }

    /// Reads the columns of a partial model.
    ///
    /// # Errors
    /// [`Error::TenantTable`](crate::Error::TenantTable) inside of the [`DbErr`] when the model
    /// brings along an expression over another table.
    pub fn into_partial_model<M: PartialModelTrait>(
        self,
    ) -> Result<BoundSelector<'a, SelectModel<M>>, DbErr> {
        let query = M::select_cols(QuerySelect::select_only(self.query));
        self.conn.audit.tree(QueryTrait::as_query(&query))?;
        Ok(BoundSelector { selector: query.into_model(), conn: self.conn })
    }

    /// Reads its rows as tuples, or as single values, by the order of the selected columns.
    pub fn into_tuple<T: TryGetableMany>(
        self,
    ) -> BoundSelector<'a, impl SelectorTrait<Item = T> + use<E, T>> {
        BoundSelector { selector: self.query.into_tuple::<T>(), conn: self.conn }
    }

    /// A cursor over these columns.
    pub fn cursor_by(
        self,
        columns: impl IntoIdentity,
    ) -> BoundCursor<'a, <Select<E> as CursorTrait>::Selector>
    where
        E::Model: Send + Sync,
    {
        BoundCursor { cursor: self.query.cursor_by(columns), conn: self.conn }
    }

    /// The rows one by one. The stream holds the transaction's connection until it is dropped.
    pub async fn stream(
        self,
    ) -> Result<impl Stream<Item = Result<E::Model, DbErr>> + Send + 'a, DbErr>
    where
        E::Model: Send + 'a,
    {
        self.query.stream(self.conn).await
    }
}

impl<Q> fmt::Debug for BoundSelect<'_, Q> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundSelect").finish_non_exhaustive()
    }
}

/// A bound query whose rows are read as something else.
#[must_use = "it runs when one of its methods is called"]
pub struct BoundSelector<'a, S: SelectorTrait> {
    selector: Selector<S>,
    conn: &'a SharedConnection,
}

impl<'a, S: SelectorTrait + Send> BoundSelector<'a, S> {
    /// All rows.
    pub async fn all(self) -> Result<Vec<S::Item>, DbErr> {
        self.selector.all(self.conn).await
    }

    /// The first row, if there is one.
    pub async fn one(self) -> Result<Option<S::Item>, DbErr> {
        self.selector.one(self.conn).await
    }

    /// Pages of this many rows: SeaORM's own paginator.
    pub fn paginate(self, page_size: u64) -> Paginator<'a, SharedConnection, S>
    where
        S: Sync + 'a,
    {
        self.selector.paginate(self.conn, page_size)
    }

    /// The rows one by one. The stream holds the transaction's connection until it is dropped.
    pub async fn stream(
        self,
    ) -> Result<impl Stream<Item = Result<S::Item, DbErr>> + Send + 'a, DbErr>
    where
        S: 'a,
        S::Item: Send,
    {
        Ok(self.selector.stream(self.conn).await?.into_stream())
    }
}

impl<S: SelectorTrait> fmt::Debug for BoundSelector<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundSelector").finish_non_exhaustive()
    }
}

/// A cursor over a bound query: SeaORM's `Cursor`.
#[must_use = "it runs when `all` is called"]
pub struct BoundCursor<'a, S: SelectorTrait> {
    cursor: Cursor<S>,
    conn: &'a SharedConnection,
}

impl<S: SelectorTrait> BoundCursor<'_, S> {
    /// Rows before these values.
    pub fn before(mut self, values: impl IntoValueTuple) -> Self {
        self.cursor.before(values);
        self
    }

    /// Rows after these values.
    pub fn after(mut self, values: impl IntoValueTuple) -> Self {
        self.cursor.after(values);
        self
    }

    /// Only the first rows.
    pub fn first(mut self, rows: u64) -> Self {
        self.cursor.first(rows);
        self
    }

    /// Only the last rows.
    pub fn last(mut self, rows: u64) -> Self {
        self.cursor.last(rows);
        self
    }

    /// From low to high, which is the default.
    pub fn asc(mut self) -> Self {
        self.cursor.asc();
        self
    }

    /// From high to low.
    pub fn desc(mut self) -> Self {
        self.cursor.desc();
        self
    }

    /// The rows.
    pub async fn all(mut self) -> Result<Vec<S::Item>, DbErr> {
        self.cursor.all(self.conn).await
    }
}

impl<S: SelectorTrait> fmt::Debug for BoundCursor<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoundCursor").finish_non_exhaustive()
    }
}
