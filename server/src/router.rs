//! The whole of HTTP: routes and the layers around them, outermost last.

use crate::{api, app::App, apps, audit, auth, csrf, dev, edge, health, unread, web, webhooks};
use axum::{
    Router,
    http::{Extensions, HeaderMap, StatusCode, Version, header},
    middleware::{from_fn, from_fn_with_state},
};
use tower_http::compression::{
    CompressionLayer, CompressionLevel,
    predicate::{DefaultPredicate, Predicate, SizeAbove},
};

/// Whether an answer was made for its request, unlike [`web::files`], and isn't packed already.
fn no_file(_: StatusCode, _: Version, headers: &HeaderMap, extensions: &Extensions) -> bool {
    let packed = headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "application/zip");
    extensions.get::<web::IsFile>().is_none() && !packed
}

/// Everything that the server answers.
pub fn router(app: &App) -> Router {
    // Event streams and pictures are left alone by the default predicate. Files of the web interface are kept
    // compressed where they are shipped.
    let compression = CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(DefaultPredicate::new().and(SizeAbove::new(512)).and(no_file));
    api::router(app)
        .merge(web::router(app))
        .merge(dev::router(app))
        .merge(webhooks::router())
        .merge(apps::router())
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
