//! A running browser and its one page.

use super::{
    outgrew,
    outlet::Outlet,
    pages,
    state::{EMPTY, State, failed, note},
};
use crate::{
    Browser, BrowserError, Limits, Page, SIZE, Screenshot, Settings, Watch,
    cdp::{Answer, Cdp, Fault},
    outline::Numbers,
};
use alumia_net::Client;
use alumia_sandbox::Confined;
use async_trait::async_trait;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
    time::timeout,
};

/// A page is quiet when for so long no request began or ended.
const QUIET: Duration = Duration::from_millis(250);

/// For so long it is waited for a loaded page to be quiet; some never are.
const RESTLESS: Duration = Duration::from_secs(2);

/// A page that doesn't answer for so long is busy.
const LIVELY: Duration = Duration::from_secs(1);

/// For so long it is waited for the word that what can't be opened is a download.
const WORD: Duration = Duration::from_millis(300);

/// What a page would ask a person for, by the names of the Permissions standard.
const PERMISSIONS: [&str; 12] = [
    "camera",
    "clipboard-read",
    "clipboard-write",
    "geolocation",
    "idle-detection",
    "local-fonts",
    "microphone",
    "midi",
    "notifications",
    "persistent-storage",
    "storage-access",
    "window-management",
];

/// Tasks that end with what they belong to.
#[derive(Default)]
pub(super) struct Running(JoinSet<()>);

impl Running {
    pub(super) fn spawn(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(task);
    }
}

pub(super) struct Tab {
    cdp: Cdp,
    pub(super) state: Arc<watch::Sender<State>>,
    pub(super) watch: Watch,
    confined: Confined,
    client: Client,
    pub(super) limits: Limits,
    /// What the outline that was given last calls things. Whoever holds it has the turn.
    turn: Mutex<Numbers>,
    _running: Running,
    _outlet: Outlet,
}

impl Tab {
    pub(super) fn new(
        cdp: Cdp,
        (state, watch): (Arc<watch::Sender<State>>, Watch),
        confined: Confined,
        running: Running,
        outlet: Outlet,
        settings: &Settings,
    ) -> Arc<Self> {
        Arc::new(Self {
            cdp,
            state,
            watch,
            confined,
            client: settings.client.clone(),
            limits: settings.limits,
            turn: Mutex::default(),
            _running: running,
            _outlet: outlet,
        })
    }

