//! Follows a browser's events: keeps its [`State`] up to date, answers dialogs, closes pop-ups, passes on pictures.
//!
//! Nothing here waits for an answer, so that the browser's pipe never stands still.

use super::{
    frames::Frame,
    state::{Document, Ids, State, cut, named, note},
};
use crate::{
    BrowserError, Watch,
    cdp::{Cdp, Event},
};
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

pub(super) struct Events {
    pub cdp: Cdp,
    pub state: Arc<watch::Sender<State>>,
    pub watch: Watch,
    pub frames: mpsc::UnboundedSender<Frame>,
}

impl Events {
    /// Until the browser's pipe is closed.
    pub(super) async fn follow(self, mut events: mpsc::Receiver<Event>) {
        while let Some(event) = events.recv().await {
            let ours = self.state.borrow().page.as_ref().map(|ids| ids.session.clone());
            match &event.session {
                None => self.browser(&event),
                session if *session == ours => self.page(&event),
                // A pop-up that is being closed.
                Some(_) => {}
            }
        }
        self.gone(BrowserError::Closed);
    }

    fn gone(&self, why: BrowserError) {
        self.state.send_modify(|state| {
            state.gone.get_or_insert(why);
        });
    }

    fn note(&self, text: String) {
        note(&self.state, &self.watch, text);
    }

    fn browser(&self, event: &Event) {
        let params = &event.params;
        match event.method.as_str() {
            "Target.attachedToTarget" => self.attached(params),
            "Target.targetInfoChanged" => self.renamed(&params["targetInfo"]),
            "Target.targetCrashed" if self.is_ours(text(params, "targetId")) => {
                self.gone(BrowserError::Crashed);
            }
            // A page may close itself.
            "Target.targetDestroyed" if self.is_ours(text(params, "targetId")) => {
                self.gone(BrowserError::Closed);
            }
            "Browser.downloadWillBegin" => {
                let (url, name) = (text(params, "url"), text(params, "suggestedFilename"));
                self.state.send_modify(|state| state.download = Some(cut(url, 200)));
                self.note(format!("a download of {} from {} was refused", cut(name, 80), cut(url, 200)));
            }
            _ => {}
        }
    }

    fn is_ours(&self, target: &str) -> bool {
        self.state.borrow().page.as_ref().is_some_and(|ids| ids.target == target)
    }

    /// The first page is the browser's; it stays the only one.
    fn attached(&self, params: &Value) {
        let (session, about) = (text(params, "sessionId").to_owned(), &params["targetInfo"]);
        let target = text(about, "targetId").to_owned();
        if self.state.borrow().page.is_none() {
            self.cdp.send(Some(&session), "Runtime.runIfWaitingForDebugger", &json!({}));
            self.state.send_modify(|state| state.page = Some(Ids { session, target }));
        } else if !self.is_ours(&target) {
            self.cdp.send(None, "Target.closeTarget", &json!({ "targetId": target }));
            // One that waits in the page's process keeps the page waiting too.
            self.cdp.send(Some(&session), "Runtime.runIfWaitingForDebugger", &json!({}));
            // It may have come in front of the page, which then hears of no clicks.
            let ours = self.state.borrow().page.as_ref().map(|ids| ids.session.clone());
            self.cdp.send(ours.as_deref(), "Page.bringToFront", &json!({}));
        }
    }

    fn renamed(&self, about: &Value) {
        if !self.is_ours(text(about, "targetId")) {
            return;
        }
        named(&self.state, &self.watch, text(about, "url"), text(about, "title"));
    }

    fn page(&self, event: &Event) {
        let params = &event.params;
        match event.method.as_str() {
            "Page.screencastFrame" => {
                let _ = self.frames.send(Frame {
                    data: text(params, "data").to_owned(),
                    number: params["sessionId"].clone(),
                });
            }
            "Page.javascriptDialogOpening" => self.dialog(params),
            "Page.windowOpen" => {
                self.note(format!("a pop-up to {} was not opened", cut(text(params, "url"), 200)));
            }
            "Page.fileChooserOpened" => self.note("the page asked for a file and got none".into()),
            "Inspector.targetCrashed" => self.gone(BrowserError::Crashed),
            method => {
                self.state.send_if_modified(|state| loading(state, method, params));
            }
        }
    }

    fn dialog(&self, params: &Value) {
        // Refusing to leave would keep the page for ever; all other questions are answered "cancel".
        let leaves = text(params, "type") == "beforeunload";
        let session = self.state.borrow().page.as_ref().map(|ids| ids.session.clone());
        let answer = json!({ "accept": leaves });
        self.cdp.send(session.as_deref(), "Page.handleJavaScriptDialog", &answer);
        self.note(if leaves {
            "the page asked whether to leave it; it was left".into()
        } else {
            format!("a dialog was dismissed: \"{}\"", cut(text(params, "message"), 200))
        });
    }
}

/// What tells how far the page is with loading; whether that was it.
fn loading(state: &mut State, method: &str, params: &Value) -> bool {
    let request = text(params, "requestId");
    match method {
        "Page.frameStartedLoading" if state.is_main(params["frameId"].as_str()) => state.loading = true,
        "Page.frameStoppedLoading" if state.is_main(params["frameId"].as_str()) => state.loading = false,
        "Page.frameNavigated" if state.is_main(params["frame"]["id"].as_str()) => {
            state.commits += 1;
            let loader = text(&params["frame"], "loaderId").to_owned();
            // The browser's own page about what failed isn't what was asked for.
            let failed = params["frame"]["unreachableUrl"].is_string();
            state.document.is_shown = loader == state.document.request && !failed;
            let status = state.document.status.filter(|_| loader == state.document.request);
            state.shown = (loader, status);
            // What the page before asked for doesn't matter any more.
            let document = state.document.request.clone();
            state.requests.retain(|request| *request == document);
        }
        "Network.requestWillBeSent" => {
            let (kind, url) = (text(params, "type"), text(&params["request"], "url"));
            let for_page = kind == "Document"
                && request == text(params, "loaderId")
                && state.is_main(params["frameId"].as_str());
            if for_page {
                state.document =
                    Document { request: request.to_owned(), url: cut(url, 4000), ..Document::default() };
            }
            // These last as long as they like.
            if url.starts_with("http") && !matches!(kind, "EventSource" | "Media" | "Ping") {
                state.requested(request);
            }
        }
        "Network.responseReceived" if request == state.document.request => {
            state.document.status = params["response"]["status"].as_u64().and_then(|it| it.try_into().ok());
            if state.shown.0 == request {
                state.shown.1 = state.document.status;
            }
        }
        "Network.loadingFinished" => state.answered(request),
        "Network.loadingFailed" => {
            let word = text(params, "errorText");
            if request == state.document.request && !state.document.is_shown {
                state.document.failure = Some(word.to_owned());
            } else if request == state.document.request && word != "net::ERR_ABORTED" {
                state.notes.add(format!("the page broke off while it was loading ({word})"));
            }
            state.answered(request);
        }
        _ => return false,
    }
    true
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}
