//! The loaded model: reading prompts into its cache, writing under a grammar.

use super::{
    cache::Cache,
    grammar::Grammar,
    prefix::{LEAST, Prefixes},
    protocol::{Counts, Ended, Generate, Piece, Said, Wrong},
    sample::{Loop, likeliest},
    utf8::Pieces,
};
use llama_cpp_2::{
    context::{LlamaContext, params::LlamaContextParams},
    llama_backend::LlamaBackend,
    llama_batch::LlamaBatch,
    model::{LlamaModel, params::LlamaModelParams},
    token::LlamaToken,
};
use std::{
    num::NonZeroU32,
    path::Path,
    time::{Duration, Instant},
};

/// Tokens read at once. A cancelled generation goes on for at most this many.
const CHUNK: usize = 32;
/// Conversations kept in the cache side by side.
pub const SLOTS: usize = 4;
/// A generation that writes this many tokens of blank space isn't getting anywhere.
const BLANKS: usize = 40;

/// A failure with what is told of it.
#[derive(Debug)]
pub struct Failure {
    pub wrong: Wrong,
    pub detail: String,
}

impl Failure {
    fn other(error: impl std::fmt::Display) -> Self {
        Self { wrong: Wrong::Other, detail: error.to_string() }
    }
}

/// Loads the weights; the process keeps them until it ends.
///
/// # Errors
/// `Wrong::File` when the file isn't a model.
pub fn load(backend: &LlamaBackend, path: &Path) -> Result<&'static LlamaModel, Failure> {
    let params = LlamaModelParams::default();
    let model = LlamaModel::load_from_file(backend, path, &params).map_err(|error| Failure {
        wrong: Wrong::File,
        detail: format!("{} can't be loaded: {error}", path.display()),
    })?;
    Ok(Box::leak(Box::new(model)))
}

/// A model with its cache.
pub struct Engine<'a> {
    backend: &'a LlamaBackend,
    model: &'static LlamaModel,
    context: LlamaContext<'static>,
    cache: Cache,
    prefixes: Prefixes,
    threads: u32,
    size: u32,
}

fn context(
    backend: &LlamaBackend,
    model: &'static LlamaModel,
    size: u32,
    threads: u32,
) -> Result<LlamaContext<'static>, Failure> {
    let threads = i32::try_from(threads).unwrap_or(1).max(1);
    let chunk = u32::try_from(CHUNK).unwrap_or(32);
    let params = LlamaContextParams::default()
        .with_n_ctx(NonZeroU32::new(size))
        .with_n_batch(chunk)
        .with_n_ubatch(chunk)
        .with_n_seq_max(u32::try_from(SLOTS).unwrap_or(1))
        .with_kv_unified(true)
        .with_n_threads(threads)
        .with_n_threads_batch(threads)
        .with_no_perf(true);
    model.new_context(backend, params).map_err(Failure::other)
}

impl<'a> Engine<'a> {
    /// With room for `size` tokens in all.
    ///
    /// # Errors
    /// When the library can't make its cache.
    pub fn new(
        backend: &'a LlamaBackend,
        model: &'static LlamaModel,
        prefixes: Prefixes,
        size: u32,
        threads: u32,
    ) -> Result<Self, Failure> {
        Ok(Self {
            backend,
            model,
            context: context(backend, model, size, threads)?,
            cache: Cache::new(SLOTS),
            prefixes,
            threads,
            size,
        })
    }

    /// Tokens that fit in all.
    pub fn size(&self) -> u32 {
        self.size
    }

