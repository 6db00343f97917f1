//! SHA-256 over fields, each with its length in front, so that no two lists of them are the same
//! bytes. An absent field has the length -1.

use sha2::{Digest, Sha256};

pub(crate) fn digest<'a>(
    before: &[u8],
    fields: impl IntoIterator<Item = Option<&'a str>>,
) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(before);
    for field in fields {
        // A field of PostgreSQL's is shorter than 1 GiB.
        let length = field.map_or(-1, |text| i32::try_from(text.len()).unwrap_or(i32::MAX));
        hash.update(length.to_be_bytes());
        hash.update(field.unwrap_or_default());
    }
    hash.finalize().into()
}
