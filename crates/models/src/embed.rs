//! Texts as vectors, for search by meaning.

use crate::ModelError;
use async_trait::async_trait;

/// Something that turns texts into vectors of one fixed number of dimensions and of length 1: the nearer two texts
/// are in meaning, the larger is their dot product, 1 at most.
#[async_trait]
pub trait Embedder: Send + Sync {
    /// Its model. Vectors of different models can't be compared: whoever keeps some keeps this with them.
    fn model(&self) -> &str;

    /// Numbers of a vector.
    fn dimensions(&self) -> usize;

    /// Why it can't be used now, for people; `None` when it can, as far as is known without trying.
    fn unavailable(&self) -> Option<String>;

    /// A vector for each text, in the same order. Dropping the future stops it after a few texts.
    ///
    /// # Errors
    /// `Unusable` where the machine can't, `Overloaded` and `Timeout` where another try may succeed.
    async fn embed(&self, texts: Vec<String>) -> Result<Vec<Vec<f32>>, ModelError>;
}
