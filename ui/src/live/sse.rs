//! The decoder of `text/event-stream` (HTML standard, section 9.2.6): bytes in, events out.

/// One event of the stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Frame {
    /// `event:`; empty when there was none.
    pub event: String,
    /// `data:`; several lines are joined by line feeds.
    pub data: String,
}

/// Holds what has arrived of an event that isn't complete.
#[derive(Debug, Default)]
pub struct Decoder {
    rest: Vec<u8>,
    frame: Frame,
    has_data: bool,
}

impl Decoder {
    /// The events that these bytes complete. Bytes may break anywhere, inside a character too.
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<Frame> {
        self.rest.extend_from_slice(bytes);
        let mut frames = Vec::new();
        let mut start = 0;
        while let Some(length) = self.rest[start..].iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&self.rest[start..start + length]).into_owned();
            start += length + 1;
            frames.extend(self.line(line.strip_suffix('\r').unwrap_or(&line)));
        }
        self.rest.drain(..start);
        frames
    }

    fn line(&mut self, line: &str) -> Option<Frame> {
        if line.is_empty() {
            let frame = std::mem::take(&mut self.frame);
            return std::mem::take(&mut self.has_data).then_some(frame);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.frame.event),
            "data" => {
                if self.has_data {
                    self.frame.data.push('\n');
                }
                self.frame.data.push_str(value);
                self.has_data = true;
            }
            // A comment keeps the line open; `id` and `retry` are ours to know.
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{Decoder, Frame};

    const STREAM: &str = ": hello\n\nid: 3\nevent: text.delta\ndata: {\"a\":\"é\"}\n\nevent: x\r\ndata:1\r\ndata: 2\r\n\r\nevent: no data\n\n";

    #[test]
    fn gives_the_same_events_wherever_the_bytes_break() {
        let frame = |event: &str, data: &str| Frame { event: event.into(), data: data.into() };
        let whole = Decoder::default().feed(STREAM.as_bytes());
        assert_eq!(whole, [frame("text.delta", "{\"a\":\"é\"}"), frame("x", "1\n2")]);
        for cut in 0..STREAM.len() {
            let mut decoder = Decoder::default();
            let mut frames = decoder.feed(&STREAM.as_bytes()[..cut]);
            frames.extend(decoder.feed(&STREAM.as_bytes()[cut..]));
            assert_eq!(frames, whole, "cut at {cut}");
        }
    }
}
