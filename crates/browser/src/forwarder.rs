//! The process between a confined browser and the proxy outside: it listens on the loopback of its network
//! namespace, where there is nothing else, and copies each connection to the proxy's Unix socket.
//!
//! It is a hidden command of the program that uses this crate ([`Forwarder`](crate::Forwarder)), run inside the
//! sandbox. It starts the browser, so that there is a proxy before the first request, and ends with it.

use std::{
    ffi::OsString,
    io,
    net::Ipv4Addr,
    path::Path,
    process::{ExitCode, Stdio},
    sync::Arc,
};
use tokio::{
    net::{TcpListener, TcpStream, UnixStream},
    process::Command,
    sync::Semaphore,
};

/// Chromium reads its protocol from descriptor 3 and writes to 4. What it prints must not get among that.
const PIPES: &str = r#"exec "$@" 3<&0 4>&1 0</dev/null 1>/dev/null"#;

/// Connections at a time; the proxy has its own, smaller limit.
const CONNECTIONS: usize = 512;

/// Forwards for a browser until it ends. The arguments are the proxy's socket, the browser, and what the browser
/// shall be called with.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut arguments = arguments.into_iter();
    let (Some(socket), Some(browser)) = (arguments.next(), arguments.next()) else {
        eprintln!("a socket and a browser are needed");
        return ExitCode::FAILURE;
    };
    let browser: Vec<OsString> = std::iter::once(browser).chain(arguments).collect();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime.and_then(|runtime| runtime.block_on(run(Path::new(&socket), &browser))) {
        Ok(code) => ExitCode::from(code),
        Err(fault) => {
            eprintln!("the browser could not start: {fault}");
            ExitCode::FAILURE
        }
    }
}

async fn run(socket: &Path, browser: &[OsString]) -> io::Result<u8> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let port = listener.local_addr()?.port();
    let mut browser = Command::new("/bin/sh")
        .args(["-c", PIPES, "sh"])
        .args(browser)
        .arg(format!("--proxy-server=http://127.0.0.1:{port}"))
        .stdin(Stdio::inherit())
        .spawn()?;
    let (socket, room) = (Arc::<Path>::from(socket), Arc::new(Semaphore::new(CONNECTIONS)));
    loop {
        tokio::select! {
            status = browser.wait() => return Ok(status?.code().and_then(|code| code.try_into().ok()).unwrap_or(1)),
            accepted = listener.accept() => {
                let (Ok((stream, _)), Ok(permit)) = (accepted, room.clone().try_acquire_owned()) else { continue };
                let socket = socket.clone();
                tokio::spawn(async move {
                    let _permit = permit;
                    carry(stream, &socket).await
                });
            }
        }
    }
}

async fn carry(mut from: TcpStream, socket: &Path) -> io::Result<()> {
    let _ = from.set_nodelay(true);
    let mut to = UnixStream::connect(socket).await?;
    tokio::io::copy_bidirectional(&mut from, &mut to).await?;
    Ok(())
}
