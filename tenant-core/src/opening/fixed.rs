//! The messages that are the same for every tenant.

/// The message that ends a transaction with a commit that cannot be mistaken for one.
///
/// PostgreSQL answers `COMMIT` with `ROLLBACK` in an aborted transaction, and with a warning
/// outside of one; drivers report both as success. A savepoint before it fails in either case, and
/// costs no round trip.
pub const COMMIT: &str = "SAVEPOINT tenant_commit; COMMIT";

/// The message that goes between an opening and a statement which does not wait for its answer.
///
/// A server that refuses a message goes on with the next one, and what runs outside of a transaction
/// commits by itself: behind an opening that does not parse, or is cancelled at its `BEGIN`, the
/// statement would run without a tenant. In an open transaction this does nothing; in an aborted one it
/// fails, as the statement will; outside of one it ends the session, so that no statement follows.
///
/// A transaction that a message begins for itself began when that message did; one that an earlier
/// message began is older. No setting says so, hence none that was left over can say otherwise.
pub const GUARD: &str = "SELECT pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid()) \
     WHERE pg_catalog.transaction_timestamp() = pg_catalog.statement_timestamp()";
