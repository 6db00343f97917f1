//! Checksums of a file, and of a table's rows in whatever order they come.

use sha2::{Digest, Sha256};

use crate::hex::hex;

/// SHA-256 of bytes.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

/// A file's bytes and lines as they pass by.
#[derive(Debug, Default)]
pub(crate) struct FileDigest {
    hash: Sha256,
    pub(crate) bytes: u64,
}

impl FileDigest {
    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.bytes += bytes.len() as u64;
    }

    pub(crate) fn finish(self) -> String {
        hex(&self.hash.finalize())
    }
}

/// Rows without their order: the sum of each row's SHA-256, in four lanes of 64 bits. Two tables
/// with the same rows have the same, and one changed row changes it. It finds accidents; what finds
/// intent is a manifest's SHA-256 that was kept elsewhere.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct RowsDigest {
    lanes: [u64; 4],
    pub(crate) rows: u64,
}

impl RowsDigest {
    pub(crate) fn add(&mut self, row: &[u8]) {
        let hash: [u8; 32] = Sha256::digest(row).into();
        let (chunks, _) = hash.as_chunks::<8>();
        for (lane, chunk) in self.lanes.iter_mut().zip(chunks) {
            *lane = lane.wrapping_add(u64::from_be_bytes(*chunk));
        }
        self.rows += 1;
    }

    /// The same with other rows in the place of some of its own.
    pub(crate) fn replace(&mut self, old: &Self, new: &Self) {
        for (lane, (old, new)) in self.lanes.iter_mut().zip(old.lanes.iter().zip(&new.lanes)) {
            *lane = lane.wrapping_sub(*old).wrapping_add(*new);
        }
        self.rows = self.rows.wrapping_sub(old.rows).wrapping_add(new.rows);
    }

    pub(crate) fn text(&self) -> String {
        self.lanes.iter().map(|lane| hex(&lane.to_be_bytes())).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(rows: &[String]) -> RowsDigest {
        let mut digest = RowsDigest::default();
        for row in rows {
            digest.add(row.as_bytes());
        }
        digest
    }

    proptest! {
        #[test]
        fn the_order_of_rows_does_not_matter_and_their_number_and_text_do(
            mut rows in proptest::collection::vec(".{0,9}", 1..20),
        ) {
            let before = of(&rows);
            rows.reverse();
            prop_assert_eq!(&before, &of(&rows));
            rows.push(rows[0].clone());
            prop_assert_ne!(before.text(), of(&rows).text());
            rows.pop();
            rows[0].push('x');
            prop_assert_ne!(before.text(), of(&rows).text());
        }

        #[test]
        fn rows_in_the_place_of_others_are_as_if_they_had_been_there(
            stay in prop::collection::vec(".{0,9}", 0..9), old in prop::collection::vec(".{0,9}", 0..9),
            new in prop::collection::vec(".{0,9}", 0..9),
        ) {
            let mut digest = of(&[stay.clone(), old.clone()].concat());
            digest.replace(&of(&old), &of(&new));
            prop_assert_eq!(digest, of(&[stay, new].concat()));
        }
    }
}
