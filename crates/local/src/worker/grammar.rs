//! Keeping to a grammar.

use llama_cpp_2::{
    model::LlamaModel,
    sampling::LlamaSampler,
    token::{LlamaToken, data::LlamaTokenData, data_array::LlamaTokenDataArray},
};

/// The likeliest tokens that are looked at before all of them are, which takes a hundred times as long.
const FIRST: usize = 48;

/// Where a grammar stands.
pub struct Grammar(LlamaSampler);

impl Grammar {
    /// At the beginning of a grammar in the library's notation, whose first rule is `root`.
    ///
    /// # Errors
    /// When it can't be read.
    pub fn new(model: &LlamaModel, grammar: &str) -> Result<Self, String> {
        LlamaSampler::grammar(model, grammar, "root")
            .map(Self)
            .map_err(|error| format!("the grammar: {error}"))
    }

    /// The likeliest token that may come now; `None` when none may.
    pub fn pick(&mut self, logits: &[f32]) -> Option<LlamaToken> {
        let mut all: Vec<LlamaTokenData> = (0..)
            .zip(logits)
            .map(|(token, logit)| LlamaTokenData::new(LlamaToken(token), *logit, 0.0))
            .collect();
        let likelier = |a: &LlamaTokenData, b: &LlamaTokenData| b.logit().total_cmp(&a.logit());
        if all.len() > FIRST {
            all.select_nth_unstable_by(FIRST, likelier);
        }
        let first = all[..FIRST.min(all.len())].to_vec();
        self.best(first).or_else(|| self.best(all))
    }

    fn best(&mut self, candidates: Vec<LlamaTokenData>) -> Option<LlamaToken> {
        let mut candidates = LlamaTokenDataArray::new(candidates, false);
        self.0.apply(&mut candidates);
        let allowed = candidates.data.iter().filter(|candidate| candidate.logit() > f32::NEG_INFINITY);
        allowed.max_by(|a, b| a.logit().total_cmp(&b.logit())).map(LlamaTokenData::id)
    }

    /// A token that [`Self::pick`] gave was written.
    pub fn accept(&mut self, token: LlamaToken) {
        self.0.accept(token);
    }
}
