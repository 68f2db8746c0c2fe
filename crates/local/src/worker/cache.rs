//! Which conversations are in the model's cache, so that what was read once isn't read again.
//!
//! Every slot is a sequence of the library's cache. Slots share the cells of what they have in common, such as
//! the system text and the tools, so a second conversation starts after them.

use llama_cpp_2::{
    context::{
        LlamaContext,
        kv_cache::KvCacheConversionError,
        session::{LlamaStateSeqFlags, SeqState},
    },
    token::LlamaToken,
};

#[derive(Default)]
struct Slot {
    tokens: Vec<LlamaToken>,
    used: u64,
}

/// What is in the cache.
pub struct Cache {
    slots: Vec<Slot>,
    clock: u64,
}

fn common(a: &[LlamaToken], b: &[LlamaToken]) -> usize {
    a.iter().zip(b).take_while(|(a, b)| a == b).count()
}

fn number<T: TryInto<N>, N: Default>(value: T) -> N {
    value.try_into().unwrap_or_default()
}

impl Cache {
    pub fn new(slots: usize) -> Self {
        Self { slots: (0..slots).map(|_| Slot::default()).collect(), clock: 0 }
    }

    /// Tokens in a slot.
    pub fn len(&self, slot: usize) -> usize {
        self.slots[slot].tokens.len()
    }

    /// The slot for a prompt, cut to what it shares with it, and how many tokens that is: always less than the
    /// prompt, so that there is something to read before writing. Makes room for `wanted` tokens, forgetting
    /// the conversations that were longest without a turn.
    pub fn place(
        &mut self,
        context: &mut LlamaContext<'_>,
        tokens: &[LlamaToken],
        wanted: usize,
    ) -> Result<(usize, usize), KvCacheConversionError> {
        let most = tokens.len().saturating_sub(1);
        let shared = |slot: &Slot| common(&slot.tokens, tokens).min(most);
        let best = (0..self.slots.len()).max_by_key(|slot| shared(&self.slots[*slot])).unwrap_or(0);
        let kept = shared(&self.slots[best]);
        // A conversation that goes on keeps its slot; another one begins beside it with what they share.
        let goes_on =
            kept + 1 >= self.slots[best].tokens.len() || kept * 4 >= self.slots[best].tokens.len() * 3;
        let slot = if goes_on {
            best
        } else {
            let others = (0..self.slots.len()).filter(|slot| *slot != best);
            let oldest = others.min_by_key(|slot| self.slots[*slot].used).unwrap_or(best);
            self.clear(context, oldest)?;
            if oldest != best {
                let end = Some(number::<_, u32>(kept));
                context.copy_kv_cache_seq(number(best), number(oldest), Some(0), end)?;
                self.slots[oldest].tokens = self.slots[best].tokens[..kept].to_vec();
            }
            oldest
        };
        self.cut(context, slot, kept)?;
        self.make_room(context, slot, wanted)?;
        self.clock += 1;
        self.slots[slot].used = self.clock;
        Ok((slot, kept))
    }

    /// Counts shared cells more than once, which errs on the safe side.
    fn make_room(
        &mut self,
        context: &mut LlamaContext<'_>,
        slot: usize,
        wanted: usize,
    ) -> Result<(), KvCacheConversionError> {
        let size = number::<_, usize>(context.n_ctx());
        loop {
            let others = (0..self.slots.len()).filter(|other| *other != slot && self.len(*other) > 0);
            let used: usize = others.clone().map(|other| self.len(other)).sum();
            let oldest = others.min_by_key(|other| self.slots[*other].used);
            match oldest {
                Some(oldest) if used + wanted > size => self.clear(context, oldest)?,
                _ => return Ok(()),
            }
        }
    }

    fn clear(&mut self, context: &mut LlamaContext<'_>, slot: usize) -> Result<(), KvCacheConversionError> {
        self.cut(context, slot, 0)
    }

    fn cut(
        &mut self,
        context: &mut LlamaContext<'_>,
        slot: usize,
        length: usize,
    ) -> Result<(), KvCacheConversionError> {
        context.kv_cache_seq_rm(number(slot), Some(number(length)), None)?;
        self.slots[slot].tokens.truncate(length);
        Ok(())
    }

    /// These tokens were read into a slot.
    pub fn append(&mut self, slot: usize, tokens: &[LlamaToken]) {
        self.slots[slot].tokens.extend_from_slice(tokens);
    }

    /// A slot was filled with these tokens from elsewhere; with none, whatever is in it goes.
    pub fn refill(
        &mut self,
        context: &mut LlamaContext<'_>,
        slot: usize,
        tokens: &[LlamaToken],
    ) -> Result<(), KvCacheConversionError> {
        self.slots[slot].tokens = tokens.to_vec();
        if tokens.is_empty() { self.clear(context, slot) } else { Ok(()) }
    }

    /// Begins anew.
    pub fn forget(&mut self, context: &mut LlamaContext<'_>) {
        context.clear_kv_cache();
        *self = Self::new(self.slots.len());
    }

    /// The slot that had the last turn.
    pub fn newest(&self) -> Option<usize> {
        (0..self.slots.len()).filter(|slot| self.len(*slot) > 0).max_by_key(|slot| self.slots[*slot].used)
    }

    /// A slot's cache as a copy.
    pub fn carry(&self, context: &LlamaContext<'_>, slot: usize) -> Option<SeqState> {
        context.state_seq_get(number(slot), LlamaStateSeqFlags::empty()).ok()
    }

    /// Puts a copy into a new context. Where that fails the conversation is read again, which is all it costs.
    pub fn restore(&mut self, context: &mut LlamaContext<'_>, old: &Self, slot: usize, state: &SeqState) {
        if context.state_seq_set(state, number(slot)).is_ok() {
            self.append(slot, &old.slots[slot].tokens);
        } else {
            self.forget(context);
        }
    }
}
