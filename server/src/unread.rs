//! Bodies that nobody read to their end.
//!
//! An answer that is ready early (404, 401) leaves the rest of the request's body on the connection. The
//! connection would then be closed under whoever sends the next request on it, and its sender may never see
//! the answer. So the rest is read and thrown away, within bounds.

use axum::{
    body::{Body, BodyDataStream, HttpBody as _},
    extract::Request,
    http::header,
    middleware::Next,
    response::Response,
};
use futures::{StreamExt as _, stream};
use std::{
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll},
    time::Duration,
};

/// What is read at most, and for how long; a larger or slower rest costs its sender the connection.
const MOST: usize = 16 * 1024 * 1024;
const PATIENCE: Duration = Duration::from_secs(2);

/// Reads what the handler left of the request's body before the answer goes out.
pub async fn unread(request: Request, next: Next) -> Response {
    // Who asks first whether to send a body doesn't send one that isn't wanted.
    if request.body().is_end_stream() || request.headers().contains_key(header::EXPECT) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let rest = Rest(Arc::new(Mutex::new(body.into_data_stream())));
    let handed = rest.clone();
    let body = Body::from_stream(stream::poll_fn(move |context| handed.poll(context)));
    let response = next.run(Request::from_parts(parts, body)).await;
    // An answer in time is worth more than the connection.
    let _ = tokio::time::timeout(PATIENCE, rest.throw_away()).await;
    response
}

/// A body that the handler reads from and that is still here afterwards.
#[derive(Clone)]
struct Rest(Arc<Mutex<BodyDataStream>>);

impl Rest {
    fn poll(&self, context: &mut Context<'_>) -> Poll<Option<Result<bytes::Bytes, axum::Error>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).poll_next_unpin(context)
    }

    async fn throw_away(&self) {
        let mut pieces = stream::poll_fn(|context| self.poll(context));
        let mut thrown_away = 0;
        while let Some(Ok(piece)) = pieces.next().await {
            thrown_away += piece.len();
            if thrown_away > MOST {
                break;
            }
        }
    }
}
