//! What server and worker say to each other: one JSON object a line, over the worker's standard input and output.

use serde::{Deserialize, Serialize};

/// A piece of a prompt. Only in `control` pieces does text like `<|im_start|>` mean the model's control tokens;
/// everywhere else, and so in whatever people and tools say, it is read as plain text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Piece {
    pub text: String,
    #[serde(default)]
    pub control: bool,
}

impl Piece {
    pub fn control(text: impl Into<String>) -> Self {
        Self { text: text.into(), control: true }
    }

    pub fn plain(text: impl Into<String>) -> Self {
        Self { text: text.into(), control: false }
    }
}

/// One generation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generate {
    /// Names it in every line about it.
    pub id: u64,
    pub prompt: Vec<Piece>,
    /// Pieces at its beginning that are the same in many prompts.
    #[serde(default)]
    pub stays: usize,
    /// A grammar (GBNF) that the output keeps to; free text when absent.
    #[serde(default)]
    pub grammar: Option<String>,
    pub max_tokens: u32,
    /// Threads to compute with.
    pub threads: u32,
}

/// From the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ask {
    Generate(Generate),
    /// Ends the generation with this id at its next token.
    Cancel(u64),
    /// A vector for each text, in order.
    Embed {
        id: u64,
        texts: Vec<String>,
    },
}

/// Why a generation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ended {
    /// The model was done.
    Stop,
    /// At `max_tokens` or the end of the context.
    Length,
    Cancelled,
}

/// Tokens and times of one generation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Of the prompt.
    pub input: u32,
    /// Of the prompt, those that were in the cache and needed no reading.
    pub cached: u32,
    pub output: u32,
    /// Milliseconds spent reading the prompt.
    pub read_ms: u64,
    /// Milliseconds spent writing.
    pub write_ms: u64,
}

impl Counts {
    /// Those of one more generation of the same answer.
    pub fn add(&mut self, more: Self) {
        self.input += more.input;
        self.cached += more.cached;
        self.output += more.output;
        self.read_ms += more.read_ms;
        self.write_ms += more.write_ms;
    }
}

/// What went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wrong {
    /// The file isn't a model that can be loaded.
    File,
    /// Prompt and answer don't fit the context.
    TooLong,
    /// The processor lacks instructions that the library was built with.
    Processor,
    /// Anything else.
    Other,
}

/// From the worker.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Said {
    /// The model is loaded.
    Ready {
        context: u32,
    },
    /// So many tokens of the prompt are read, the cached ones included.
    Read {
        id: u64,
        done: u32,
        of: u32,
    },
    Text {
        id: u64,
        text: String,
    },
    Done {
        id: u64,
        ended: Ended,
        counts: Counts,
    },
    Embedded {
        id: u64,
        vectors: Vec<Vec<f32>>,
    },
    /// Without an id the worker can't go on at all.
    Failed {
        id: Option<u64>,
        wrong: Wrong,
        detail: String,
    },
}

impl Said {
    /// What it is about; `None` for what concerns the whole worker.
    pub fn id(&self) -> Option<u64> {
        match self {
            Self::Ready { .. } => None,
            Self::Read { id, .. }
            | Self::Text { id, .. }
            | Self::Done { id, .. }
            | Self::Embedded { id, .. } => Some(*id),
            Self::Failed { id, .. } => *id,
        }
    }
}
