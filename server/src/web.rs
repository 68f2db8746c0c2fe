//! Pages: rendered on the server, then taken over by the browser.

use crate::{
    api::{DOCUMENT, Limit},
    app::App,
    assets,
    auth::{Concerned, Credentials, Seen},
    config::PaymentGateway,
    edge,
    error::Failure,
    extract, limits,
    serve::gateway,
    web_sessions::Session,
};
use alumia_app::{
    App as Pages,
    server::{Caller, Concern, Described, DoorHandle, LazyModules},
    shell,
};
use alumia_platform::Error;
use axum::{
    Router,
    body::Body,
    extract::{MatchedPath, Request, State},
    http::{HeaderValue, StatusCode, Uri, header, request::Parts},
    middleware::{self, Next},
    response::{IntoResponse, Redirect, Response},
    routing::{any, get},
};
use leptos::{
    config::LeptosOptions,
    context::{provide_context, use_context},
    nonce::use_nonce,
    server_fn::axum::get_server_fn_service,
};
use leptos_axum::{
    ResponseOptions, generate_route_list, handle_server_fns_with_context, render_app_to_stream_with_context,
    render_route_with_context,
};
use std::{future::Future, sync::Arc};

/// Pages and their server functions, without the layers that the API shares with them.
pub fn router(app: &App) -> Router<App> {
    let options = LeptosOptions::builder().output_name("alumia").site_pkg_dir("pkg").build();
    let routes = generate_route_list(Pages);
    let document = {
        let options = options.clone();
        move || shell(options.clone())
    };
    let context = {
        let app = app.clone();
        let modules = LazyModules::new(assets::lazy_modules());
        move || {
            provide_context(modules.for_page());
            provide(&app);
        }
    };
    let pages = render_route_with_context(routes.clone(), context.clone(), document.clone());
    let developing = app.config.dev;
    let render =
        move |request: Request| page(request, developing, move |request| pages(State(options), request));
    let no_page = render_app_to_stream_with_context(
        {
            let context = context.clone();
            move || {
                context();
                if let Some(response) = use_context::<ResponseOptions>() {
                    response.set_status(StatusCode::NOT_FOUND);
                }
            }
        },
        document,
    );
    let functions = move |request: Request| function(request, context);

    let pages =
        routes.iter().fold(Router::new(), |pages, route| pages.route(route.path(), get(render.clone())));
    pages.fallback(no_page).layer(middleware::from_fn_with_state(app.clone(), limit_page)).route(
        "/fn/{*name}",
        any(functions).layer(middleware::from_fn_with_state(app.clone(), limit_function)),
    )
}

/// Pages that exist in development alone.
fn is_for_developers(path: &str) -> bool {
    matches!(path, "/docs/components" | "/docs/canvas-bench")
}

/// Marks answers that are files of the web interface.
#[derive(Clone, Copy, Debug)]
pub struct IsFile;

/// Serves a file of the web interface if the path is one's, before anything else looks at the request.
pub async fn files(request: Request, next: Next) -> Response {
    match assets::serve(request.method(), request.uri().path(), request.headers()) {
        Some(mut file) => {
            file.extensions_mut().insert(IsFile);
            file
        }
        None => next.run(request).await,
    }
}

/// A page. Whoever isn't signed in is sent to sign in before an organisation's page, and then back.
async fn page<Rendered>(
    request: Request,
    developing: bool,
    render: impl FnOnce(Request) -> Rendered,
) -> Response
where
    Rendered: Future<Output = Response>,
{
    let of_an_org =
        request.extensions().get::<MatchedPath>().is_some_and(|path| path.as_str().starts_with("/{"));
    let signed_in = request.extensions().get::<Credentials>().is_some_and(|caller| caller.user().is_some());
    if !developing && is_for_developers(request.uri().path()) {
        return Failure::from(Error::NotFound("page")).into_response();
    }
    if of_an_org && !signed_in {
        return Redirect::to(&login_path(request.uri())).into_response();
    }
    let mut response = render(request).await;
    response
        .headers_mut()
        .entry(header::CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("private, no-cache"));
    response
}

fn login_path(wanted: &Uri) -> String {
    use std::fmt::Write as _;
    let wanted = wanted.path_and_query().map_or("/", |path| path.as_str());
    wanted.bytes().fold(String::from("/login?next="), |mut path, byte| {
        if byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            // Writing to a string can't fail.
            let _ = write!(path, "%{byte:02X}");
        }
        path
    })
}

/// A server function: a page's read, or a form that works without script.
async fn function(request: Request, context: impl Fn() + Clone + Send + 'static) -> Response {
    if get_server_fn_service(request.uri().path(), request.method().clone()).is_none() {
        return Failure::from(Error::NotFound("page")).into_response();
    }
    let (parts, body) = request.into_parts();
    match extract::read(body, extract::JSON_LIMIT).await {
        Ok(body) => {
            let request = Request::from_parts(parts, Body::from(body));
            handle_server_fns_with_context(context, request).await.into_response()
        }
        Err(failure) => failure.into_response(),
    }
}

