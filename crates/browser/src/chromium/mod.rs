//! Chromium, confined like a sandboxed command.
//!
//! The boundary is outside: namespaces without a network, a seccomp filter, an ordinary user, limits. Chromium's
//! own sandbox would need user namespaces inside, which the filter refuses because they have opened sandboxes
//! before, so it runs with `--no-sandbox`; a page that breaks out of its renderer owns a browser that holds this
//! one page and can reach what pages can reach. Site isolation is off for the same reason: what it keeps apart is
//! one person's errand, and it costs a process for each site.

mod act;
mod command;
mod events;
mod frames;
mod look;
mod outlet;
mod state;
mod tab;

use crate::{Browser, BrowserError, Browsers, Settings, Watch, cdp::Cdp};
use alumia_net::{ProxyCaps, ProxyEvent, ProxyWatch};
use alumia_sandbox::{Bubblewrap, Confined, Ended, Limits as Confines, Program};
use async_trait::async_trait;
use events::Events;
use outlet::Outlet;
use serde_json::{Value, json};
use state::State;
use std::{
    io,
    path::PathBuf,
    sync::{Arc, OnceLock},
};
use tab::{Running, Tab};
use tokio::{
    io::AsyncReadExt as _,
    sync::{mpsc, watch},
};

/// Starts confined browsers.
pub struct Chromium {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    /// Where the sockets are.
    outlets: PathBuf,
    sandbox: Bubblewrap,
    executable: Option<PathBuf>,
    off: OnceLock<Option<String>>,
}

impl Chromium {
    /// Browsers with these settings; none is started yet.
    ///
    /// # Errors
    /// When the folder for small files can't be written.
    pub fn new(settings: Settings) -> io::Result<Self> {
        const MIB: u64 = 1 << 20;
        let limits = settings.limits;
        let confines = Confines {
            memory: limits.memory,
            processes: limits.processes,
            work: limits.profile,
            tmp: 256 * MIB,
            open_files: 4096,
            ..Confines::default()
        };
        let sandbox = Bubblewrap::new(&settings.state.join("sandbox"), confines)?;
        let outlets = outlet::prepare(&settings.state)?;
        let executable = command::find(settings.executable.as_deref());
        Ok(Self { shared: Arc::new(Shared { settings, outlets, sandbox, executable, off: OnceLock::new() }) })
    }

    /// Where the browser is, if there is one.
    pub fn executable(&self) -> Option<&std::path::Path> {
        self.shared.executable.as_deref()
    }
}

impl Shared {
    fn off(&self) -> Option<String> {
        self.off.get_or_init(|| self.probe().err()).clone()
    }

    /// Starts a browser as every browser is started, asks it for its name and lets it go.
    fn probe(&self) -> Result<(), String> {
        let program = self.program(None)?;
        let asked =
            b"{\"id\":1,\"method\":\"Browser.getVersion\"}\0{\"id\":2,\"method\":\"Browser.close\"}\0";
        let tried = self.sandbox.try_out(&program, asked, self.settings.limits.start);
        let said = tried.map_err(|why| format!("Chromium does not run here: {why}"))?;
        if String::from_utf8_lossy(&said).contains("\"product\"") {
            Ok(())
        } else {
            Err("Chromium starts but doesn't answer".into())
        }
    }

    fn program(&self, outlet: Option<&Outlet>) -> Result<Program, String> {
        let Some(executable) = &self.executable else {
            return Err(match &self.settings.executable {
                Some(path) => format!("{} is not there", path.display()),
                None => {
                    "no Chromium is installed. Install the package chromium (or chromium-headless-shell), or \
                         say where one is, and start again"
                        .into()
                }
            });
        };
        Ok(command::program(&self.settings.forwarder, executable, outlet))
    }

