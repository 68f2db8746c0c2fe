//! A server that answers each request with exactly these bytes and closes, hangs or breaks off.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// What a request looked like.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    pub head: String,
    pub body: String,
}

/// A piece of an answer.
#[derive(Clone)]
pub enum Act {
    Send(Vec<u8>),
    Wait(Duration),
    /// Sends nothing more and waits for the client to go away.
    Hang,
}

/// The server; ends when it is dropped.
pub struct Server {
    pub origin: String,
    seen: Arc<Mutex<Seen>>,
    task: tokio::task::JoinHandle<()>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Server {
    /// Answers every request with `acts`; tells `gone` when a client left a hanging one.
    pub async fn start(acts: Vec<Act>, gone: Option<oneshot::Sender<()>>) -> Self {
        Self::with(move |_| acts.clone(), gone).await
    }

    /// Answers the nth request with `acts(n)`.
    pub async fn with(
        acts: impl Fn(usize) -> Vec<Act> + Send + Sync + 'static,
        gone: Option<oneshot::Sender<()>>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (shared, gone) = (seen.clone(), Arc::new(Mutex::new(gone)));
        let task = tokio::spawn(async move {
            for count in 0.. {
                let (socket, _) = listener.accept().await.unwrap();
                socket.set_nodelay(true).unwrap();
                tokio::spawn(answer(socket, acts(count), shared.clone(), gone.clone()));
            }
        });
        Self { origin, seen, task }
    }

    /// The last request.
    pub fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }
}

type Gone = Arc<Mutex<Option<oneshot::Sender<()>>>>;

async fn answer(mut socket: TcpStream, acts: Vec<Act>, seen: Arc<Mutex<Seen>>, gone: Gone) {
    let Some(request) = read_request(&mut socket).await else { return };
    *seen.lock().unwrap() = request;
    for act in acts {
        match act {
            Act::Send(bytes) => {
                if socket.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Act::Wait(time) => tokio::time::sleep(time).await,
            Act::Hang => {
                let mut rest = [0];
                let _ = socket.read(&mut rest).await;
                if let Some(gone) = gone.lock().unwrap().take() {
                    let _ = gone.send(());
                }
            }
        }
    }
}

async fn read_request(socket: &mut TcpStream) -> Option<Seen> {
    let mut bytes = vec![];
    loop {
        let mut buffer = [0; 4096];
        let count = socket.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(Seen { head: head.to_owned(), body: body.to_owned() });
        }
    }
}

/// The head of a stream that ends when the connection does.
pub fn stream_head() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n".to_vec()
}

/// The head of a stream in chunks, whose end is marked.
pub fn chunked_head() -> Vec<u8> {
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n"
        .to_vec()
}

pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

/// A whole answer with a status, headers and a body.
pub fn answer_with(status: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}", body.len())
        .into_bytes()
}
