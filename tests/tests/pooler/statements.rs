//! What a client left prepared on a connection of the server's, and whom it meets there.

use diesel_async::{AsyncConnection, AsyncPgConnection, SimpleAsyncConnection};
use sea_orm::FromQueryResult;
use tenant_core::{Pooler, SqlSession};
use tenant_diesel::prelude::*;
use tenant_tests::{bouncer::Settings, shop::Shop};

use crate::fixture::{ADAPTERS, Adapter, Look, Pool, TENANCY, bouncer, kinds};
