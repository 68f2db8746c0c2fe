//! Choosing the next token of free text: always the likeliest. Names and figures out of results come through whole that
//! way, and the same prompt gets the same answer; what it costs is that a small model may fall into a loop.

use llama_cpp_2::token::LlamaToken;
use std::collections::VecDeque;

/// Tokens that are looked at for a loop.
const BACK: usize = 80;
/// A text that has no more different tokens than this among those is one.
const DIFFERENT: usize = 5;

/// The likeliest token. `logits` has one number for each token of the vocabulary.
pub fn likeliest(logits: &[f32]) -> LlamaToken {
    let best = (0..).zip(logits).max_by(|(_, a), (_, b)| a.total_cmp(b));
    LlamaToken(best.map_or(0, |(token, _)| token))
}

/// Notices a loop.
#[derive(Default)]
pub struct Loop(VecDeque<LlamaToken>);

impl Loop {
    /// A token was written. Says whether the same few have been for long.
    pub fn is_one_with(&mut self, token: LlamaToken) -> bool {
        self.0.push_back(token);
        if self.0.len() <= BACK {
            return false;
        }
        self.0.pop_front();
        let mut last: Vec<_> = self.0.iter().collect();
        last.sort_unstable();
        last.dedup();
        last.len() <= DIFFERENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_likeliest() {
        assert_eq!(likeliest(&[0.0, 3.0, 2.0, f32::NEG_INFINITY]), LlamaToken(1));
    }

    #[test]
    fn a_loop_is_noticed_and_a_list_is_none() {
        let mut seen = Loop::default();
        assert!(!(0..500).any(|token| seen.is_one_with(LlamaToken(token % 9))));
        assert!((0..100).any(|token| seen.is_one_with(LlamaToken(token % 3))));
    }
}
