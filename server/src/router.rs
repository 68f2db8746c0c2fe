//! The whole of HTTP: routes and the layers around them, outermost last.

use crate::{api, app::App, audit, auth, csrf, dev, edge, health, unread, web, webhooks};
use axum::{
    Router,
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::compression::{
    CompressionLayer, CompressionLevel,
    predicate::{DefaultPredicate, Predicate, SizeAbove},
};

/// Everything that the server answers.
pub fn router(app: &App) -> Router {
    // Event streams and pictures are left alone by the default predicate.
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(DefaultPredicate::new().and(SizeAbove::new(512)));
    api::router(app)
        .merge(web::router(app))
        .merge(dev::router(app))
        .merge(webhooks::router())
        .layer(from_fn_with_state(app.clone(), csrf::csrf))
        .layer(from_fn_with_state(app.clone(), audit::audit))
        .layer(from_fn_with_state(app.clone(), auth::identify))
        .layer(from_fn(web::files))
        .merge(health::router())
        .layer(compression)
        .layer(from_fn(unread::unread))
        .layer(from_fn_with_state(app.clone(), edge::edge))
        .with_state(app.clone())
}
