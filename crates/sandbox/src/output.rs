//! Output as it comes: text across chunk borders, up to a cap.

use crate::{Channel, OutputSink};
use tokio::io::{AsyncRead, AsyncReadExt};

/// One channel of a running command.
pub(crate) struct Reader<R> {
    channel: Channel,
    from: Option<R>,
    sink: OutputSink,
    cap: usize,
    chunk: Vec<u8>,
    /// The beginning of a character whose end is still to come.
    rest: Vec<u8>,
    /// What was passed on so far.
    pub text: String,
    full: bool,
}

impl<R: AsyncRead + Unpin> Reader<R> {
    pub(crate) fn new(channel: Channel, from: Option<R>, sink: OutputSink, cap: usize) -> Self {
        let (chunk, rest, text) = (vec![0; 16 << 10], Vec::new(), String::new());
        Self { channel, from, sink, cap, chunk, rest, text, full: false }
    }

    pub(crate) const fn is_open(&self) -> bool {
        self.from.is_some()
    }

    /// Waits for the next piece and passes it on. Cancel-safe.
    pub(crate) async fn step(&mut self) {
        let Some(from) = &mut self.from else { return std::future::pending().await };
        match from.read(&mut self.chunk).await {
            Ok(length) if length > 0 => {
                let mut bytes = std::mem::take(&mut self.rest);
                bytes.extend_from_slice(&self.chunk[..length]);
                let split = bytes.len() - unfinished(&bytes);
                self.rest = bytes.split_off(split);
                self.pass(&bytes);
            }
            _ => {
                self.from = None;
                let bytes = std::mem::take(&mut self.rest);
                self.pass(&bytes);
            }
        }
    }

    pub(crate) async fn to_end(&mut self) {
        while self.is_open() {
            self.step().await;
        }
    }

    fn pass(&mut self, bytes: &[u8]) {
        if bytes.is_empty() || self.full {
            return;
        }
        let text = String::from_utf8_lossy(bytes);
        let room = self.cap - self.text.len();
        if text.len() <= room {
            self.give(&text);
            return;
        }
        let end = text.floor_char_boundary(room);
        self.give(&text[..end]);
        let note = format!("\n[Only the first {} bytes are shown; the rest is left out.]\n", self.cap);
        self.give(&note);
        self.full = true;
    }

    fn give(&mut self, text: &str) {
        if !text.is_empty() {
            self.text.push_str(text);
            (self.sink)(self.channel, text);
        }
    }
}

/// How many bytes at the end begin a character that is not complete.
fn unfinished(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let wanted = match bytes[bytes.len() - back] {
            0xC2..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF4 => 4,
            0x80..=0xBF => continue,
            _ => return 0,
        };
        return if wanted > back { back } else { 0 };
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};

    async fn read(pieces: &[&[u8]], cap: usize) -> (String, Vec<String>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let sink: OutputSink = {
            let seen = seen.clone();
            Arc::new(move |_, text: &str| seen.lock().expect("not poisoned").push(text.to_owned()))
        };
        let mut mock = tokio_util::io::StreamReader::new(tokio_stream(pieces));
        let mut reader = Reader::new(Channel::Stdout, Some(&mut mock), sink, cap);
        reader.to_end().await;
        let seen = seen.lock().expect("not poisoned").clone();
        (reader.text, seen)
    }

    fn tokio_stream(
        pieces: &[&[u8]],
    ) -> impl futures::Stream<Item = std::io::Result<std::io::Cursor<Vec<u8>>>> + Unpin {
        let owned: Vec<_> = pieces.iter().map(|piece| Ok(std::io::Cursor::new(piece.to_vec()))).collect();
        futures::stream::iter(owned)
    }

    #[tokio::test]
    async fn characters_survive_every_cut() {
        let text = "aé€𝄞z";
        for cut in 0..=text.len() {
            let (head, tail) = text.as_bytes().split_at(cut);
            let (whole, pieces) = read(&[head, tail], 100).await;
            assert_eq!(whole, text, "cut at {cut}");
            assert_eq!(pieces.concat(), text);
        }
        let bytes: Vec<_> = text.bytes().map(|byte| vec![byte]).collect();
        let bytes: Vec<_> = bytes.iter().map(Vec::as_slice).collect();
        assert_eq!(read(&bytes, 100).await.0, text);
    }

    #[tokio::test]
    async fn what_is_no_text_is_marked() {
        assert_eq!(read(&[b"a\xffb"], 100).await.0, "a\u{fffd}b");
        assert_eq!(read(&[b"a\xe2\x82"], 100).await.0, "a\u{fffd}");
        assert_eq!(read(&[b"\x80\x80\x80\x80"], 100).await.0.chars().count(), 4);
    }

    #[tokio::test]
    async fn the_cap_is_said_once() {
        let (text, _) = read(&[b"12345678", b"90abc", b"def"], 10).await;
        assert_eq!(text, "1234567890\n[Only the first 10 bytes are shown; the rest is left out.]\n");
        assert_eq!(read(&[b"1234567890"], 10).await.0, "1234567890");
        assert!(read(&["é".repeat(10).as_bytes()], 5).await.0.starts_with("éé\n["));
    }
}
