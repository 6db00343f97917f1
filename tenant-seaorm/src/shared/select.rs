//! Which queries run on a shared handle: those all of whose entities are shared.

use sea_orm::{
    DbErr, EntityTrait, QueryTrait, Select, SelectFive, SelectFour, SelectFourMany, SelectSix,
    SelectThree, SelectThreeMany, SelectTwo, SelectTwoMany, SelectTwoRequired, Topology,
    TopologyChain, TopologyStar,
};

use super::SharedConnection;
use crate::{Error, SharedEntity};

mod sealed {
    pub trait Sealed {}
}

/// A query whose entities are all shared.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot run on a shared handle",
    label = "not a query of shared entities",
    note = "pass `Entity::find()`, with `find_also_related`, `find_with_related` and the like where wanted",
    note = "for other models, tuples and pages: `shared.query(Entity::find())?`, and go on from there"
)]
pub trait SharedSelect: sealed::Sealed + Sized + Send {
    /// What a row is read as.
    type Item: Send;

    #[doc(hidden)]
    fn check(&self, conn: &SharedConnection) -> Result<(), Error>;
    #[doc(hidden)]
    fn all_on(
        self,
        conn: &SharedConnection,
    ) -> impl Future<Output = Result<Vec<Self::Item>, DbErr>> + Send;
}

/// A query of shared entities of which one row can be asked for.
#[diagnostic::on_unimplemented(
    message = "one row of `{Self}` cannot be asked for on a shared handle",
    label = "not a query of shared entities that has a first row",
    note = "a query that gathers rows (`find_with_related`, `consolidate`) has `all` only, as in SeaORM"
)]
pub trait SharedSelectOne: SharedSelect {
    #[doc(hidden)]
    fn one_on(
        self,
        conn: &SharedConnection,
    ) -> impl Future<Output = Result<Option<Self::Item>, DbErr>> + Send;
}

type Row<E> = <E as EntityTrait>::Model;

/// With the statement, the walk sees what `.join` and subqueries hide.
macro_rules! walked {
    () => {
        fn check(&self, conn: &SharedConnection) -> Result<(), Error> {
            conn.audit.tree(QueryTrait::as_query(self))
        }
    };
}

/// SeaORM shows no statement of these; their SQL is scanned like any.
macro_rules! unwalked {
    () => {
        fn check(&self, _: &SharedConnection) -> Result<(), Error> {
            Ok(())
        }
    };
}

macro_rules! select {
    ($select:ty, [$($entity:ident),+ $(; $topology:ident)?], $item:ty, $check:ident) => {
        impl<$($entity: SharedEntity,)+ $($topology: Topology)?> sealed::Sealed for $select {}

        impl<$($entity,)+ $($topology)?> SharedSelect for $select
        where
            $($entity: SharedEntity<Model: Send + Sync>,)+
            $($topology: Topology + Send,)?
        {
            type Item = $item;

            $check!();

            async fn all_on(self, conn: &SharedConnection) -> Result<Vec<$item>, DbErr> {
                self.all(conn).await
            }
        }
    };
}

/// As `select!`, of which one row can be asked for.
macro_rules! select_one {
    ($select:ty, [$($entity:ident),+ $(; $topology:ident)?], $item:ty) => {
        select!($select, [$($entity),+ $(; $topology)?], $item, walked);

        impl<$($entity,)+ $($topology)?> SharedSelectOne for $select
        where
            $($entity: SharedEntity<Model: Send + Sync>,)+
            $($topology: Topology + Send,)?
        {
            async fn one_on(self, conn: &SharedConnection) -> Result<Option<$item>, DbErr> {
                self.one(conn).await
            }
        }
    };
}

select_one!(Select<E>, [E], Row<E>);
select_one!(SelectTwo<E, F>, [E, F], (Row<E>, Option<Row<F>>));
select_one!(SelectTwoRequired<E, F>, [E, F], (Row<E>, Row<F>));
select!(SelectTwoMany<E, F>, [E, F], (Row<E>, Vec<Row<F>>), walked);
select_one!(
    SelectThree<E, F, G, T>, [E, F, G; T],
    (Row<E>, Option<Row<F>>, Option<Row<G>>)
);
select_one!(
    SelectFour<E, F, G, H, T>, [E, F, G, H; T],
    (Row<E>, Option<Row<F>>, Option<Row<G>>, Option<Row<H>>)
);
select_one!(
    SelectFive<E, F, G, H, I, T>, [E, F, G, H, I; T],
    (Row<E>, Option<Row<F>>, Option<Row<G>>, Option<Row<H>>, Option<Row<I>>)
);
select_one!(
    SelectSix<E, F, G, H, I, J, T>, [E, F, G, H, I, J; T],
    (Row<E>, Option<Row<F>>, Option<Row<G>>, Option<Row<H>>, Option<Row<I>>, Option<Row<J>>)
);
select!(
    SelectThreeMany<E, F, G, TopologyStar>, [E, F, G],
    (Row<E>, Vec<Row<F>>, Vec<Row<G>>), unwalked
);
select!(
    SelectThreeMany<E, F, G, TopologyChain>, [E, F, G],
    (Row<E>, Vec<(Row<F>, Vec<Row<G>>)>), unwalked
);
select!(
    SelectFourMany<E, F, G, H, TopologyStar>, [E, F, G, H],
    (Row<E>, Vec<Row<F>>, Vec<Row<G>>, Vec<Row<H>>), unwalked
);
