//! What a client says, taken apart into messages, however the network cuts it up.

/// How much of a message is kept: enough to recognise it.
const KEPT: usize = 2048;
/// How much SQL is shown.
const SHOWN: usize = 300;

const SSL: i32 = 80_877_103;
const GSS: i32 = 80_877_104;
const CANCEL: i32 = 80_877_102;

/// One message of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Message {
    /// It asks for encryption, before all else.
    EncryptionRequest,
    /// It goes. Nothing comes back.
    Terminate,
    /// Anything else, in words.
    Other(String),
}

/// Reads one connection.
#[derive(Debug)]
pub(super) struct Frames {
    state: State,
    /// Messages have a tag once the connection is started.
    started: bool,
    head: Vec<u8>,
    body: Vec<u8>,
}

#[derive(Debug)]
enum State {
    Head,
    Body {
        left: usize,
    },
    /// Not the protocol that we know; nothing is read into it.
    Lost,
}

impl Frames {
    pub(super) fn new() -> Self {
        Self { state: State::Head, started: false, head: Vec::with_capacity(5), body: Vec::new() }
    }

    /// Takes what was read and returns the messages that end in it.
    pub(super) fn feed(&mut self, mut bytes: &[u8]) -> Vec<Message> {
        let mut messages = Vec::new();
        loop {
            match &mut self.state {
                State::Lost => return messages,
                State::Head => {
                    let wanted = if self.started { 5 } else { 4 };
                    let taken = (wanted - self.head.len()).min(bytes.len());
                    self.head.extend_from_slice(&bytes[..taken]);
                    bytes = &bytes[taken..];
                    if self.head.len() < wanted {
                        return messages;
                    }
                    let length = be_i32(&self.head[wanted - 4..]);
                    // The length counts itself.
                    self.state = match length.and_then(|length| usize::try_from(length - 4).ok()) {
                        Some(left) => State::Body { left },
                        None => State::Lost,
                    };
                }
                State::Body { left } => {
                    let taken = (*left).min(bytes.len());
                    let kept = taken.min(KEPT.saturating_sub(self.body.len()));
                    self.body.extend_from_slice(&bytes[..kept]);
                    bytes = &bytes[taken..];
                    *left -= taken;
                    if *left > 0 {
                        return messages;
                    }
                    messages.push(self.finish());
                }
            }
        }
    }

    fn finish(&mut self) -> Message {
        let message = if self.started {
            tagged(self.head[0], &self.body)
        } else {
            match be_i32(&self.body) {
                Some(SSL | GSS) => Message::EncryptionRequest,
                Some(CANCEL) => Message::Other("CancelRequest".to_owned()),
                _ => {
                    self.started = true;
                    Message::Other("Startup".to_owned())
                }
            }
        };
        self.state = State::Head;
        self.head.clear();
        self.body.clear();
        message
    }
}

fn be_i32(bytes: &[u8]) -> Option<i32> {
    Some(i32::from_be_bytes(bytes.get(..4)?.try_into().ok()?))
}

fn tagged(tag: u8, body: &[u8]) -> Message {
    let mut texts =
        body.split(|byte| *byte == 0).map(|text| shortened(&String::from_utf8_lossy(text)));
    let mut next = || texts.next().unwrap_or_default();
    let text = match tag {
        b'X' => return Message::Terminate,
        b'Q' => format!("Query {}", next()),
        b'P' => {
            let (name, sql) = (next(), next());
            format!("Parse {}{sql}", prefixed(&name))
        }
        b'B' => {
            let (_portal, statement) = (next(), next());
            format!("Bind {statement}")
        }
        b'E' => "Execute".to_owned(),
        b'D' => "Describe".to_owned(),
        b'C' => format!("Close {}", next().get(1..).unwrap_or_default()),
        b'S' => "Sync".to_owned(),
        b'H' => "Flush".to_owned(),
        b'd' => "CopyData".to_owned(),
        b'c' => "CopyDone".to_owned(),
        b'f' => "CopyFail".to_owned(),
        b'F' => "FunctionCall".to_owned(),
        // Never what it is.
        b'p' => "Password".to_owned(),
        other => format!("{:?}", char::from(other)),
    };
    Message::Other(text.trim_end().to_owned())
}

fn prefixed(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("{name}: ") }
}

/// One line, and no more than is worth reading.
fn shortened(sql: &str) -> String {
    let mut line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = line.char_indices().nth(SHOWN) {
        line.truncate(at);
        line.push('…');
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(tag: u8, body: &[u8]) -> Vec<u8> {
        let mut out = vec![tag];
        out.extend(i32::try_from(body.len() + 4).unwrap().to_be_bytes());
        out.extend(body);
        out
    }

    fn conversation() -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend([0, 0, 0, 8]);
        bytes.extend(SSL.to_be_bytes());
        let startup = b"\0\x03\0\0user\0me\0\0";
        bytes.extend(i32::try_from(startup.len() + 4).unwrap().to_be_bytes());
        bytes.extend(startup);
        bytes.extend(message(b'p', b"secret\0"));
        bytes.extend(message(b'Q', b"BEGIN;\n   SELECT 1\0"));
        bytes.extend(message(b'P', b"s0\0SELECT $1\0\0\0"));
        bytes.extend(message(b'B', b"\0s0\0\0\0"));
        bytes.extend(message(b'E', b"\0\0\0\0\0"));
        bytes.extend(message(b'S', b""));
        bytes.extend(message(b'C', b"Ss0\0"));
        bytes.extend(message(b'X', b""));
        bytes
    }

    #[test]
    fn messages_are_the_same_however_they_are_cut_up() {
        let expected: Vec<Message> = [
            "Startup",
            "Password",
            "Query BEGIN; SELECT 1",
            "Parse s0: SELECT $1",
            "Bind s0",
            "Execute",
            "Sync",
            "Close s0",
        ]
        .into_iter()
        .map(|text| Message::Other(text.to_owned()))
        .collect();
        let expected =
            [&[Message::EncryptionRequest], &expected[..], &[Message::Terminate]].concat();
        let bytes = conversation();
        for size in 1..=bytes.len() {
            let mut frames = Frames::new();
            let read: Vec<Message> = bytes.chunks(size).flat_map(|b| frames.feed(b)).collect();
            assert_eq!(read, expected, "in pieces of {size}");
        }
    }

    #[test]
    fn long_sql_and_broken_lengths_do_no_harm() {
        let mut frames = Frames::new();
        frames.feed(b"\0\0\0\x09\0\x03\0\0\0");
        let long = "é".repeat(100_000);
        let read = frames.feed(&message(b'Q', long.as_bytes()));
        let [Message::Other(text)] = &read[..] else { panic!("{read:?}") };
        assert_eq!(text.chars().count(), "Query ".len() + SHOWN + 1);
        assert!(frames.feed(b"Q\0\0\0\0rest").is_empty());
        assert!(frames.feed(&message(b'S', b"")).is_empty());
    }
}
