//! Sentences to vectors by [all-MiniLM-L6-v2]: BERT's encoder, the mean over a sentence's tokens, length 1
//! (Reimers and Gurevych, *Sentence-BERT*, arXiv:1908.10084). The nearer two sentences are in meaning, the larger is the
//! dot product of their vectors.
//!
//! By itself in a crate because of what it takes to build.
//!
//! [all-MiniLM-L6-v2]: https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2

mod tokens;

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::bert::{BertModel, Config, HiddenAct, PositionEmbeddingType};
use std::{fs, io, path::Path};
use tokenizers::Tokenizer;

pub use tokens::MOST_TOKENS;

/// Numbers of a vector.
pub const DIMENSIONS: usize = 384;
/// Sentences that are computed at once; more would only take more memory.
const BATCH: usize = 8;

/// Why there are no vectors.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    #[error("the file can't be read: {0}")]
    Read(#[from] io::Error),
    #[error("the file isn't this model's: {0}")]
    Weights(candle_core::Error),
    #[error("{0}")]
    Compute(#[from] candle_core::Error),
    #[error("the text can't be read: {0}")]
    Text(#[from] tokenizers::Error),
}

/// The model in memory.
pub struct Encoder {
    model: BertModel,
    tokenizer: Tokenizer,
}

impl Encoder {
    /// Loads the weights, a safetensors file. It is read, not mapped: what becomes of it later changes nothing.
    ///
    /// # Errors
    /// When it can't be read or holds something else.
    pub fn load(weights: &Path) -> Result<Self, EncodeError> {
        let weights = fs::read(weights)?;
        let load = || {
            let tensors = VarBuilder::from_buffered_safetensors(weights, DType::F32, &Device::Cpu)?;
            BertModel::load(tensors, &config())
        };
        let model = load().map_err(EncodeError::Weights)?;
        Ok(Self { model, tokenizer: tokens::tokenizer()? })
    }

    /// One vector of [`DIMENSIONS`] numbers and length 1 for each text, in the same order. What is longer than
    /// [`MOST_TOKENS`] tokens counts by its beginning.
    ///
    /// # Errors
    /// When memory is short.
    pub fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EncodeError> {
        let tokens = tokens::read(&self.tokenizer, texts)?;
        let mut order: Vec<usize> = (0..tokens.len()).collect();
        // Texts of like length together, because all of a batch are as long as its longest.
        order.sort_by_key(|&at| tokens[at].len());
        let mut vectors = vec![Vec::new(); tokens.len()];
        for batch in order.chunks(BATCH) {
            let rows: Vec<&[u32]> = batch.iter().map(|&at| tokens[at].as_slice()).collect();
            for (&at, vector) in batch.iter().zip(self.batch(&rows)?) {
                vectors[at] = vector;
            }
        }
        Ok(vectors)
    }

    fn batch(&self, rows: &[&[u32]]) -> candle_core::Result<Vec<Vec<f32>>> {
        let width = rows.iter().map(|row| row.len()).max().unwrap_or(0);
        let padded = |of: &dyn Fn(&[u32], usize) -> u32| {
            let numbers = rows.iter().flat_map(|row| (0..width).map(|at| of(row, at))).collect::<Vec<_>>();
            Tensor::from_vec(numbers, (rows.len(), width), &Device::Cpu)
        };
        let ids = padded(&|row, at| row.get(at).copied().unwrap_or(0))?;
        let mask = padded(&|row, at| u32::from(at < row.len()))?;
        let states = self.model.forward(&ids, &ids.zeros_like()?, Some(&mask))?;
        let mask = mask.to_dtype(DType::F32)?.unsqueeze(2)?;
        // Dividing the sum by the number of tokens would change nothing once the length is made 1.
        let sums = states.broadcast_mul(&mask)?.sum(1)?;
        let lengths = sums.sqr()?.sum_keepdim(D::Minus1)?.sqrt()?;
        sums.broadcast_div(&lengths)?.to_vec2()
    }
}

/// `config.json` of the model.
fn config() -> Config {
    Config {
        vocab_size: 30_522,
        hidden_size: DIMENSIONS,
        num_hidden_layers: 6,
        num_attention_heads: 12,
        intermediate_size: 1_536,
        hidden_act: HiddenAct::Gelu,
        hidden_dropout_prob: 0.0,
        max_position_embeddings: 512,
        type_vocab_size: 2,
        initializer_range: 0.02,
        layer_norm_eps: 1e-12,
        pad_token_id: 0,
        position_embedding_type: PositionEmbeddingType::Absolute,
        use_cache: false,
        classifier_dropout: None,
        model_type: None,
    }
}
