use serde::{Deserialize, Serialize};

use super::{AlsoAffected, ErasureError};
use crate::{Error, SealKey, SessionError, TenantId, Unnarrowed, digest::digest, hex::hex};

/// What is hashed and signed begins with this, so that nothing else that is signed with the key can
/// be taken for a receipt.
const DOMAIN: &str = "tenancy.erasure.1";

/// The proof of an erasure: what was erased, when, by whom and why. It names no row and no person of
/// the tenant, so it can be kept.
///
/// ```no_run
/// # fn f(text: &str, key: &tenant_core::SealKey) -> Result<(), Box<dyn std::error::Error>> {
/// use tenant_core::ErasureReceipt;
///
/// let receipt: ErasureReceipt = serde_json::from_str(text)?;
/// receipt.verify(key)?; // nobody has changed it
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErasureReceipt {
    /// The tenant.
    pub tenant: TenantId,
    /// Every table, with the number of rows that were erased, also where there were none.
    pub tables: Vec<ErasedTable>,
    /// Rows of other tables that the database deleted or changed because they hung on the tenant's.
    pub also: Vec<AlsoAffected>,
    /// Tables that were left, and why.
    pub kept: Vec<KeptTable>,
    /// What holds copies that no erasure reaches: materialised views and the like.
    pub elsewhere: Vec<String>,
    /// When it began, by the database's clock, in UTC.
    pub started: String,
    /// When it was counted that nothing is left.
    pub ended: String,
    /// Who erased.
    pub actor: String,
    /// Why.
    pub reason: String,
    /// Why no policy hid a row from it.
    pub row_security: Unnarrowed,
    /// Over all of this, SHA-256, in hexadecimal digits; in the audit log and the tombstone, too.
    pub hash: String,
    /// The name of the key, if it is signed.
    pub key: Option<String>,
    /// HMAC-SHA-256 with that key, in hexadecimal digits.
    pub signature: Option<String>,
}

/// A table of a receipt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ErasedTable {
    /// The table, quoted, with its schema.
    pub table: String,
    /// How many rows were deleted.
    pub rows: u64,
}

/// A table that was left.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct KeptTable {
    /// The table, quoted, with its schema.
    pub table: String,
    /// Why.
    pub reason: String,
}

impl ErasureReceipt {
    /// How many rows were erased.
    pub fn rows(&self) -> u64 {
        self.tables.iter().map(|table| table.rows).sum()
    }

    /// Whether the receipt is what was signed with this key.
    ///
    /// # Errors
    /// [`ErasureError::Receipt`] with what is wrong.
    pub fn verify(&self, key: &SealKey) -> Result<(), ErasureError> {
        let (Some(name), Some(signature)) = (&self.key, &self.signature) else {
            return Err(ErasureError::Receipt { why: "it is not signed" });
        };
        let why = if self.computed()? != self.hash {
            "its hash does not fit it: it was changed"
        } else if name != key.name() {
            "it was signed with a key of another name"
        } else if !key.verifies(&self.payload(name), signature)? {
            "this key has not signed it"
        } else {
            return Ok(());
        };
        Err(ErasureError::Receipt { why })
    }

    /// With its hash and, if there is a key, its signature.
    pub(super) fn sealed(mut self, key: Option<&SealKey>) -> Result<Self, ErasureError> {
        self.hash = self.computed()?;
        if let Some(key) = key {
            self.signature = Some(key.sign(&self.payload(key.name()))?);
            self.key = Some(key.name().to_owned());
        }
        Ok(self)
    }

    /// Over its fields in their order, without hash and signature.
    fn computed(&self) -> Result<String, ErasureError> {
        let bare = Self { hash: String::new(), key: None, signature: None, ..self.clone() };
        let text = serde_json::to_string(&bare).map_err(SessionError::driver);
        Ok(hex(&digest(DOMAIN.as_bytes(), [Some(&*text.map_err(Error::from)?)])))
    }

    fn payload(&self, key: &str) -> String {
        format!("{DOMAIN}|{key}|{}", self.hash)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt() -> ErasureReceipt {
        ErasureReceipt {
            tenant: TenantId::from(7),
            tables: vec![ErasedTable { table: "\"public\".\"orders\"".to_owned(), rows: 3 }],
            also: Vec::new(),
            kept: vec![KeptTable { table: "x".to_owned(), reason: "law".to_owned() }],
            elsewhere: Vec::new(),
            started: "a".to_owned(),
            ended: "b".to_owned(),
            actor: "alice".to_owned(),
            reason: "request".to_owned(),
            row_security: Unnarrowed::RowSecurityOff,
            hash: String::new(),
            key: None,
            signature: None,
        }
    }

    fn key(byte: u8) -> SealKey {
        SealKey::new("k1", vec![byte; 32]).unwrap()
    }

    #[test]
    fn a_signed_receipt_survives_its_json_and_no_change() {
        let signed = receipt().sealed(Some(&key(1))).unwrap();
        let json = serde_json::to_string(&signed).unwrap();
        let read: ErasureReceipt = serde_json::from_str(&json).unwrap();
        assert_eq!(read, signed);
        read.verify(&key(1)).unwrap();
        assert!(read.verify(&key(2)).is_err());
        for change in [
            |r: &mut ErasureReceipt| r.tenant = TenantId::from(8),
            |r: &mut ErasureReceipt| r.tables[0].rows = 4,
            |r: &mut ErasureReceipt| r.tables[0].table.push('x'),
            |r: &mut ErasureReceipt| r.kept.clear(),
            |r: &mut ErasureReceipt| r.ended.push('c'),
            |r: &mut ErasureReceipt| r.actor = "eve".to_owned(),
            |r: &mut ErasureReceipt| r.reason.clear(),
            |r: &mut ErasureReceipt| r.row_security = Unnarrowed::AdminPolicy,
            |r: &mut ErasureReceipt| r.hash = r.hash.replace('1', "2"),
            |r: &mut ErasureReceipt| r.signature = Some(String::new()),
            |r: &mut ErasureReceipt| r.signature = None,
            |r: &mut ErasureReceipt| r.key = Some("k2".to_owned()),
        ] {
            let mut changed = signed.clone();
            change(&mut changed);
            assert!(changed == signed || changed.verify(&key(1)).is_err(), "{changed:?}");
        }
        // Whoever computes the hash anew still has no signature.
        let mut forged = receipt();
        forged.tables[0].rows = 0;
        let mut forged = forged.sealed(None).unwrap();
        (forged.key, forged.signature) = (signed.key.clone(), signed.signature.clone());
        assert!(forged.verify(&key(1)).is_err());
    }

    #[test]
    fn a_receipts_signature_opens_no_transaction() {
        // `tenancy.open` verifies a payload that begins with its own name.
        let signed = receipt().sealed(Some(&key(1))).unwrap();
        assert!(!signed.payload("k1").starts_with("tenancy.open"));
    }
}
