use crate::{
    Caps, NetError,
    address::refused_unless,
    dns::{Dns, SystemDns, VettedDns, vetted},
    target,
};
use bytes::{Bytes, BytesMut};
use ipnet::IpNet;
use reqwest::{
    Method, Response, StatusCode,
    header::{self, HeaderMap, HeaderName},
    redirect,
};
use std::{
    error::Error as _,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use url::{Host, Url};

const CONNECT: Duration = Duration::from_secs(10);

/// Headers that may follow a redirect to another site; all others may hold a secret.
const HARMLESS: [HeaderName; 4] =
    [header::ACCEPT, header::ACCEPT_LANGUAGE, header::USER_AGENT, header::CONTENT_TYPE];

/// What to fetch.
#[derive(Clone, Debug)]
pub struct Request {
    /// How.
    pub method: Method,
    /// Where, as somebody wrote it; not yet known to be a URL.
    pub url: String,
    /// Headers beside those that every request has.
    pub headers: HeaderMap,
    /// The body.
    pub body: Option<Bytes>,
}

impl Request {
    /// A request without headers and body.
    pub fn new(method: Method, url: impl Into<String>) -> Self {
        Self { method, url: url.into(), headers: HeaderMap::new(), body: None }
    }

    /// A GET.
    pub fn get(url: impl Into<String>) -> Self {
        Self::new(Method::GET, url)
    }
}

/// How far a fetch is.
#[derive(Clone, Copy, Debug)]
pub enum Progress<'a> {
    /// A redirect is followed to this URL.
    Redirect(&'a Url),
    /// The last answer began with this status and, where said, this many bytes to come.
    Answer(StatusCode, Option<u64>),
    /// So many bytes of its body are here.
    Bytes(usize),
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// Where it came from, after all redirects.
    pub url: Url,
    /// Its status; a 404 is an answer too.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, unpacked.
    pub body: Bytes,
    /// Whether the body was longer than the cap.
    pub truncated: bool,
}

impl Fetched {
    /// The media type, in lower case and without parameters; empty when none was given.
    pub fn media_type(&self) -> String {
        let value = self.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
        value.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// The charset that the media type names, in lower case.
    pub fn charset(&self) -> Option<String> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        let parameter = value.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then_some(value)
        })?;
        Some(parameter.trim().trim_matches('"').to_ascii_lowercase())
    }
}

/// Fetches from public addresses alone. Cheap to clone; connections are shared.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    dns: Arc<dyn Dns>,
    allow: Arc<[IpNet]>,
}

impl Client {
    /// A client on the system's name server that reaches public addresses alone.
    ///
    /// # Errors
    /// [`NetError::Connect`] when the system's certificates can't be read.
    pub fn new() -> Result<Self, NetError> {
        Self::with(Arc::new(SystemDns), vec![])
    }