    /// Makes a browser that has just started what it shall be.
    pub(super) async fn prepare(&self) -> Result<(), BrowserError> {
        let deny = json!({ "behavior": "deny", "eventsEnabled": true });
        self.ask_browser("Browser.setDownloadBehavior", deny).await?;
        let discover = json!({ "discover": true, "filter": pages() });
        self.ask_browser("Target.setDiscoverTargets", discover).await?;
        for name in PERMISSIONS {
            let denied = json!({ "permission": { "name": name }, "setting": "denied" });
            self.cdp.send(None, "Browser.setPermission", &denied);
        }
        // A pop-up waits before it asks for anything, and is closed by then.
        let attach =
            json!({ "autoAttach": true, "waitForDebuggerOnStart": true, "flatten": true, "filter": pages() });
        self.ask_browser("Target.setAutoAttach", attach).await?;
        self.until(|state| state.page.is_some()).await?;
        let (width, height) = SIZE;
        for (method, params) in [
            ("Page.enable", json!({})),
            ("Inspector.enable", json!({})),
            ("DOM.enable", json!({})),
            ("Network.enable", json!({ "maxTotalBufferSize": 1 << 20, "maxResourceBufferSize": 1 << 18 })),
            ("Page.setInterceptFileChooserDialog", json!({ "enabled": true })),
            ("Emulation.setFocusEmulationEnabled", json!({ "enabled": true })),
            (
                "Emulation.setDeviceMetricsOverride",
                json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false }),
            ),
            (
                "Page.startScreencast",
                json!({ "format": "jpeg", "quality": 60, "maxWidth": width, "maxHeight": height }),
            ),
        ] {
            self.ask(method, params).await?;
        }
        Ok(())
    }

    /// The tab as a browser that ends when its page crashes or closes itself.
    pub(super) fn guard(self: Arc<Self>) -> Arc<dyn Browser> {
        let (tab, mut state) = (Arc::downgrade(&self), self.state.subscribe());
        tokio::spawn(async move {
            let gone = state.wait_for(|state| state.gone.is_some()).await.is_ok();
            if gone && let Some(tab) = tab.upgrade() {
                tab.confined.end().await;
            }
        });
        self
    }

    /// Asks the page something and waits for its answer, but not for ever.
    pub(super) async fn ask(&self, method: &str, params: Value) -> Result<Value, BrowserError> {
        self.ask_for(method, params).await
    }

    /// As [`Self::ask`], for what is needed of a large answer.
    pub(super) async fn ask_for<T: DeserializeOwned>(
        &self,
        method: &str,
        params: Value,
    ) -> Result<T, BrowserError> {
        let session = self.session();
        self.answer(self.cdp.call(session.as_deref(), method, params)).await
    }

    /// Asks the browser.
    pub(super) async fn ask_browser(&self, method: &str, params: Value) -> Result<Value, BrowserError> {
        self.answer(self.cdp.call(None, method, params)).await
    }

    fn session(&self) -> Option<String> {
        self.state.borrow().page.as_ref().map(|ids| ids.session.clone())
    }

    async fn answer<T: DeserializeOwned>(
        &self,
        answer: impl Future<Output = Result<Answer, Fault>>,
    ) -> Result<T, BrowserError> {
        let fault = tokio::select! {
            answer = timeout(self.limits.answer, answer) => match answer {
                Ok(Ok(answer)) => return taken(&answer),
                Ok(Err(fault)) => fault,
                Err(_) => return Err(BrowserError::Busy),
            },
            () = self.gone() => Fault::Closed,
        };
        Err(match fault {
            Fault::Closed => self.why().await,
            Fault::TooLarge => BrowserError::TooLarge,
            Fault::Refused(message) => BrowserError::Unexpected(message),
        })
    }

    /// Stops the script that keeps the page from answering.
    pub(super) fn interrupt(&self) {
        self.cdp.send(self.session().as_deref(), "Runtime.terminateExecution", &json!({}));
        note(&self.state, &self.watch, "the page was busy for too long and its script was stopped".into());
    }

    /// Waits until it can't be used any more.
    async fn gone(&self) {
        // The sender is ours, so there is always something to wait for.
        let _ = self.state.subscribe().wait_for(|state| state.gone.is_some()).await;
    }

    /// Why it can't be used any more.
    async fn why(&self) -> BrowserError {
        let gone = self.state.borrow().gone.clone();
        if outgrew(&self.confined).await {
            BrowserError::Memory
        } else {
            gone.unwrap_or(BrowserError::Closed)
        }
    }

    async fn until(&self, is_so: impl FnMut(&State) -> bool) -> Result<(), BrowserError> {
        let mut state = self.state.subscribe();
        let came = tokio::select! {
            came = async { state.wait_for(is_so).await.is_ok() } => came,
            () = self.gone() => false,
        };
        if came { Ok(()) } else { Err(self.why().await) }
    }

    /// Waits until the page is there and quiet; whether it is still loading after the longest wait.
    pub(super) async fn settle(&self, begun: Instant) -> Result<bool, BrowserError> {
        let mut state = self.state.subscribe();
        let deadline = begun + self.limits.load;
        let mut restless = None;
        loop {
            let now = Instant::now();
            let next = {
                let state = state.borrow_and_update();
                if state.gone.is_some() {
                    break;
                }
                if state.loading {
                    restless = None;
                    deadline
                } else {
                    let most = *restless.get_or_insert(now + RESTLESS);
                    let quiet = state.requests.is_empty().then(|| state.stirred + QUIET);
                    let next = quiet.unwrap_or(most).min(most);
                    if next <= now {
                        return Ok(false);
                    }
                    next.min(deadline)
                }
            };
            if now >= deadline {
                return Ok(self.state.borrow().loading);
            }
            // Either way it is looked again.
            let _ = timeout(next - now, state.changed()).await;
        }
        Err(self.why().await)
    }

    /// Waits for what an action brings, and reads the page.
    pub(super) async fn after(&self, begun: Instant, numbers: &mut Numbers) -> Result<Page, BrowserError> {
        let loading = self.settle(begun).await?;
        self.state.borrow().outcome()?;
        self.look(numbers, loading).await
    }

    /// Begins an action.
    pub(super) fn begin(&self) -> Instant {
        self.state.send_modify(State::begin);
        Instant::now()
    }

    async fn navigate(&self, url: &str, begun: Instant) -> Result<(), BrowserError> {
        self.make_way().await?;
        let mut went = self.go(url, begun).await;
        if matches!(went, Err(Aborted::Unanswered)) {
            // Another navigation that was just beginning can take this one with it.
            went = self.go(url, begun).await;
        }
        match went {
            Ok(()) => Ok(()),
            Err(Aborted::For(why)) => Err(why),
            Err(Aborted::Unanswered) => Err(failed(url, "net::ERR_ABORTED")),
        }
    }

    /// A page that is busy can't be left for another of its process, so it is emptied first.
    async fn make_way(&self) -> Result<(), BrowserError> {
        match timeout(LIVELY, self.ask("Page.getLayoutMetrics", json!({}))).await {
            Ok(Ok(_) | Err(BrowserError::Unexpected(_))) => return Ok(()),
            Ok(Err(fault)) => return Err(fault),
            Err(_) => {}
        }
        let session = self.session();
        let scripts = |off: bool| {
            let params = json!({ "value": off });
            self.cdp.send(session.as_deref(), "Emulation.setScriptExecutionDisabled", &params);
        };
        scripts(true);
        self.interrupt();
        let emptied = self.ask("Page.navigate", json!({ "url": "about:blank" })).await;
        scripts(false);
        emptied.map(drop)
    }

    async fn go(&self, url: &str, begun: Instant) -> Result<(), Aborted> {
        let session = self.session();
        let params = json!({ "url": url, "transitionType": "typed" });
        let going = self.cdp.call(session.as_deref(), "Page.navigate", params);
        let answer = tokio::select! {
            answer = timeout(self.limits.load, going) => answer,
            () = self.gone() => return Err(self.why().await.into()),
        };
        let Ok(answer) = answer else {
            self.cdp.send(session.as_deref(), "Page.stopLoading", &json!({}));
            // A page that is busy with itself can't even be left for the proxy's answer.
            self.state.borrow().refusal(url)?;
            let reason = format!("it does not answer within {} seconds", begun.elapsed().as_secs());
            return Err(BrowserError::Load { url: url.to_owned(), reason }.into());
        };
        let answer: Value = match answer {
            Ok(answer) => taken(&answer)?,
            Err(Fault::Refused(message)) => return Err(BrowserError::Unexpected(message).into()),
            Err(_) => return Err(self.why().await.into()),
        };
        match answer["errorText"].as_str() {
            None | Some("" | EMPTY) => Ok(()),
            Some("net::ERR_ABORTED") => {
                let mut state = self.state.subscribe();
                let told = timeout(WORD, state.wait_for(|state| state.download.is_some())).await;
                let download = told.ok().and_then(Result::ok).and_then(|state| state.download.clone());
                let answered = self.state.borrow().document.status.is_some();
                Err(match download {
                    Some(download) => BrowserError::Download(download).into(),
                    None if answered => failed(url, "net::ERR_ABORTED").into(),
                    None => Aborted::Unanswered,
                })
            }
            Some(word) => {
                self.state.borrow().outcome()?;
                Err(failed(url, word).into())
            }
        }
    }
}

