//! What stands in Redis: an answer, when it was asked for, and a signature over both, its name and
//! the words it is kept under.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Serialize, de::DeserializeOwned};

use super::server::Words;
use crate::{Error, SealKey, SessionError, digest::digest, hex::hex};

/// What is signed begins with this, so that nothing else that is signed with the key is taken for an
/// entry.
const DOMAIN: &str = "tenancy.cache.1";

#[derive(Debug)]
pub(super) struct Entry<T> {
    pub(super) value: T,
    /// When the question was asked, in milliseconds since 1970.
    pub(super) written: u64,
}

impl<T> Entry<T> {
    pub(super) fn now() -> u64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    }

    /// One from the future, of a clock that goes ahead, is as old as can be.
    pub(super) fn age(&self) -> Duration {
        Self::now().checked_sub(self.written).map_or(Duration::MAX, Duration::from_millis)
    }
}

impl<T: Serialize> Entry<T> {
    /// Its text.
    pub(super) fn sealed(&self, key: &SealKey, name: &str, words: &Words) -> Result<String, Error> {
        let value = serde_json::to_string(&self.value).map_err(SessionError::driver)?;
        let rest = format!("{}|{value}", self.written);
        Ok(format!("{}|{rest}", key.sign(&payload(name, words, &rest))?))
    }
}

impl<T: DeserializeOwned> Entry<T> {
    /// Reads a text; `None` if it is not what was signed under this name and these words.
    pub(super) fn open(text: &str, key: &SealKey, name: &str, words: &Words) -> Option<Self> {
        let (signature, rest) = text.split_once('|')?;
        if !key.verifies(&payload(name, words, rest), signature).ok()? {
            return None;
        }
        let (written, value) = rest.split_once('|')?;
        let value = serde_json::from_str(value).ok()?;
        Some(Self { value, written: written.parse().ok()? })
    }
}

fn payload(name: &str, words: &Words, rest: &str) -> String {
    let fields = [Some(name), Some(&*words.all), Some(&*words.own), Some(rest)];
    format!("{DOMAIN}|{}", hex(&digest(DOMAIN.as_bytes(), fields)))
}

/// The name of an entry: as long for any user that somebody claims to be, and nobody's to read.
pub(super) fn name(kind: &str, id: &str, user: &str) -> String {
    hex(&digest(DOMAIN.as_bytes(), [Some(kind), Some(id), Some(user)]))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(byte: u8) -> SealKey {
        SealKey::new("k", vec![byte; 32]).unwrap()
    }

    fn words(all: &str, own: &str) -> Words {
        Words { all: all.to_owned(), own: own.to_owned() }
    }

    #[test]
    fn it_opens_under_its_name_its_words_and_its_key_alone() {
        let entry = Entry { value: Some("acme".to_owned()), written: Entry::<()>::now() };
        let text = entry.sealed(&key(1), "n", &words("a", "b")).unwrap();
        let open = |key: &SealKey, name: &str, words: &Words| {
            Entry::<Option<String>>::open(&text, key, name, words)
        };
        let opened = open(&key(1), "n", &words("a", "b")).unwrap();
        assert_eq!((opened.value.as_deref(), opened.written), (Some("acme"), entry.written));
        assert!(opened.age() < Duration::from_mins(1));
        assert!(open(&key(2), "n", &words("a", "b")).is_none());
        assert!(open(&key(1), "m", &words("a", "b")).is_none());
        assert!(open(&key(1), "n", &words("a", "c")).is_none());
        assert!(open(&key(1), "n", &words("ab", "")).is_none());
    }

    proptest! {
        #[test]
        fn a_changed_or_invented_text_is_none(noise in ".*", at in 0_usize..200, byte in any::<u8>()) {
            let (key, words) = (key(1), words("a", "b"));
            prop_assert!(Entry::<bool>::open(&noise, &key, "n", &words).is_none());
            let text = Entry { value: false, written: 7 }.sealed(&key, "n", &words).unwrap();
            let mut changed = text.clone().into_bytes();
            let at = at % changed.len();
            changed[at] = byte;
            let changed = String::from_utf8_lossy(&changed).into_owned();
            let same = changed.eq_ignore_ascii_case(&text);
            prop_assert_eq!(Entry::<bool>::open(&changed, &key, "n", &words).is_some(), same);
        }

        #[test]
        fn no_two_questions_have_one_name(a in ".{0,9}", b in ".{0,9}", c in ".{0,9}", d in ".{0,9}") {
            prop_assert_eq!(name("member", &a, &b) == name("member", &c, &d), a == c && b == d);
        }
    }
}
