//! Texts to the numbers of BERT's vocabulary (WordPiece, lower case).
//!
//! `data/vocab.txt` is the vocabulary of `bert-base-uncased` (Apache-2.0), which this model shares: one entry a line,
//! counted from 0.

use ahash::AHashMap;
use tokenizers::{
    Error, Tokenizer, TruncationParams, models::wordpiece::WordPiece, normalizers::BertNormalizer,
    pre_tokenizers::bert::BertPreTokenizer, processors::bert::BertProcessing,
};

/// Tokens that are read of a text, with the two around it; the model was trained with no more.
pub const MOST_TOKENS: usize = 256;
/// Bytes of a text that are looked at; [`MOST_TOKENS`] of the longest words are shorter.
const MOST_BYTES: usize = 64 << 10;
/// Begins every text.
const CLS: u32 = 101;
/// Ends it.
const SEP: u32 = 102;

/// Words like `[SEP]` in a text are text: they are no tokens of their own here.
pub fn tokenizer() -> Result<Tokenizer, Error> {
    let words = include_str!("../data/vocab.txt").lines().zip(0..);
    let words: AHashMap<String, u32> = words.map(|(word, number)| (word.to_owned(), number)).collect();
    let model = WordPiece::builder().vocab(words).build()?;
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_normalizer(Some(BertNormalizer::new(true, true, None, true)))?;
    tokenizer.with_pre_tokenizer(Some(BertPreTokenizer));
    tokenizer.with_post_processor(Some(BertProcessing::new(("[SEP]".into(), SEP), ("[CLS]".into(), CLS))));
    tokenizer
        .with_truncation(Some(TruncationParams { max_length: MOST_TOKENS, ..TruncationParams::default() }))?;
    Ok(tokenizer)
}

/// The numbers of each text.
pub fn read(tokenizer: &Tokenizer, texts: &[String]) -> Result<Vec<Vec<u32>>, Error> {
    let read = |text: &String| {
        let encoding = tokenizer.encode(&text[..text.floor_char_boundary(MOST_BYTES)], true)?;
        Ok(encoding.get_ids().to_owned())
    };
    texts.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256};

    fn numbers(text: &str) -> Vec<u32> {
        read(&tokenizer().unwrap(), &[text.to_owned()]).unwrap().remove(0)
    }

    #[test]
    fn the_vocabulary_is_the_models() {
        let digest = Sha256::digest(include_bytes!("../data/vocab.txt"));
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3");
    }

    // The numbers are those that the model's own `tokenizer.json` gives.
    #[test]
    fn texts_are_cut_into_words_and_their_parts() {
        assert_eq!(numbers("Hello, world!"), [101, 7592, 1010, 2088, 999, 102]);
        assert_eq!(numbers("embeddings"), [101, 7861, 8270, 4667, 2015, 102]);
        assert_eq!(numbers("Caf\u{e9} \u{6771}\u{4eac} \u{1f600}"), [101, 7668, 1879, 1755, 100, 102]);
        assert_eq!(numbers(""), [101, 102]);
    }

    #[test]
    fn a_text_can_name_no_token_of_the_model() {
        assert!(
            !numbers("a [SEP] b [CLS] [PAD]")[1..]
                .iter()
                .rev()
                .skip(1)
                .any(|number| [0, CLS, SEP].contains(number))
        );
    }

    #[test]
    fn long_and_strange_texts_are_read_by_their_beginning() {
        for text in ["word ".repeat(1 << 20), "\u{e9}".repeat(1 << 20), "\u{200b}\0\u{feff}".repeat(1 << 16)]
        {
            assert!(numbers(&text).len() <= MOST_TOKENS);
        }
        assert_eq!(numbers(&"word ".repeat(300)).len(), MOST_TOKENS);
    }
}
