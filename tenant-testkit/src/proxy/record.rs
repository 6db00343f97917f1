//! What came by, in bursts.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::frames::{Frames, Message};

/// A burst says no more than this of itself.
const LONGEST: usize = 4096;

/// All connections of a proxy.
#[derive(Debug)]
pub(super) struct Record {
    bursts: Mutex<Bursts>,
    count: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Bursts {
    /// Goes up with each reset: a burst that began before one is not continued after it.
    generation: u64,
    said: Vec<String>,
}

/// One connection's part.
#[derive(Debug)]
pub(super) struct Conversation {
    frames: Frames,
    /// The burst that the client is in the middle of, by generation and number.
    burst: Option<(u64, usize)>,
}

impl Record {
    pub(super) fn new() -> Self {
        Self { bursts: Mutex::default(), count: watch::Sender::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, Bursts> {
        self.bursts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn reset(&self) {
        let mut bursts = self.lock();
        bursts.generation += 1;
        bursts.said.clear();
        self.count.send_replace(0);
    }

    pub(super) fn round_trips(&self) -> usize {
        self.lock().said.len()
    }

    pub(super) fn messages(&self) -> Vec<String> {
        self.lock().said.clone()
    }

    pub(super) async fn reached(&self, bursts: usize) {
        // The sender is ours, so it is not gone while we wait.
        let _ = self.count.subscribe().wait_for(|n| *n >= bursts).await;
    }
}

impl Conversation {
    pub(super) fn new() -> Self {
        Self { frames: Frames::new(), burst: None }
    }

    /// Reads what the client has sent. True where the relay has to answer by itself: this was a
    /// question for encryption, which the server must not see.
    pub(super) fn client_said(&mut self, bytes: &[u8], record: &Record) -> bool {
        let messages = self.frames.feed(bytes);
        let asked = messages.contains(&Message::EncryptionRequest);
        let begins_in_the_middle = messages.is_empty();
        let words: Vec<String> = messages
            .into_iter()
            .filter_map(|message| match message {
                Message::Terminate => None,
                Message::EncryptionRequest => Some("EncryptionRequest".to_owned()),
                Message::Other(text) => Some(text),
            })
            .collect();
        if words.is_empty() && !begins_in_the_middle {
            return asked;
        }
        let mut bursts = record.lock();
        let number = match self.burst {
            Some((generation, number)) if generation == bursts.generation => number,
            _ => {
                bursts.said.push(String::new());
                bursts.said.len() - 1
            }
        };
        self.burst = Some((bursts.generation, number));
        if let Some(said) = bursts.said.get_mut(number) {
            for word in words {
                add(said, &word);
            }
        }
        let count = bursts.said.len();
        // Under the lock, so that a reset is not overtaken.
        record.count.send_replace(count);
        asked
    }

    /// Whatever the client says next is a new burst. True where this answers one.
    pub(super) fn server_said(&mut self) -> bool {
        self.burst.take().is_some()
    }
}

/// Repetitions (`CopyData`…) are said once.
fn add(said: &mut String, word: &str) {
    let last = said.rsplit(" | ").next();
    if last == Some("…") || (last == Some(word) && word == "CopyData") {
        return;
    }
    let word = if said.len() + word.len() > LONGEST { "…" } else { word };
    if !said.is_empty() {
        said.push_str(" | ");
    }
    said.push_str(word);
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUERY: &[u8] = b"Q\0\0\0\x0dSELECT 1\0";

    fn started(record: &Record) -> Conversation {
        let mut one = Conversation::new();
        one.client_said(b"\0\0\0\x09\0\x03\0\0\0", record);
        one.server_said();
        record.reset();
        one
    }

    #[test]
    fn a_burst_ends_when_the_server_speaks() {
        let record = Record::new();
        let mut one = started(&record);
        one.client_said(&QUERY[..3], &record);
        one.client_said(&QUERY[3..], &record);
        one.client_said(QUERY, &record);
        one.server_said();
        one.client_said(QUERY, &record);
        one.server_said();
        one.client_said(b"X\0\0\0\x04", &record);
        let twice = "Query SELECT 1 | Query SELECT 1";
        assert_eq!(record.messages(), [twice, "Query SELECT 1"]);
    }

    #[test]
    fn a_long_burst_is_one_and_is_told_in_short() {
        let record = Record::new();
        let mut one = started(&record);
        for _ in 0..10_000 {
            one.client_said(QUERY, &record);
        }
        assert_eq!(record.round_trips(), 1);
        let said = &record.messages()[0];
        assert!(said.len() < LONGEST + 10 && said.ends_with(" | …"), "{said}");
        record.reset();
        one.client_said(b"d\0\0\0\x05a", &record);
        one.client_said(b"d\0\0\0\x05b", &record);
        assert_eq!(record.messages(), ["CopyData"]);
    }

    #[test]
    fn connections_have_bursts_of_their_own_and_a_reset_begins_new_ones() {
        let record = Record::new();
        let (mut one, mut two) = (started(&record), started(&record));
        one.client_said(QUERY, &record);
        two.client_said(QUERY, &record);
        assert_eq!(record.round_trips(), 2);
        record.reset();
        one.client_said(QUERY, &record);
        assert_eq!(record.round_trips(), 1);
    }
}