    /// Does one generation and tells of it as it goes; looks at `cancelled` before every token and chunk.
    ///
    /// # Errors
    /// When prompt and answer don't fit, or the library fails.
    pub fn generate(
        &mut self,
        ask: &Generate,
        cancelled: impl Fn() -> bool,
        mut say: impl FnMut(Said),
    ) -> Result<(Ended, Counts), Failure> {
        let mut tokens = self.tokens(&ask.prompt[..ask.stays]);
        let stays = tokens.len();
        tokens.extend(self.tokens(&ask.prompt[ask.stays..]));
        let input = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
        // Without room for some answer there is no point in reading.
        let least = ask.max_tokens.min(64);
        if input.saturating_add(least) > self.size {
            let detail = format!("it has {input} tokens, and {} fit with an answer", self.size - least);
            return Err(Failure { wrong: Wrong::TooLong, detail });
        }
        let grammar = ask.grammar.as_deref().map(|grammar| Grammar::new(self.model, grammar)).transpose();
        let mut grammar = grammar.map_err(Failure::other)?;
        self.use_threads(ask.threads)?;

        let began = Instant::now();
        let room = usize::try_from(self.size).unwrap_or(usize::MAX);
        let wanted = tokens.len() + usize::try_from(ask.max_tokens).unwrap_or(usize::MAX).min(1024);
        let (slot, mut kept) =
            self.cache.place(&mut self.context, &tokens, wanted.min(room)).map_err(Failure::other)?;
        let keeps = stays >= LEAST && kept < stays;
        if keeps && self.prefixes.has(&tokens[..stays]) {
            kept = self.recall(slot, &tokens[..stays])?;
        }
        let mut counts = Counts { input, cached: u32::try_from(kept).unwrap_or(0), ..Counts::default() };
        let middle = stays.clamp(kept, tokens.len());
        for part in [&tokens[kept..middle], &tokens[middle..]] {
            for chunk in part.chunks(CHUNK) {
                if cancelled() {
                    return Ok((Ended::Cancelled, counts));
                }
                self.read(slot, chunk)?;
                let done = u32::try_from(self.cache.len(slot)).unwrap_or(u32::MAX);
                say(Said::Read { id: ask.id, done, of: input });
            }
            if keeps && kept < stays && self.cache.len(slot) == stays {
                self.prefixes.save(&self.context, sequence(slot)?, &tokens[..stays]);
            }
        }
        counts.read_ms = millis(began.elapsed());

        let began = Instant::now();
        let (mut seen, mut stuck) = (Loop::default(), false);
        let mut pieces = Pieces::default();
        let mut blanks = 0;
        let most = ask.max_tokens.min(self.size.saturating_sub(input));
        let ended = loop {
            if cancelled() {
                break Ended::Cancelled;
            }
            if counts.output >= most || blanks > BLANKS || stuck {
                break Ended::Length;
            }
            let logits = self.context.get_logits();
            let picked = match &mut grammar {
                Some(grammar) => grammar.pick(logits),
                None => Some(likeliest(logits)),
            };
            let vocab = self.model.vocab();
            let Some(token) = picked.filter(|token| !vocab.is_eog(*token) && !vocab.is_control(*token))
            else {
                break Ended::Stop;
            };
            stuck = seen.is_one_with(token);
            if let Some(grammar) = &mut grammar {
                grammar.accept(token);
            }
            counts.output += 1;
            let text = pieces.push(&vocab.token_to_piece(token, false, None));
            blanks = if text.trim().is_empty() { blanks + 1 } else { 0 };
            if !text.is_empty() {
                say(Said::Text { id: ask.id, text });
            }
            self.read(slot, &[token])?;
        };
        counts.write_ms = millis(began.elapsed());
        Ok((ended, counts))
    }

    /// Puts the beginning of a prompt into a slot as it was kept on disk. Says how many tokens the slot holds then.
    fn recall(&mut self, slot: usize, beginning: &[LlamaToken]) -> Result<usize, Failure> {
        let loaded = self.prefixes.load(&mut self.context, sequence(slot)?, beginning);
        let held = if loaded { beginning } else { &[] };
        self.cache.refill(&mut self.context, slot, held).map_err(Failure::other)?;
        Ok(held.len())
    }

    fn tokens(&self, prompt: &[Piece]) -> Vec<LlamaToken> {
        let vocab = self.model.vocab();
        prompt.iter().flat_map(|piece| vocab.tokenize(piece.text.as_bytes(), false, piece.control)).collect()
    }

    /// Appends at most [`CHUNK`] tokens to a slot; the logits after the last of them are there afterwards.
    fn read(&mut self, slot: usize, tokens: &[LlamaToken]) -> Result<(), Failure> {
        let mut batch = LlamaBatch::new(tokens.len(), 1);
        let id = sequence(slot)?;
        for (at, token) in tokens.iter().enumerate() {
            let place = i32::try_from(self.cache.len(slot) + at).map_err(Failure::other)?;
            batch.add(*token, place, &[id], at + 1 == tokens.len()).map_err(Failure::other)?;
        }
        if let Err(error) = self.context.decode(&mut batch) {
            // What is in the cache now is uncertain.
            self.cache.forget(&mut self.context);
            return Err(Failure::other(error));
        }
        self.cache.append(slot, tokens);
        Ok(())
    }

    /// Computes with so many threads from here on. A context can't change them, so it is made anew, and what
    /// the newest conversation has in the cache is carried over.
    fn use_threads(&mut self, threads: u32) -> Result<(), Failure> {
        if threads == self.threads {
            return Ok(());
        }
        let carried = self.cache.newest().map(|slot| (slot, self.cache.carry(&self.context, slot)));
        self.context = context(self.backend, self.model, self.size, threads)?;
        self.threads = threads;
        let old = std::mem::replace(&mut self.cache, Cache::new(SLOTS));
        if let Some((slot, Some(state))) = carried {
            self.cache.restore(&mut self.context, &old, slot, &state);
        }
        Ok(())
    }
}

fn sequence(slot: usize) -> Result<i32, Failure> {
    i32::try_from(slot).map_err(Failure::other)
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
