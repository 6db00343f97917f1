//! A tenant column's value as the driver got it, whatever its type.

use std::{borrow::Cow, str};

use uuid::Uuid;

use crate::TenantId;

/// A value as PostgreSQL sent it.
#[derive(Debug, Clone, Copy)]
pub struct Cell<'v> {
    bytes: &'v [u8],
    binary: bool,
}

impl<'v> Cell<'v> {
    /// In PostgreSQL's binary format.
    pub fn binary(bytes: &'v [u8]) -> Self {
        Self { bytes, binary: true }
    }

    /// In its text format.
    pub fn text(bytes: &'v [u8]) -> Self {
        Self { bytes, binary: false }
    }

    /// Whether it is this tenant's id. A value of another type is nobody's.
    pub(super) fn is(self, tenant: &TenantId) -> bool {
        if let Some(uuid) = tenant.as_uuid()
            && self.uuid() == Some(uuid)
        {
            return true;
        }
        if let Some(int) = tenant.as_i64()
            && self.int() == Some(int)
        {
            return true;
        }
        // A text key; and a key that the application keeps as text. `char(n)` is padded.
        let text = str::from_utf8(self.bytes).map(|text| text.trim_end_matches(' '));
        text.is_ok_and(|text| text == tenant.to_string().trim_end_matches(' '))
    }

    fn uuid(self) -> Option<Uuid> {
        if self.binary {
            Uuid::from_slice(self.bytes).ok()
        } else {
            Uuid::parse_str(str::from_utf8(self.bytes).ok()?).ok()
        }
    }

    /// `smallint`, `integer` or `bigint`.
    fn int(self) -> Option<i64> {
        if !self.binary {
            return str::from_utf8(self.bytes).ok()?.parse().ok();
        }
        let small = self.bytes.try_into().map(i16::from_be_bytes).map(i64::from);
        let middle = || self.bytes.try_into().map(i32::from_be_bytes).map(i64::from);
        let big = || self.bytes.try_into().map(i64::from_be_bytes);
        small.or_else(|_| middle()).or_else(|_| big()).ok()
    }

    /// As a person reads it, for a tenant of the same kind.
    pub(super) fn shown(self, like: &TenantId) -> String {
        let uuid = like.as_uuid().and_then(|_| self.uuid()).map(|uuid| uuid.to_string());
        let int = || like.as_i64().and_then(|_| self.int()).map(|int| int.to_string());
        uuid.or_else(int).unwrap_or_else(|| match String::from_utf8_lossy(self.bytes) {
            Cow::Borrowed(text) => text.chars().take(100).collect(),
            Cow::Owned(_) => format!("{} bytes", self.bytes.len()),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_id_is_known_in_each_form_and_no_other_is(a: i64, b: i64, small: i16, u: u128, v: u128) {
            let id = TenantId::from(a);
            for cell in [Cell::binary(&a.to_be_bytes()), Cell::text(a.to_string().as_bytes())] {
                prop_assert!(cell.is(&id));
                prop_assert_eq!(cell.shown(&id), a.to_string());
            }
            prop_assert_eq!(Cell::binary(&b.to_be_bytes()).is(&id), a == b);
            prop_assert!(Cell::binary(&small.to_be_bytes()).is(&TenantId::from(i64::from(small))));
            prop_assert!(Cell::binary(&i32::from(small).to_be_bytes()).is(&TenantId::from(i64::from(small))));

            let (u, v) = (Uuid::from_u128(u), Uuid::from_u128(v));
            let id = TenantId::from(u);
            for cell in [Cell::binary(u.as_bytes()), Cell::text(u.to_string().as_bytes())] {
                prop_assert!(cell.is(&id));
                prop_assert_eq!(cell.shown(&id), u.to_string());
            }
            prop_assert_eq!(Cell::binary(v.as_bytes()).is(&id), u == v);
        }

        #[test]
        fn whatever_bytes_come_it_says_something(bytes: Vec<u8>, binary: bool) {
            let cell = Cell { bytes: &bytes, binary };
            for id in [TenantId::from(1), TenantId::from(Uuid::max()), TenantId::try_from("acme").unwrap()] {
                if !cell.is(&id) {
                    let _ = cell.shown(&id);
                }
            }
        }
    }

    #[test]
    fn a_text_key_is_known_padded_too() {
        let acme = TenantId::try_from("acme").unwrap();
        assert!(Cell::binary(b"acme").is(&acme));
        assert!(Cell::binary(b"acme   ").is(&acme));
        assert!(!Cell::binary(b"acm").is(&acme));
        assert!(!Cell::binary(b"acme2").is(&acme));
        assert!(!Cell::binary(b"").is(&acme));
    }
}