/// Share links could be guessed at by their pages too.
async fn limit_page(State(app): State<App>, request: Request, next: Next) -> Response {
    let limit = if edge::shared(request.uri().path()).is_some() { Limit::Share } else { Limit::Read };
    limits::limit(State((app, limit)), request, next).await
}

/// Forms that make, open or secure an account count as what they are.
async fn limit_function(State(app): State<App>, request: Request, next: Next) -> Response {
    let limit = match request.uri().path() {
        "/fn/sign_up"
        | "/fn/sign_in"
        | "/fn/step_up"
        | "/fn/ask_reset"
        | "/fn/reset_password"
        | "/fn/confirm_email"
        | "/fn/change_password"
        | "/fn/change_email"
        | "/fn/confirm_totp"
        | "/fn/enroll_totp" => Limit::Auth,
        "/fn/share" => Limit::Share,
        _ => Limit::Read,
    };
    limits::limit(State((app, limit)), request, next).await
}

/// What pages and server functions find in their context.
fn provide(app: &App) {
    provide_context(app.platform.clone());
    let parts = use_context::<Parts>();
    let extensions = parts.as_ref().map(|parts| &parts.extensions);
    let credentials = extensions.and_then(|extensions| extensions.get::<Credentials>());
    let session = extensions.and_then(|extensions| extensions.get::<Session>());
    provide_context(Caller {
        user: credentials.and_then(|credentials| credentials.user()),
        stepped_up: session.is_some_and(|session| session.stepped_up_until().is_some()),
    });
    provide_context(Described { document: &DOCUMENT, origin: origin(app, parts.as_ref()) });
    if let Some(parts) = &parts {
        provide_context(Seen::of(parts, app).0);
    }
    if let Some(Concerned(concern)) = extensions.and_then(|extensions| extensions.get::<Concerned>()) {
        provide_context(Concern(concern.clone()));
    }
    if let Some(session) = session {
        let door: DoorHandle = Arc::new(session.clone());
        provide_context(door);
    }
    let is_shared = parts.as_ref().is_some_and(|parts| edge::shared(parts.uri.path()).is_some());
    let policy = |nonce: &str| {
        if is_shared {
            shared_policy(nonce)
        } else {
            content_policy(nonce, gateway(&app.config) == PaymentGateway::Stripe)
        }
    };
    if let (Some(nonce), Some(response)) = (use_nonce(), use_context::<ResponseOptions>())
        && let Ok(policy) = HeaderValue::from_str(&policy(&nonce))
    {
        response.insert_header(header::CONTENT_SECURITY_POLICY, policy);
    }
}

/// Where a browser reaches this server.
fn origin(app: &App, parts: Option<&Parts>) -> String {
    if let Some(own) = &app.config.server.public_url {
        return own.clone();
    }
    let host = parts.and_then(|parts| parts.headers.get(header::HOST)).and_then(|host| host.to_str().ok());
    format!("http://{}", host.unwrap_or("localhost"))
}

/// Scripts run only with this answer's nonce or from this server's files; nothing is loaded from elsewhere, but for
/// what Stripe's card fields need where it takes payments (<https://docs.stripe.com/security/guide>); a page keeps
/// the policy of the document that it was reached from, so all pages have it. Style attributes are allowed: the
/// canvas places its nodes by them. Sound, film and PDF of the project's folder are this server's files too.
fn content_policy(nonce: &str, stripe: bool) -> String {
    let [scripts, frames, connections, images, forms] = if stripe {
        [
            " https://js.stripe.com https://*.js.stripe.com",
            " https://js.stripe.com https://*.js.stripe.com https://hooks.stripe.com",
            "connect-src 'self' https://api.stripe.com; ",
            " https://*.stripe.com",
            // A form may lead to Stripe's pages for subscriptions.
            " https://checkout.stripe.com https://billing.stripe.com",
        ]
    } else {
        [""; 5]
    };
    format!(
        "default-src 'self'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'{scripts}; frame-src 'self'{frames}; {connections}\
         style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:{images}; \
         object-src 'none'; base-uri 'none'; form-action 'self'{forms}; frame-ancestors 'none'"
    )
}

/// The same for a shared canvas, which sends no form and shows nothing but this server's files.
fn shared_policy(nonce: &str) -> String {
    format!(
        "default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; connect-src 'self'; \
         style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; img-src 'self' data:; \
         media-src 'self'; frame-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}

#[cfg(test)]
mod tests {
    use super::login_path;

    #[test]
    fn the_way_back_survives_the_way_to_sign_in() {
        let wanted = "/acme/projects/x?a=1&b=%2F".parse().unwrap();
        assert_eq!(login_path(&wanted), "/login?next=/acme/projects/x%3Fa%3D1%26b%3D%252F");
    }
}
