//! Which writes run on a shared handle.

use sea_orm::{
    ActiveModelTrait, DbErr, DeleteMany, DeleteOne, DeleteResult, EntityTrait, Insert, InsertMany,
    InsertManyResult, InsertResult, IntoActiveModel, QueryTrait, TryInsert, TryInsertResult,
    UpdateMany, UpdateOne, UpdateResult, ValidatedDeleteOne, ValidatedUpdateOne,
};

use super::SharedConnection;
use crate::{Error, SharedEntity};

mod sealed {
    pub trait Sealed {}
}

/// A write to a shared entity.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be executed on a shared handle",
    label = "not a write to a shared entity",
    note = "pass `Entity::insert(…)`, `insert_many`, `update`, `update_many`, `delete` or `delete_many` of a shared entity"
)]
pub trait SharedWrite: sealed::Sealed + Sized + Send {
    /// What its `exec` gives.
    type Output: Send;

    #[doc(hidden)]
    fn check(&self, conn: &SharedConnection) -> Result<(), Error>;
    #[doc(hidden)]
    fn exec_on(
        self,
        conn: &SharedConnection,
    ) -> impl Future<Output = Result<Self::Output, DbErr>> + Send;
}

/// A write to a shared entity that can return what it wrote.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot return rows on a shared handle",
    label = "not a write to a shared entity that returns rows"
)]
pub trait SharedReturning: SharedWrite {
    /// What its `exec_with_returning` gives.
    type Rows: Send;

    #[doc(hidden)]
    fn returning_on(
        self,
        conn: &SharedConnection,
    ) -> impl Future<Output = Result<Self::Rows, DbErr>> + Send;
}

type ModelOf<A> = <<A as ActiveModelTrait>::Entity as EntityTrait>::Model;

macro_rules! walked {
    () => {
        fn check(&self, conn: &SharedConnection) -> Result<(), Error> {
            conn.audit.tree(QueryTrait::as_query(self))
        }
    };
}

/// SeaORM shows no statement of these; they hold one row's values, and their SQL is scanned.
macro_rules! unwalked {
    () => {
        fn check(&self, _: &SharedConnection) -> Result<(), Error> {
            Ok(())
        }
    };
}

macro_rules! active_model_write {
    ($write:ident<A>, $check:ident, $output:ty, $rows:ty, $returning:ident) => {
        impl<A: ActiveModelTrait<Entity: SharedEntity>> sealed::Sealed for $write<A> {}

        impl<A> SharedWrite for $write<A>
        where
            A: ActiveModelTrait<Entity: SharedEntity> + Send,
            ModelOf<A>: IntoActiveModel<A>,
            $output: Send,
        {
            type Output = $output;

            $check!();

            async fn exec_on(self, conn: &SharedConnection) -> Result<$output, DbErr> {
                self.exec(conn).await
            }
        }

        impl<A> SharedReturning for $write<A>
        where
            A: ActiveModelTrait<Entity: SharedEntity> + Send,
            ModelOf<A>: IntoActiveModel<A>,
            $output: Send,
        {
            type Rows = $rows;

            async fn returning_on(self, conn: &SharedConnection) -> Result<$rows, DbErr> {
                self.$returning(conn).await
            }
        }
    };
}

macro_rules! entity_write {
    ($write:ident<E>, $check:ident, $output:ty, $rows:ty) => {
        impl<E: SharedEntity> sealed::Sealed for $write<E> {}

        impl<E: SharedEntity<Model: Send>> SharedWrite for $write<E> {
            type Output = $output;

            $check!();

            async fn exec_on(self, conn: &SharedConnection) -> Result<$output, DbErr> {
                self.exec(conn).await
            }
        }

        impl<E: SharedEntity<Model: Send>> SharedReturning for $write<E> {
            type Rows = $rows;

            async fn returning_on(self, conn: &SharedConnection) -> Result<$rows, DbErr> {
                self.exec_with_returning(conn).await
            }
        }
    };
}

active_model_write!(Insert<A>, walked, InsertResult<A>, ModelOf<A>, exec_with_returning);
active_model_write!(
    InsertMany<A>,
    walked,
    InsertManyResult<A>,
    Vec<ModelOf<A>>,
    exec_with_returning
);
active_model_write!(
    TryInsert<A>,
    walked,
    TryInsertResult<InsertResult<A>>,
    TryInsertResult<ModelOf<A>>,
    exec_with_returning
);
active_model_write!(UpdateOne<A>, unwalked, ModelOf<A>, ModelOf<A>, exec);
active_model_write!(ValidatedUpdateOne<A>, walked, ModelOf<A>, ModelOf<A>, exec);
entity_write!(UpdateMany<E>, walked, UpdateResult, Vec<E::Model>);
entity_write!(DeleteMany<E>, walked, DeleteResult, Vec<E::Model>);
entity_write!(DeleteOne<E>, unwalked, DeleteResult, Option<E::Model>);
entity_write!(ValidatedDeleteOne<E>, walked, DeleteResult, Option<E::Model>);
