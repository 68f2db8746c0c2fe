//! Model providers behind one streaming trait.
//!
//! [`Provider::stream`] is the one primitive. Three wire dialects implement it (OpenAI chat
//! completions, Anthropic messages, Gemini generateContent), and the built-in model does.

pub mod builtin;
pub mod config;
mod embed;
mod local;
pub mod wire;

pub use embed::Embedder;
pub use local::{LocalModels, NotDone};

use alumia_protocol::{agents::ReasoningEffort, events::Usage};
use async_trait::async_trait;
use futures::stream::BoxStream;
use secrecy::SecretString;
use std::{sync::Arc, time::Duration};

/// Who wrote a message that a model reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    User,
    Assistant,
    /// Results of tool calls.
    Tool,
}

/// One part of a message that a model reads.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    Text(String),
    /// Base64 without a prefix.
    Image {
        media_type: String,
        data: String,
    },
    Reasoning {
        text: String,
        signature: Option<String>,
    },
    ToolCall {
        id: String,
        name: String,
        arguments: serde_json::Value,
    },
    ToolResult {
        id: String,
        name: String,
        content: String,
        is_error: bool,
    },
}

/// One message that a model reads.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelMessage {
    pub role: Role,
    pub parts: Vec<Part>,
}

/// A tool as a model sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    pub name: String,
    pub description: String,
    /// JSON Schema of the arguments.
    pub schema: serde_json::Value,
}

/// One model call.
#[derive(Clone, Debug, Default)]
pub struct ModelRequest {
    /// The provider's own model id.
    pub model: String,
    pub system: String,
    /// What a small model reads in its place, where it is given: who it is and what is asked of it everywhere.
    pub brief: String,
    pub messages: Vec<ModelMessage>,
    pub tools: Arc<[ToolSpec]>,
    pub max_output_tokens: Option<u32>,
    pub reasoning_effort: Option<ReasoningEffort>,
}

/// Why a model call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopReason {
    /// It said what it had to say.
    End,
    /// It asked for tools.
    ToolCalls,
    /// It reached its token limit.
    Length,
    /// The provider's filter or the model itself refused.
    Refused,
}

/// What comes out of a model call, in order. A stream ends with `End`, or with an error.
#[derive(Clone, Debug, PartialEq)]
pub enum ModelEvent {
    Text(String),
    Reasoning(String),
    /// The provider's proof of the reasoning so far.
    ReasoningSignature(String),
    /// More of the arguments of the call with this index in the answer, as text. `id` and `name` come
    /// with the first piece.
    ToolCallDelta {
        index: usize,
        id: Option<String>,
        name: Option<String>,
        arguments: String,
    },
    /// The whole call; `arguments` is the text as the model wrote it, not yet known to be JSON.
    ToolCall {
        index: usize,
        id: String,
        name: String,
        arguments: String,
    },
    Usage(Usage),
    End(StopReason),
}

/// Why a model call failed, so that the engine and a person can act on it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    #[error("the provider limits the rate of requests")]
    RateLimited { retry_after: Option<Duration>, detail: String },
    #[error("the provider is overloaded or away")]
    Overloaded { retry_after: Option<Duration>, detail: String },
    #[error("the conversation is longer than the model can read")]
    ContextTooLong { detail: String },
    #[error("the provider refused the key")]
    BadKey { detail: String },
    #[error("the model or its provider refused to answer")]
    Refused { detail: String },
    #[error("the provider did not answer in time")]
    Timeout { detail: String },
    #[error("the provider's answer can't be read")]
    Malformed { detail: String },
    /// `detail` is whole sentences that say what to do.
    #[error("the model can't run on this machine")]
    Unusable { detail: String },
}

/// A stream of one call's events. Dropping it closes the connection to the provider.
pub type ModelStream = BoxStream<'static, Result<ModelEvent, ModelError>>;

/// A model provider.
#[async_trait]
pub trait Provider: Send + Sync {
    /// Its id in the catalog.
    fn id(&self) -> &str;

    /// Makes one call. An error before the first event is returned, later ones come in the stream.
    async fn stream(&self, request: ModelRequest) -> Result<ModelStream, ModelError>;

    /// Why one of its models can't be used now, for people; `None` when it can, as far as is known without a call.
    fn unavailable(&self, _model: &str) -> Option<String> {
        None
    }

    /// The same provider with another key; `None` where it takes none.
    fn with_key(&self, _key: SecretString) -> Option<Arc<dyn Provider>> {
        None
    }
}
