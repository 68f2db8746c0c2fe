//! Plain HTTP: the request goes on to its target, the answer comes back.

use super::{Proxy, answer::Answer};
use crate::{NetError, target};
use http_body_util::BodyExt as _;
use hyper::{
    Request, Uri, Version,
    body::Incoming,
    client::conn::http1,
    header::{
        CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
        TRAILER, TRANSFER_ENCODING, UPGRADE,
    },
};
use hyper_util::rt::TokioIo;
use url::Url;

/// Headers about one connection and not about the message (RFC 9110 §7.6.1). `Connection` names more.
const HOP: [HeaderName; 9] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

impl Proxy {
    pub(super) async fn forward(&self, mut request: Request<Incoming>) -> Result<Answer, NetError> {
        let asked = request.uri();
        if asked.scheme_str().is_some_and(|scheme| scheme != "http") {
            // An https page comes by CONNECT; nothing here would encrypt it.
            return Err(NetError::Scheme(asked.scheme_str().unwrap_or_default().chars().take(40).collect()));
        }
        let url = target::parse(&asked.to_string(), None, self.client.allow())?;
        let host = target::host(&url);
        let failed = |fault: hyper::Error| NetError::Answer { host: host.clone(), reason: fault.to_string() };
        let stream = self.connect(&url).await?;
        let (mut sender, connection) = http1::Builder::new()
            .preserve_header_case(true)
            .handshake(TokioIo::new(stream))
            .await
            .map_err(failed)?;
        let stop = self.stop.clone();
        tokio::spawn(async move { stop.run_until_cancelled(connection).await });
        onward(&mut request, &url);
        let mut answer = sender.send_request(request).await.map_err(failed)?;
        strip(answer.headers_mut());
        *answer.version_mut() = Version::HTTP_11;
        Ok(answer.map(Incoming::boxed))
    }
}

/// Makes of a request to a proxy one to its target. The host is the one that was vetted, whatever the
/// header said (RFC 9112 §3.2.2).
fn onward(request: &mut Request<Incoming>, url: &Url) {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    *request.uri_mut() = path.parse().unwrap_or_else(|_| Uri::from_static("/"));
    *request.version_mut() = Version::HTTP_11;
    strip(request.headers_mut());
    let host = match url.port() {
        Some(port) => format!("{}:{port}", target::host(url)),
        None => target::host(url),
    };
    if let Ok(host) = HeaderValue::from_str(&host) {
        request.headers_mut().insert(HOST, host);
    }
}

fn strip(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    for name in HOP.iter().chain(&named) {
        headers.remove(name);
    }
}
