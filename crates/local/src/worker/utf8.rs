//! Tokens are bytes; text is handed on in whole characters.

/// Puts the bytes of tokens together.
#[derive(Default)]
pub struct Pieces {
    rest: Vec<u8>,
}

impl Pieces {
    /// What is whole characters by now. Bytes that can't become any are replaced.
    pub fn push(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let mut text = String::new();
        let mut used = 0;
        for chunk in self.rest.utf8_chunks() {
            text.push_str(chunk.valid());
            used += chunk.valid().len();
            let broken = chunk.invalid();
            // The end of what there is may be the beginning of a character.
            if broken.is_empty()
                || (used + broken.len() == self.rest.len() && broken.len() < 4 && begins(broken))
            {
                break;
            }
            text.push(char::REPLACEMENT_CHARACTER);
            used += broken.len();
        }
        self.rest.drain(..used);
        text
    }
}

fn begins(bytes: &[u8]) -> bool {
    matches!(std::str::from_utf8(bytes), Err(error) if error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::Pieces;

    #[test]
    fn characters_stay_whole() {
        let mut pieces = Pieces::default();
        let said: Vec<String> = "a€😀b".as_bytes().iter().map(|byte| pieces.push(&[*byte])).collect();
        assert_eq!(said.concat(), "a€😀b");
        assert_eq!(said.iter().filter(|text| !text.is_empty()).count(), 4);
    }

    #[test]
    fn broken_bytes_are_replaced_and_hold_nothing_up() {
        let mut pieces = Pieces::default();
        assert_eq!(pieces.push(&[b'a', 0xff, b'b']), "a\u{fffd}b");
        assert_eq!(pieces.push(&[0xe2, 0x82]), "");
        assert_eq!(pieces.push(b"x"), "\u{fffd}x");
    }
}