    async fn launch(&self, watch: Watch) -> Result<Arc<dyn Browser>, BrowserError> {
        let failed = |fault: io::Error| BrowserError::Start(fault.to_string());
        let state = Arc::new(watch::Sender::new(State::new()));
        let outlet = Outlet::new(&self.outlets).map_err(failed)?;
        let listener = outlet.listen().map_err(failed)?;
        let limits = self.settings.limits;
        let caps = ProxyCaps { bytes: limits.bytes, connections: limits.connections, ..ProxyCaps::default() };
        let proxy = self.settings.client.proxy(caps, told(&state, &watch));
        let mut running = Running::default();
        running.spawn(proxy.serve(listener));

        let program = self.program(Some(&outlet)).map_err(BrowserError::Start)?;
        let mut confined = self.sandbox.stay(&program).await.map_err(failed)?;
        let (Some(stdin), Some(stdout), Some(stderr)) =
            (confined.stdin.take(), confined.stdout.take(), confined.stderr.take())
        else {
            return Err(BrowserError::Start("it has no pipes".into()));
        };
        let words = tokio::spawn(last_words(stderr));
        let (cdp, happened) = Cdp::over(stdin, stdout);
        let (frames, pictures) = mpsc::unbounded_channel();
        let events = Events { cdp: cdp.clone(), state: state.clone(), watch: watch.clone(), frames };
        running.spawn(events.follow(happened));
        running.spawn(frames::pass(cdp.clone(), state.clone(), watch.clone(), pictures));
        let tab = Tab::new(cdp, (state, watch), confined, running, outlet, &self.settings);
        match tab.prepare().await {
            Ok(()) => Ok(tab.guard()),
            Err(fault) => {
                tab.close().await;
                let words = words.await.unwrap_or_default();
                Err(BrowserError::Start(if words.is_empty() { fault.to_string() } else { words }))
            }
        }
    }
}

#[async_trait]
impl Browsers for Chromium {
    fn off_reason(&self) -> Option<String> {
        self.shared.off()
    }

    async fn start(&self, watch: Watch) -> Result<Arc<dyn Browser>, BrowserError> {
        let shared = self.shared.clone();
        let off = tokio::task::spawn_blocking(move || shared.off()).await;
        if let Some(reason) = off.map_err(|fault| BrowserError::Start(fault.to_string()))? {
            return Err(BrowserError::Off(reason));
        }
        let most = self.shared.settings.limits.start;
        let late = |_| BrowserError::Start(format!("it was not ready within {} seconds", most.as_secs()));
        tokio::time::timeout(most, self.shared.launch(watch)).await.map_err(late)?
    }
}

/// What the proxy tells about one browser.
fn told(state: &Arc<watch::Sender<State>>, watch: &Watch) -> ProxyWatch {
    let (state, watch) = (state.clone(), watch.clone());
    Arc::new(move |event| match event {
        ProxyEvent::Unreached { authority, fault } => {
            state.send_modify(|state| state.unreached(authority, fault));
        }
        ProxyEvent::Spent(bytes) => {
            state::note(&state, &watch, alumia_net::NetError::Spent(bytes).to_string());
        }
    })
}

/// The last line that a browser printed to standard error, which says why it doesn't start.
async fn last_words(mut stderr: tokio::process::ChildStderr) -> String {
    const KEPT: usize = 2000;
    let (mut kept, mut chunk) = (Vec::new(), [0; 1024]);
    while let Ok(length @ 1..) = stderr.read(&mut chunk).await {
        kept.extend_from_slice(&chunk[..length]);
        let extra = kept.len().saturating_sub(KEPT);
        kept.drain(..extra);
    }
    let text = String::from_utf8_lossy(&kept);
    text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default().trim().to_owned()
}

/// Waits for the end of a browser whose pipe is closed; whether it was for its memory.
async fn outgrew(confined: &Confined) -> bool {
    let ended = tokio::time::timeout(std::time::Duration::from_secs(1), confined.ended()).await;
    ended.is_ok_and(|how| how == Ended::Memory)
}

/// A list of one kind of target.
fn pages() -> Value {
    json!([{ "type": "page" }])
}
