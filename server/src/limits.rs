//! Rate limits: a bucket for the person and one for the address, and both must let a request pass.

use crate::{
    api::Limit,
    app::App,
    auth::Credentials,
    error::{Failure, Result},
    openapi::Part,
};
use alumia_platform::{
    Error,
    limits::{Bucket, Key, Limiter},
};
use axum::{
    extract::{FromRequestParts, Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::{Arc, Mutex, PoisonError};

/// The present request's way to its buckets, as an extension.
#[derive(Clone)]
pub struct Meter(Arc<Inner>);

struct Inner {
    limiter: Limiter,
    keys: Vec<Key>,
    standing: Mutex<Option<Standing>>,
}

/// How the bucket stands that this request took from last.
#[derive(Clone, Copy)]
struct Standing {
    limit: u32,
    remaining: u32,
    reset_seconds: u64,
}

impl Meter {
    /// A new message's share of the chat limit.
    pub async fn take_chat(&self) -> Result<()> {
        self.take(Bucket::Chat).await
    }

    async fn take(&self, bucket: Bucket) -> Result<()> {
        let Inner { limiter, keys, standing } = &*self.0;
        let checked = limiter.check(bucket, keys).await;
        *standing.lock().unwrap_or_else(PoisonError::into_inner) = Some(match &checked {
            Ok(allowed) => Standing {
                limit: allowed.limit,
                remaining: allowed.remaining,
                reset_seconds: allowed.reset_seconds,
            },
            Err(refused) => Standing {
                limit: refused.limit,
                remaining: 0,
                reset_seconds: refused.retry_after_ms.div_ceil(1_000),
            },
        });
        checked.map(drop).map_err(|refused| Error::from(refused).into())
    }

    fn standing(&self) -> Option<Standing> {
        *self.0.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FromRequestParts<App> for Meter {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Self> {
        let meter = parts.extensions.get::<Self>().cloned();
        meter.ok_or_else(|| Error::internal("this route has no meter").into())
    }
}

impl Part for Meter {}

/// Counts a request and says on its answer how the bucket stands.
pub async fn limit(State((app, limit)): State<(App, Limit)>, mut request: Request, next: Next) -> Response {
    let address = Key::address(app.proxies.client(request.headers(), request.extensions()));
    let keys = match request.extensions().get::<Credentials>() {
        // A link opens as much for whoever is signed in as for anybody.
        _ if limit == Limit::Share => vec![address],
        // A key is limited as itself, wherever it is used.
        Some(Credentials::Key(holder)) => vec![Key::ApiKey(holder.id)],
        Some(Credentials::User(user)) => vec![Key::User(*user), address],
        Some(Credentials::BadKey(_) | Credentials::None) | None => vec![address],
    };
    let meter = Meter(Arc::new(Inner { limiter: app.limiter.clone(), keys, standing: Mutex::default() }));
    let bucket = match (limit, request.method()) {
        (Limit::Auth, _) => Bucket::Auth,
        (Limit::Share, _) => Bucket::Share,
        (Limit::Read, _) | (Limit::Method, &Method::GET | &Method::HEAD) => Bucket::Read,
        // A write like others. The handler takes from the chat's bucket, once it knows that the message is new.
        (Limit::Method | Limit::Chat, _) => Bucket::Write,
    };
    let refused = meter.take(bucket).await.err();
    request.extensions_mut().insert(meter.clone());
    let mut response = match refused {
        Some(failure) => failure.into_response(),
        None => next.run(request).await,
    };
    if let Some(standing) = meter.standing() {
        describe(response.headers_mut(), standing);
    }
    response
}

fn describe(headers: &mut HeaderMap, standing: Standing) {
    let figures = [
        ("ratelimit-limit", u64::from(standing.limit)),
        ("ratelimit-remaining", u64::from(standing.remaining)),
        ("ratelimit-reset", standing.reset_seconds),
    ];
    for (name, figure) in figures {
        headers.insert(HeaderName::from_static(name), HeaderValue::from(figure));
    }
}