    /// A client that asks `dns` and also reaches what an operator lists in `allow`.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with(dns: Arc<dyn Dns>, allow: Vec<IpNet>) -> Result<Self, NetError> {
        let allow: Arc<[IpNet]> = allow.into();
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(redirect::Policy::none())
            .referer(false)
            .dns_resolver(VettedDns { dns: dns.clone(), allow: allow.clone() })
            .connect_timeout(CONNECT)
            .pool_idle_timeout(Duration::from_secs(30))
            .user_agent(concat!("Alumia/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|fault| NetError::Connect { host: "any host".into(), reason: innermost(&fault) })?;
        Ok(Self { http, dns, allow })
    }

    /// Checks everything about a URL that needs no name server, and gives it in its plain spelling.
    ///
    /// # Errors
    /// The rule that refuses it.
    pub fn check(&self, url: &str) -> Result<Url, NetError> {
        target::parse(url, None, &self.allow)
    }

    /// What an operator allows beside public addresses.
    pub(crate) fn allow(&self) -> &[IpNet] {
        &self.allow
    }

    /// The addresses of a URL that was parsed by [`target::parse`], all of them vetted.
    pub(crate) async fn addresses(&self, url: &Url) -> Result<Vec<SocketAddr>, NetError> {
        let found: Vec<IpAddr> = match url.host() {
            Some(Host::Ipv4(address)) => vec![address.into()],
            Some(Host::Ipv6(address)) => vec![address.into()],
            Some(Host::Domain(name)) => vetted(&*self.dns, name, &self.allow).await?,
            None => vec![],
        };
        let port = url.port_or_known_default().unwrap_or_default();
        Ok(found.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    /// Fetches, following redirects, within `caps`. Dropping the future closes the connection.
    ///
    /// # Errors
    /// The rule that refused it, or what failed on the way. An answer with an error status is none.
    pub async fn fetch(
        &self,
        request: Request,
        caps: Caps,
        progress: &(dyn for<'a> Fn(Progress<'a>) + Send + Sync),
    ) -> Result<Fetched, NetError> {
        let all = self.follow(request, caps, progress);
        let late = |_| NetError::Timeout(caps.time.as_secs());
        tokio::time::timeout(caps.time, all).await.map_err(late)?
    }

    async fn follow(
        &self,
        mut request: Request,
        caps: Caps,
        progress: &(dyn for<'a> Fn(Progress<'a>) + Send + Sync),
    ) -> Result<Fetched, NetError> {
        let mut url = target::parse(&request.url, None, &self.allow)?;
        for hop in 0..=caps.redirects {
            let sent = self.send(&request, &url).await;
            let response = sent.map_err(|fault| if hop > 0 { redirected(fault) } else { fault })?;
            let Some(location) = location(&response) else {
                return self.read(response, url, caps.bytes, progress).await;
            };
            let next = target::parse(&location, Some(&url), &self.allow).map_err(redirected)?;
            redirect(&mut request, response.status(), &url, &next)?;
            progress(Progress::Redirect(&next));
            url = next;
        }
        Err(NetError::Redirects(caps.redirects))
    }

    async fn send(&self, request: &Request, url: &Url) -> Result<Response, NetError> {
        let mut sending =
            self.http.request(request.method.clone(), url.clone()).headers(request.headers.clone());
        if let Some(body) = &request.body {
            sending = sending.body(body.clone());
        }
        let response = sending.send().await.map_err(|fault| cause(&fault, url))?;
        // The resolver has vetted it; this holds even if a proxy or pool slipped in between.
        if let Some(peer) = response.remote_addr()
            && let Some(range) = refused_unless(peer.ip(), &self.allow)
        {
            return Err(NetError::Address { host: target::host(url), address: peer.ip(), range });
        }
        Ok(response)
    }

    async fn read(
        &self,
        mut response: Response,
        url: Url,
        most: usize,
        progress: &(dyn for<'a> Fn(Progress<'a>) + Send + Sync),
    ) -> Result<Fetched, NetError> {
        let (status, headers) = (response.status(), response.headers().clone());
        progress(Progress::Answer(status, response.content_length()));
        let mut body = BytesMut::new();
        let mut truncated = false;
        while let Some(chunk) = response.chunk().await.map_err(|fault| cause(&fault, &url))? {
            let room = most - body.len();
            body.extend_from_slice(&chunk[..chunk.len().min(room)]);
            progress(Progress::Bytes(body.len()));
            if chunk.len() > room {
                truncated = true;
                break;
            }
        }
        Ok(Fetched { url, status, headers, body: body.freeze(), truncated })
    }
}

fn location(response: &Response) -> Option<String> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let value = response.headers().get(header::LOCATION)?;
    Some(String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// Makes of a request what follows a redirect, as browsers do (Fetch standard, HTTP-redirect fetch).
fn redirect(request: &mut Request, status: StatusCode, from: &Url, to: &Url) -> Result<(), NetError> {
    let fetches = matches!(request.method, Method::GET | Method::HEAD);
    if status.as_u16() == 303 && !fetches
        || matches!(status.as_u16(), 301 | 302) && request.method == Method::POST
    {
        request.method = Method::GET;
        request.body = None;
        request.headers.remove(header::CONTENT_TYPE);
    }
    if from.origin() != to.origin() {
        if request.body.is_some() {
            return Err(NetError::RedirectedBody(target::host(to)));
        }
        let kept = std::mem::take(&mut request.headers);
        for (name, value) in &kept {
            if HARMLESS.contains(name) {
                request.headers.append(name.clone(), value.clone());
            }
        }
    }
    Ok(())
}

fn redirected(fault: NetError) -> NetError {
    match fault {
        NetError::Connect { .. } | NetError::Answer { .. } | NetError::Resolve(_) => fault,
        refused => NetError::Redirect(Box::new(refused)),
    }
}

/// Our own refusal, where the resolver gave one; else where it failed and why.
fn cause(fault: &reqwest::Error, url: &Url) -> NetError {
    let mut source = fault.source();
    while let Some(inner) = source {
        if let Some(refusal) = inner.downcast_ref::<NetError>() {
            return refusal.clone();
        }
        source = inner.source();
    }
    let (host, reason) = (target::host(url), innermost(fault));
    if fault.is_connect() { NetError::Connect { host, reason } } else { NetError::Answer { host, reason } }
}

fn innermost(fault: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = fault;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}
