//! Choosing the next token.

use llama_cpp_2::token::LlamaToken;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

/// Tokens looked back at against repetition.
const BACK: usize = 96;
/// What a token's logit is divided by (or multiplied with, below zero) when it was written lately. Small models
/// fall into loops without it.
const AGAIN: f32 = 1.08;
/// Tokens that are looked at for a loop.
const LOOP: usize = 80;
/// A token is a candidate when it is at least this likely compared with the likeliest.
const LEAST: f32 = 0.08;

/// Chooses tokens of one generation. The same prompt gets the same answer.
pub struct Sampler {
    temperature: f32,
    recent: Vec<LlamaToken>,
    random: u64,
}

impl Sampler {
    pub fn new(temperature: f32, prompt: &[LlamaToken]) -> Self {
        let mut hash = DefaultHasher::new();
        prompt.iter().for_each(|token| token.0.hash(&mut hash));
        Self { temperature, recent: Vec::new(), random: hash.finish() | 1 }
    }

    /// A token was written.
    pub fn accept(&mut self, token: LlamaToken) {
        if self.recent.len() == BACK {
            self.recent.remove(0);
        }
        self.recent.push(token);
    }

    /// The next token of free text. `logits` has one number for each token of the vocabulary.
    pub fn pick(&mut self, logits: &[f32]) -> LlamaToken {
        let mut best = (0_usize, f32::NEG_INFINITY);
        // The look back is only made for tokens that could win.
        each(logits, |at, logit| {
            if logit > best.1 {
                let logit = self.penalised(at, logit);
                if logit > best.1 {
                    best = (at, logit);
                }
            }
        });
        if self.temperature > 0.0 {
            let least = best.1 + LEAST.ln() * self.temperature;
            let mut candidates = Vec::new();
            each(logits, |at, logit| {
                if logit >= least {
                    let logit = self.penalised(at, logit);
                    if logit >= least {
                        candidates.push((at, ((logit - best.1) / self.temperature).exp()));
                    }
                }
            });
            let total: f32 = candidates.iter().map(|(_, weight)| weight).sum();
            let mut left = self.chance() * total;
            for (at, weight) in candidates {
                left -= weight;
                best.0 = at;
                if left <= 0.0 {
                    break;
                }
            }
        }
        LlamaToken(i32::try_from(best.0).unwrap_or_default())
    }

    /// Whether it writes the same few tokens again and again.
    pub fn is_stuck(&self) -> bool {
        if self.recent.len() < BACK {
            return false;
        }
        let mut last = self.recent[BACK - LOOP..].to_vec();
        last.sort_unstable();
        last.dedup();
        last.len() <= LOOP / 16
    }

    fn penalised(&self, at: usize, logit: f32) -> f32 {
        let again = self.recent.iter().any(|token| usize::try_from(token.0) == Ok(at));
        match (again, logit > 0.0) {
            (false, _) => logit,
            (true, true) => logit / AGAIN,
            (true, false) => logit * AGAIN,
        }
    }

    /// Between 0 and 1, by xorshift.
    fn chance(&mut self) -> f32 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        f32::from(u16::try_from(self.random >> 48).unwrap_or_default()) / f32::from(u16::MAX)
    }
}

fn each(logits: &[f32], mut see: impl FnMut(usize, f32)) {
    logits.iter().enumerate().for_each(|(at, logit)| see(at, *logit));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_the_likeliest() {
        let logits = [0.0, 3.0, 2.0, 1.0];
        assert_eq!(Sampler::new(0.0, &[]).pick(&logits), LlamaToken(1));
    }

    #[test]
    fn varies_among_the_likely_and_is_the_same_for_the_same_prompt() {
        let logits = [0.0, 3.0, 3.0, -20.0, -20.0, -20.0, -20.0, -20.0];
        let run = |prompt: &[LlamaToken]| {
            let mut sampler = Sampler::new(0.7, prompt);
            (0..50).map(|_| sampler.pick(&logits).0).collect::<Vec<_>>()
        };
        let tokens = run(&[LlamaToken(5)]);
        assert!(tokens.contains(&1) && tokens.contains(&2) && !tokens.contains(&3), "{tokens:?}");
        assert_eq!(tokens, run(&[LlamaToken(5)]));
        assert_ne!(tokens, run(&[LlamaToken(6)]));
    }

    #[test]
    fn does_not_repeat_itself_for_a_hair() {
        let logits = [0.0, 3.0, 2.9];
        let mut sampler = Sampler::new(0.0, &[]);
        sampler.accept(LlamaToken(1));
        assert_eq!(sampler.pick(&logits), LlamaToken(2));
    }

    #[test]
    fn a_loop_is_noticed() {
        let mut sampler = Sampler::new(0.0, &[]);
        let write = |sampler: &mut Sampler, tokens: std::ops::Range<i32>| {
            tokens.for_each(|token| sampler.accept(LlamaToken(token)));
        };
        write(&mut sampler, 0..200);
        assert!(!sampler.is_stuck());
        (0..30).for_each(|_| write(&mut sampler, 7..10));
        assert!(sampler.is_stuck());
    }
}