/// Why the browser didn't go to a page.
enum Aborted {
    For(BrowserError),
    /// It gave up before anything was answered.
    Unanswered,
}

impl From<BrowserError> for Aborted {
    fn from(why: BrowserError) -> Self {
        Self::For(why)
    }
}

fn taken<T: DeserializeOwned>(answer: &Answer) -> Result<T, BrowserError> {
    serde_json::from_str(answer.get()).map_err(|fault| BrowserError::Unexpected(fault.to_string()))
}

#[async_trait]
impl Browser for Tab {
    async fn open(&self, url: &str) -> Result<Page, BrowserError> {
        let url = self.client.check(url).map_err(BrowserError::Refused)?;
        let mut numbers = self.turn.lock().await;
        let begun = self.begin();
        self.navigate(url.as_str(), begun).await?;
        self.after(begun, &mut numbers).await
    }

    async fn read(&self) -> Result<Page, BrowserError> {
        let mut numbers = self.turn.lock().await;
        let loading = self.state.borrow().loading;
        self.look(&mut numbers, loading).await
    }

    async fn click(&self, reference: u32) -> Result<Page, BrowserError> {
        let mut numbers = self.turn.lock().await;
        self.press(&mut numbers, reference).await
    }

    async fn type_text(&self, reference: u32, text: &str, submit: bool) -> Result<Page, BrowserError> {
        let mut numbers = self.turn.lock().await;
        self.write(&mut numbers, reference, text, submit).await
    }

    async fn screenshot(&self) -> Result<Screenshot, BrowserError> {
        let _turn = self.turn.lock().await;
        let how = json!({ "format": "jpeg", "quality": 80, "optimizeForSpeed": true });
        let taken = self.ask("Page.captureScreenshot", how).await?;
        let data = taken["data"].as_str().unwrap_or_default();
        let bytes =
            BASE64_STANDARD.decode(data).map_err(|fault| BrowserError::Unexpected(fault.to_string()))?;
        Ok(Screenshot { bytes: bytes.into(), media_type: "image/jpeg" })
    }

    async fn close(&self) {
        self.state.send_modify(|state| {
            state.gone.get_or_insert(BrowserError::Closed);
        });
        self.confined.end().await;
    }

    fn is_alive(&self) -> bool {
        self.state.borrow().gone.is_none() && self.confined.has_ended().is_none()
    }
}
