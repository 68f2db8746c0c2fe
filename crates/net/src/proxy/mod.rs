//! An HTTP forward proxy that reaches what the [`Client`] reaches and nothing else.
//!
//! A program that must not touch the network itself (a browser in a network namespace of its own) speaks to
//! it over a Unix socket. It takes `CONNECT` and absolute-form requests (RFC 9110 §9.3.6, RFC 9112 §3.2.2),
//! vets each target as a fetch would be, connects to the very address that it vetted, and counts bytes.

mod answer;
mod forward;
mod meter;

use crate::{Client, NetError, target};
use answer::Answer;
use hyper::{Method, Request, Uri, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use meter::{Meter, Metered};
use std::{convert::Infallible, io, net::SocketAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpStream, UnixListener, UnixStream},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use url::Url;

/// How long a program may take over the head of a request; what is on the same machine needs no time at all.
const HEAD: Duration = Duration::from_secs(30);

/// Limits of one proxy, over its whole life.
#[derive(Clone, Copy, Debug)]
pub struct ProxyCaps {
    /// Bytes that go through it, both ways together. Over it everything is closed and refused.
    pub bytes: u64,
    /// Connections at a time. One more is told at once that there are too many.
    pub connections: usize,
    /// How long it may take to find a target's address and connect to it.
    pub connect: Duration,
}

impl Default for ProxyCaps {
    fn default() -> Self {
        Self { bytes: 200 << 20, connections: 128, connect: Duration::from_secs(10) }
    }
}

/// What a proxy tells its owner. What was asked for hears it too, as an answer of status 403, 502 or 503.
#[derive(Clone, Debug)]
pub enum ProxyEvent {
    /// A target was not reached.
    Unreached {
        /// `host:port`, as it was asked for; IPv6 addresses in brackets.
        authority: String,
        /// The rule that refused it, or what failed.
        fault: NetError,
    },
    /// So many bytes went through it, which is all that may. Told once.
    Spent(u64),
}

/// Hears of [`ProxyEvent`]s; must not block.
pub type ProxyWatch = Arc<dyn Fn(ProxyEvent) + Send + Sync>;

/// See the module; made by [`Client::proxy`].
pub struct Proxy {
    client: Client,
    caps: ProxyCaps,
    meter: Meter,
    watch: ProxyWatch,
    /// Ends tunnels, which are tasks of their own.
    stop: CancellationToken,
}

impl Client {
    /// A proxy on this client's name server and rules.
    pub fn proxy(&self, caps: ProxyCaps, watch: ProxyWatch) -> Proxy {
        let spent = {
            let watch = watch.clone();
            move || watch(ProxyEvent::Spent(caps.bytes))
        };
        let meter = Meter::new(caps.bytes, spent);
        Proxy { client: self.clone(), caps, meter, watch, stop: CancellationToken::new() }
    }
}

impl Proxy {
    /// Serves until its future is dropped, which closes every connection.
    pub async fn serve(self, listener: UnixListener) {
        let room = Arc::new(Semaphore::new(self.caps.connections));
        let stop = self.stop.clone();
        let _ends_all = stop.clone().drop_guard();
        let proxy = Arc::new(self);
        loop {
            let Ok((stream, _)) = listener.accept().await else {
                // Out of file descriptors, most likely; that passes.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            };
            let (permit, stop) = (room.clone().try_acquire_owned().ok(), stop.clone());
            let serving = proxy.clone().connection(stream, permit);
            tokio::spawn(async move { stop.run_until_cancelled(serving).await });
        }
    }

    /// One without a permit is told that there are too many.
    async fn connection(self: Arc<Self>, stream: UnixStream, permit: Option<OwnedSemaphorePermit>) {
        let permit = permit.map(Arc::new);
        let service = service_fn(|request| {
            let (proxy, permit) = (self.clone(), permit.clone());
            async move {
                let Some(permit) = permit else { return Ok(answer::crowded()) };
                Ok::<_, Infallible>(proxy.answer(request, permit).await)
            }
        });
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(HEAD)
            .preserve_header_case(true)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        // A program that hangs up or speaks no HTTP has nobody left to be told.
        let _ = serving.await;
    }

    async fn answer(
        self: Arc<Self>,
        request: Request<Incoming>,
        permit: Arc<OwnedSemaphorePermit>,
    ) -> Answer {
        let authority = authority(request.uri());
        let carried = if self.meter.is_spent() {
            Err(NetError::Spent(self.caps.bytes))
        } else if request.method() == Method::CONNECT {
            self.tunnel(request, permit).await
        } else {
            self.forward(request).await
        };
        carried.unwrap_or_else(|fault| {
            let answer = answer::refusal(&fault);
            (self.watch)(ProxyEvent::Unreached { authority, fault });
            answer
        })
    }

    /// Connects, and from then on carries bytes both ways without looking at them.
    async fn tunnel(
        &self,
        request: Request<Incoming>,
        permit: Arc<OwnedSemaphorePermit>,
    ) -> Result<Answer, NetError> {
        let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
        let url = target::parse(&format!("https://{authority}/"), None, self.client.allow())?;
        let mut there = self.connect(&url).await?;
        let stop = self.stop.clone();
        let carrying = async move {
            let _permit = permit;
            if let Ok(here) = hyper::upgrade::on(request).await {
                // It ends when either side does, or when nothing more may be carried.
                let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(here), &mut there).await;
            }
        };
        tokio::spawn(async move { stop.run_until_cancelled(carrying).await });
        Ok(answer::empty())
    }

    /// A connection to one of the addresses that were vetted, each tried in turn.
    async fn connect(&self, url: &Url) -> Result<Metered<TcpStream>, NetError> {
        let host = target::host(url);
        let failed = |reason: String| NetError::Connect { host: host.clone(), reason };
        let most = self.caps.connect;
        let connecting = async {
            let addresses = self.client.addresses(url).await?;
            let connected = first(&addresses, most / u32::try_from(addresses.len().clamp(1, 3)).unwrap_or(1));
            connected.await.map_err(|fault| failed(fault.to_string()))
        };
        let late = |_| failed(format!("it does not answer within {} seconds", most.as_secs()));
        let stream = tokio::time::timeout(most, connecting).await.map_err(late)??;
        let _ = stream.set_nodelay(true);
        Ok(Metered::new(stream, self.meter.clone()))
    }
}

/// `host:port` of what is asked for.
fn authority(asked: &Uri) -> String {
    let Some(authority) = asked.authority() else { return String::new() };
    match authority.port() {
        Some(_) => authority.to_string(),
        // Only plain HTTP leaves it out.
        None => format!("{authority}:80"),
    }
}

/// Connects to the first address that answers in time.
async fn first(addresses: &[SocketAddr], each: Duration) -> io::Result<TcpStream> {
    let mut fault = io::Error::other("it has no address");
    for &address in addresses {
        match tokio::time::timeout(each, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(found)) => fault = found,
            Err(_) => fault = io::Error::other("it does not answer"),
        }
    }
    Err(fault)
}
