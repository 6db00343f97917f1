#![allow(
    unreachable_pub,
    missing_debug_implementations,
    reason = "what the derives make is public"
)]

use diesel::{
    deserialize::{self, FromSql, FromSqlRow},
    expression::AsExpression,
    pg::{Pg, PgValue},
    serialize::{self, IsNull, Output, ToSql},
};
use std::io::Write;
use tenant_core::{TenantScope, Verified};
use tenant_diesel::{TenantDb, TenantTransaction, prelude::*};

use crate::app::{App, Mood};

pub(crate) mod schema {
    /// Found on the path, as a type of the shared schema is.
    #[derive(diesel::sql_types::SqlType, diesel::query_builder::QueryId)]
    #[diesel(postgres_type(name = "mood"))]
    pub struct MoodType;

    diesel::table! {
        use diesel::sql_types::{Int8, Text};
        use super::MoodType;
        customers (id) { id -> Int8, name -> Text, mood -> MoodType, }
    }
    diesel::table! { orders (id) { id -> Int8, customer_id -> Int8, total -> Int8, } }
    diesel::table! { plans (id) { id -> Int4, name -> Text, } }
    diesel::joinable!(orders -> customers (customer_id));
    diesel::allow_tables_to_appear_in_same_query!(customers, orders, plans);
}

tenant_diesel::tenancy! {
    pub(crate) static TENANCY;
    key uuid;
    tenant { schema::customers, schema::orders }
    shared { schema::plans }
}

use schema::{MoodType, customers, orders, plans};

#[derive(Debug, Clone, Copy, AsExpression, FromSqlRow)]
#[diesel(sql_type = MoodType)]
pub(crate) struct Felt(pub(crate) Mood);

impl ToSql<MoodType, Pg> for Felt {
    fn to_sql<'b>(&'b self, out: &mut Output<'b, '_, Pg>) -> serialize::Result {
        out.write_all(match self.0 {
            Mood::Happy => b"happy",
            Mood::Sad => b"sad",
        })?;
        Ok(IsNull::No)
    }
}

impl FromSql<MoodType, Pg> for Felt {
    fn from_sql(bytes: PgValue<'_>) -> deserialize::Result<Self> {
        match bytes.as_bytes() {
            b"happy" => Ok(Self(Mood::Happy)),
            b"sad" => Ok(Self(Mood::Sad)),
            other => Err(format!("no mood: {other:?}").into()),
        }
    }
}

async fn take_in(
    tx: &mut TenantTransaction,
    name: &str,
    mood: Mood,
    total: i64,
) -> QueryResult<i64> {
    let customer: i64 = diesel::insert_into(customers::table)
        .values((customers::name.eq(name), customers::mood.eq(Felt(mood))))
        .returning(customers::id)
        .get_result(tx)
        .await?;
    order_of(tx, customer, total).await
}

async fn order_of(tx: &mut TenantTransaction, customer: i64, total: i64) -> QueryResult<i64> {
    diesel::insert_into(orders::table)
        .values((orders::customer_id.eq(customer), orders::total.eq(total)))
        .returning(orders::id)
        .get_result(tx)
        .await
}

async fn all(tx: &mut TenantTransaction) -> QueryResult<Vec<(String, Felt)>> {
    customers::table.select((customers::name, customers::mood)).order(customers::id).load(tx).await
}

async fn sum_of(tx: &mut TenantTransaction, mood: Mood) -> QueryResult<i64> {
    let totals: Vec<i64> = orders::table
        .inner_join(customers::table)
        .filter(customers::mood.eq(Felt(mood)))
        .select(orders::total)
        .load(tx)
        .await?;
    Ok(totals.into_iter().sum())
}

async fn raise_all(tx: &mut TenantTransaction, by: i64) -> QueryResult<usize> {
    diesel::update(orders::table).set(orders::total.eq(orders::total + by)).execute(tx).await
}

async fn remove(tx: &mut TenantTransaction, name: &str) -> QueryResult<()> {
    let id: i64 =
        customers::table.filter(customers::name.eq(name)).select(customers::id).first(tx).await?;
    diesel::delete(orders::table.filter(orders::customer_id.eq(id))).execute(tx).await?;
    diesel::delete(customers::table.find(id)).execute(tx).await?;
    Ok(())
}

impl App for TenantDb {
    async fn order(
        &self,
        scope: &TenantScope<Verified>,
        name: &str,
        mood: Mood,
        total: i64,
    ) -> i64 {
        let mut tx = self.begin(scope).await.unwrap();
        let id = take_in(&mut tx, name, mood, total).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn customers(&self, scope: &TenantScope<Verified>) -> Vec<(String, Mood)> {
        let mut tx = self.begin(scope).await.unwrap();
        let all = all(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        all.into_iter().map(|(name, mood)| (name, mood.0)).collect()
    }

    async fn sum(&self, scope: &TenantScope<Verified>, mood: Mood) -> i64 {
        let run = async |tx: &mut TenantTransaction| sum_of(tx, mood).await;
        self.transaction(scope, run).await.unwrap()
    }

    async fn raise(&self, scope: &TenantScope<Verified>, by: i64) -> u64 {
        let mut tx = self.begin(scope).await.unwrap();
        let raised = raise_all(&mut tx, by).await.unwrap();
        tx.commit().await.unwrap();
        u64::try_from(raised).unwrap()
    }

    async fn nearly_remove(&self, scope: &TenantScope<Verified>, name: &str) {
        let mut tx = self.begin(scope).await.unwrap();
        let undone = tx
            .transaction(async |tx| {
                remove(tx, name).await?;
                Err::<(), _>(diesel::result::Error::RollbackTransaction)
            })
            .await;
        assert!(undone.is_err());
        let kept = async |tx: &mut TenantTransaction| raise_all(tx, 0).await;
        tx.transaction(kept).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn plans(&self, scope: &TenantScope<Verified>) -> Vec<String> {
        let mut tx = self.begin(scope).await.unwrap();
        let names = plans::table.select(plans::name).order(plans::id);
        let names: Vec<String> = names.load(&mut tx).await.unwrap();
        let same: i64 = plans::table.count().get_result(&mut tx.shared()).await.unwrap();
        assert_eq!(usize::try_from(same).unwrap(), names.len());
        tx.commit().await.unwrap();
        names
    }

    async fn order_for(&self, scope: &TenantScope<Verified>, customer: i64) -> Result<(), String> {
        let mut tx = self.begin(scope).await.unwrap();
        let made = order_of(&mut tx, customer, 1).await;
        tx.rollback().await.unwrap();
        made.map(drop).map_err(|error| error.to_string())
    }
}
