//! What core's watch wants of sqlx: rows, and refusals.

use sea_orm::{DbErr, SqlxPostgresError};
use sqlx::{
    Column as _, Row as _, ValueRef as _,
    postgres::{PgRow, PgValueFormat},
};
use tenant_core::adapter::{Cell, Refusal, WatchedRow, Watching};

use crate::internals;

/// A row as sqlx got it.
pub(crate) struct Returned<'r>(pub(crate) &'r PgRow);

impl WatchedRow for Returned<'_> {
    fn columns(&self) -> usize {
        self.0.len()
    }

    fn column<T>(&self, at: usize, look: impl FnOnce(&str, Option<Cell<'_>>) -> T) -> Option<T> {
        let name = self.0.columns().get(at)?.name();
        let value = self.0.try_get_raw(at).ok()?;
        let cell = match value.format() {
            _ if value.is_null() => None,
            PgValueFormat::Binary => value.as_bytes().ok().map(Cell::binary),
            PgValueFormat::Text => value.as_bytes().ok().map(Cell::text),
        };
        Some(look(name, cell))
    }
}

/// Tells of a statement that was refused.
pub(crate) fn tell(watching: &Watching, error: &DbErr) {
    if let Some(refusal) = internals::server_error(error).and_then(refusal) {
        watching.refused(&refusal, error.to_string());
    }
}

/// What of an error is a refusal.
///
/// A refused row and a missing grant have the same SQLSTATE; they are told apart by the name of the
/// server's routine, which no `lc_messages` translates.
pub(crate) fn refusal(error: &SqlxPostgresError) -> Option<Refusal> {
    match (error.code(), error.constraint(), error.routine()) {
        (_, Some("tenant_quota"), _) => Some(Refusal::Quota),
        ("42501", _, Some("ExecWithCheckOptions")) => {
            Some(Refusal::Row(refused_table(error.message())))
        }
        ("42501", ..) => Some(Refusal::Grant),
        _ => None,
    }
}

/// The message names the table last, or the policy and the table in either order, in whatever
/// quotes the language has. Our policies' names are known.
fn refused_table(message: &str) -> Option<String> {
    const QUOTES: [char; 9] = ['"', '«', '»', '“', '”', '„', '「', '」', '\''];
    message
        .split(QUOTES)
        .skip(1)
        .step_by(2)
        .map(|name| name.trim_matches([' ', '\u{a0}', '\u{202f}']))
        .filter(|name| !name.is_empty() && !name.starts_with("tenancy_"))
        .last()
        .map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_refused_table_is_read_in_whatever_language_the_server_speaks() {
        for message in [
            r#"new row violates row-level security policy for table "invoice""#,
            r#"new row violates row-level security policy "tenancy_wall" for table "invoice""#,
            "la nouvelle ligne viole la politique de sécurité au niveau ligne pour la table « invoice »",
            "neue Zeile verletzt Policy für Sicherheit auf Zeilenebene „tenancy_wall“ für Tabelle „invoice“",
            r#"テーブル"invoice"のポリシー"tenancy_wall"に違反"#,
        ] {
            assert_eq!(refused_table(message).as_deref(), Some("invoice"), "{message}");
        }
        assert_eq!(refused_table("no name"), None);
    }
}
