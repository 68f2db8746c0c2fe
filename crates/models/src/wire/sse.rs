//! Server-sent events from bytes as they come: any line ending, cut anywhere, even inside a character
//! (WHATWG HTML, 9.2.6 "Interpreting an event stream").

/// Bytes of one event that are kept at most; an endless line must not fill the memory.
const MAX_EVENT: usize = 16 * 1024 * 1024;

/// One event.
#[derive(Debug, PartialEq, Eq)]
pub struct Event {
    /// Empty when the stream names none.
    pub name: String,
    pub data: String,
}

/// Why bytes are no event stream.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum SseError {
    #[error("an event is larger than 16 MB")]
    TooLarge,
    #[error("a line is not UTF-8")]
    NotUtf8,
}

/// Takes bytes, gives events.
#[derive(Debug, Default)]
pub struct Decoder {
    /// The line that isn't finished.
    line: Vec<u8>,
    /// The last byte was a CR, so that an LF now belongs to it.
    after_cr: bool,
    past_first_line: bool,
    name: String,
    data: Option<String>,
}

impl Decoder {
    /// Events that are complete with these bytes.
    pub fn push(&mut self, mut bytes: &[u8]) -> Result<Vec<Event>, SseError> {
        let mut events = vec![];
        if self.after_cr && bytes.first() == Some(&b'\n') {
            bytes = &bytes[1..];
            self.after_cr = false;
        } else if !bytes.is_empty() {
            self.after_cr = false;
        }
        while let Some(end) = bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            self.keep(&bytes[..end])?;
            let was_cr = bytes[end] == b'\r';
            bytes = &bytes[end + 1..];
            if was_cr {
                match bytes.first() {
                    Some(b'\n') => bytes = &bytes[1..],
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            let line = std::mem::take(&mut self.line);
            events.extend(self.end_line(&line)?);
        }
        self.keep(bytes)?;
        Ok(events)
    }

    fn keep(&mut self, bytes: &[u8]) -> Result<(), SseError> {
        let kept = self.line.len() + self.data.as_ref().map_or(0, String::len);
        if kept + bytes.len() > MAX_EVENT {
            return Err(SseError::TooLarge);
        }
        self.line.extend_from_slice(bytes);
        Ok(())
    }

    fn end_line(&mut self, line: &[u8]) -> Result<Option<Event>, SseError> {
        let mut line = std::str::from_utf8(line).map_err(|_| SseError::NotUtf8)?;
        if !self.past_first_line {
            self.past_first_line = true;
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            let name = std::mem::take(&mut self.name);
            return Ok(self.data.take().map(|data| Event { name, data }));
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "event" => value.clone_into(&mut self.name),
            "data" => match &mut self.data {
                Some(data) => {
                    data.push('\n');
                    data.push_str(value);
                }
                None => self.data = Some(value.to_owned()),
            },
            // Comments, ids, retry times and whatever else comes.
            _ => {}
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: &str = "\u{feff}: hello\nevent: a\ndata: {\"t\":\"grüße 🌋\"}\nid: 7\n\ndata:one\ndata: two\n\n\
                          event: empty\n\nretry: 5\ndata\n\ndata: left over";

    fn wanted() -> Vec<Event> {
        let event = |name: &str, data: &str| Event { name: name.into(), data: data.into() };
        vec![event("a", "{\"t\":\"grüße 🌋\"}"), event("", "one\ntwo"), event("", "")]
    }

    #[test]
    fn a_stream_cut_in_two_anywhere_gives_the_same_events() {
        for ending in ["\n", "\r\n", "\r"] {
            let stream = STREAM.replace('\n', ending);
            for cut in 0..=stream.len() {
                let mut decoder = Decoder::default();
                let mut events = decoder.push(&stream.as_bytes()[..cut]).unwrap();
                events.extend(decoder.push(&stream.as_bytes()[cut..]).unwrap());
                assert_eq!(events, wanted(), "{ending:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn a_stream_in_single_bytes_gives_the_same_events() {
        for ending in ["\n", "\r\n", "\r"] {
            let mut decoder = Decoder::default();
            let stream = STREAM.replace('\n', ending);
            let events: Vec<_> = stream.bytes().flat_map(|byte| decoder.push(&[byte]).unwrap()).collect();
            assert_eq!(events, wanted());
        }
    }

    #[test]
    fn what_is_no_text_or_never_ends_is_an_error() {
        assert_eq!(Decoder::default().push(b"data: \xff\n"), Err(SseError::NotUtf8));
        let mut decoder = Decoder::default();
        let chunk = vec![b'x'; 1024 * 1024];
        let error = (0..20).find_map(|_| decoder.push(&chunk).err());
        assert_eq!(error, Some(SseError::TooLarge));
        let mut decoder = Decoder::default();
        let lines = "data: x\n".repeat(1024 * 128);
        let error = (0..200).find_map(|_| decoder.push(lines.as_bytes()).err());
        assert_eq!(error, Some(SseError::TooLarge));
    }
}
