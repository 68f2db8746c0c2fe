use super::tab::{Screen, Tab};
use crate::{
    Error, OrgScope, Result,
    canvas::Canvas,
    files::Files,
    tools::{ToolContext, errors},
};
use alumia_browser::{Browser, BrowserError, Browsers, Page, Screenshot};
use alumia_protocol::{
    BlockId, SessionId,
    blocks::{Content, CreateBlock, UpdateBlock},
    show::Show,
    tools::ToolError,
};
use bytes::Bytes;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio_util::sync::CancellationToken;

/// How often it is looked whether a browser is still used.
const LOOK: Duration = Duration::from_secs(15);

/// What browsers may take of this machine together.
#[derive(Clone, Copy, Debug)]
pub struct BrowsingLimits {
    /// Browsers at once.
    pub most: usize,
    /// One that no call has used for so long is ended.
    pub idle: Duration,
}

impl Default for BrowsingLimits {
    fn default() -> Self {
        Self { most: 4, idle: Duration::from_mins(5) }
    }
}

/// What is done in a browser.
#[derive(Clone, Copy, Debug)]
pub enum Deed<'a> {
    /// Goes to an address.
    Open(&'a str),
    /// Looks at the page.
    Read,
    /// Clicks what has this number.
    Click(u32),
    /// Fills in what has this number.
    Type {
        /// The number.
        reference: u32,
        /// What it shall hold.
        text: &'a str,
        /// Whether Enter follows.
        submit: bool,
    },
}

impl Deed<'_> {
    async fn done(self, browser: &dyn Browser) -> Result<Page, BrowserError> {
        match self {
            Self::Open(url) => browser.open(url).await,
            Self::Read => browser.read().await,
            Self::Click(reference) => browser.click(reference).await,
            Self::Type { reference, text, submit } => browser.type_text(reference, text, submit).await,
        }
    }
}

/// The browsers of all sessions. Cheap to clone.
#[derive(Clone)]
pub struct Browsing(Arc<Inner>);

struct Inner {
    browsers: Arc<dyn Browsers>,
    canvas: Canvas,
    files: Files,
    limits: BrowsingLimits,
    tabs: Mutex<HashMap<SessionId, Arc<Tab>>>,
    /// One is started at a time, so that no more are there than may be.
    starting: tokio::sync::Mutex<()>,
}

impl Browsing {
    /// Browsers that `browsers` starts.
    pub fn new(browsers: Arc<dyn Browsers>, canvas: Canvas, files: Files, limits: BrowsingLimits) -> Self {
        let (tabs, starting) = (Mutex::default(), tokio::sync::Mutex::default());
        Self(Arc::new(Inner { browsers, canvas, files, limits, tabs, starting }))
    }

    /// Opens a page in the session's browser, a fresh one where it has none, and puts it on the canvas.
    ///
    /// # Errors
    /// For the model: what went wrong and what to do.
    pub async fn open(&self, context: &ToolContext, url: &str) -> Result<(Page, BlockId), ToolError> {
        let tab = tokio::select! {
            biased;
            () = context.cancel.cancelled() => return Err(stopped()),
            tab = self.tab_to_open_in(context.session_id) => tab?,
        };
        self.with(context, &tab, Deed::Open(url)).await
    }

    /// Does something in the browser that the session has, and shows on the canvas what came of it.
    ///
    /// # Errors
    /// As [`Self::open`]; where it has none.
    pub async fn act(&self, context: &ToolContext, deed: Deed<'_>) -> Result<(Page, BlockId), ToolError> {
        let tab = self.tab(context.session_id)?;
        self.with(context, &tab, deed).await
    }

    /// A picture of the page.
    ///
    /// # Errors
    /// As [`Self::act`].
    pub async fn screenshot(&self, context: &ToolContext) -> Result<Screenshot, ToolError> {
        let tab = self.tab(context.session_id)?;
        let _turn = turn(context, &tab).await?;
        self.watched(context, &tab, tab.browser.screenshot()).await
    }

    /// Ends the session's browser; false when it had none.
    pub async fn close(&self, session: SessionId) -> bool {
        let tab = self.tabs().remove(&session);
        match tab {
            Some(tab) => {
                tab.browser.close().await;
                true
            }
            None => false,
        }
    }

    /// The last picture of the page that the session's browser shows, a JPEG.
    pub fn picture(&self, session: SessionId) -> Option<Bytes> {
        self.tabs().get(&session).and_then(|tab| tab.screen.picture())
    }

    /// Ends browsers that nobody uses any more, and all when the server ends.
    pub async fn work(&self, ending: CancellationToken) {
        loop {
            tokio::select! {
                () = ending.cancelled() => break,
                () = tokio::time::sleep(LOOK) => {}
            }
            let idle = self.sessions(|tab| {
                !tab.is_busy() && (tab.last_used().elapsed() >= self.0.limits.idle || !tab.browser.is_alive())
            });
            for session in idle {
                self.close(session).await;
            }
        }
        for session in self.sessions(|_| true) {
            self.close(session).await;
        }
    }

    fn tabs(&self) -> MutexGuard<'_, HashMap<SessionId, Arc<Tab>>> {
        self.0.tabs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sessions(&self, which: impl Fn(&Tab) -> bool) -> Vec<SessionId> {
        self.tabs().iter().filter(|(_, tab)| which(tab)).map(|(session, _)| *session).collect()
    }

    fn tab(&self, session: SessionId) -> Result<Arc<Tab>, ToolError> {
        let tab = self.tabs().get(&session).filter(|tab| tab.browser.is_alive()).cloned();
        tab.ok_or_else(no_page)
    }

    async fn tab_to_open_in(&self, session: SessionId) -> Result<Arc<Tab>, ToolError> {
        if let Ok(tab) = self.tab(session) {
            return Ok(tab);
        }
        let _starting = self.0.starting.lock().await;
        if let Ok(tab) = self.tab(session) {
            return Ok(tab);
        }
        self.close(session).await;
        self.make_room().await?;
        let screen = Arc::new(Screen::default());
        let shows = screen.clone();
        let started = self.0.browsers.start(Arc::new(move |seen| shows.see(seen))).await;
        let tab = Arc::new(Tab::new(started.map_err(refusal)?, screen));
        self.tabs().insert(session, tab.clone());
        Ok(tab)
    }

    /// Ends the one that nobody has used for the longest time, where there are as many as may be.
    async fn make_room(&self) -> Result<(), ToolError> {
        let oldest = {
            let tabs = self.tabs();
            if tabs.len() < self.0.limits.most {
                return Ok(());
            }
            let free = tabs.iter().filter(|(_, tab)| !tab.is_busy());
            free.min_by_key(|(_, tab)| tab.last_used()).map(|(session, _)| *session)
        };
        let Some(oldest) = oldest else {
            return Err(errors::error(
                "unavailable",
                "All browsers of this server are in use. Go on with something else and try again in a minute.",
            ));
        };
        self.close(oldest).await;
        Ok(())
    }

    async fn with(
        &self,
        context: &ToolContext,
        tab: &Tab,
        deed: Deed<'_>,
    ) -> Result<(Page, BlockId), ToolError> {
        let mut block = turn(context, tab).await?;
        let page = self.watched(context, tab, deed.done(&*tab.browser)).await?;
        // What could not be opened has left an empty one.
        if !(page.url.starts_with("https://") || page.url.starts_with("http://")) {
            return Err(no_page());
        }
        let shown = self.show(context, tab, &page, *block).await.map_err(errors::service)?;
        *block = Some(shown);
        Ok((page, shown))
    }

    /// Does it, with the call told of what the page looks like meanwhile. Stopped in the middle, or at its limit, the
    /// browser goes: nobody knows what the page would do next.
    async fn watched<T>(
        &self,
        context: &ToolContext,
        tab: &Tab,
        deed: impl Future<Output = Result<T, BrowserError>> + Send,
    ) -> Result<T, ToolError> {
        tab.touch();
        tab.screen.tell(Some(context.output.clone()));
        let done = tokio::select! {
            biased;
            () = context.cancel.cancelled() => None,
            done = deed => Some(done),
        };
        tab.screen.tell(None);
        tab.touch();
        let Some(done) = done else {
            self.close(context.session_id).await;
            return Err(stopped());
        };
        if !tab.browser.is_alive() {
            self.close(context.session_id).await;
        }
        done.map_err(refusal)
    }

    /// Brings the session's block up to the page, or puts one on the canvas.
    async fn show(
        &self,
        context: &ToolContext,
        tab: &Tab,
        page: &Page,
        block: Option<BlockId>,
    ) -> Result<BlockId> {
        let Inner { canvas, .. } = &*self.0;
        let path = self.keep_picture(context, tab).await;
        let (url, title) = (page.url.clone(), page.title.clone());
        let content = Content::Show(Show::Browser { url, title: title.clone(), path });
        let heading = errors::cut(if title.is_empty() { &page.url } else { &title }, 255).to_owned();
        if let Some(block) = block {
            match self.change(context, block, &heading, &content).await {
                // Somebody took it from the canvas.
                Err(Error::NotFound(_)) => {}
                done => return done.map(|()| block),
            }
        }
        let new = CreateBlock { id: None, title: heading, content, position: None };
        Ok(canvas.create(&context.scope, context.project_id, new, context.origin).await?.id)
    }

    async fn change(
        &self,
        context: &ToolContext,
        block: BlockId,
        title: &str,
        content: &Content,
    ) -> Result<()> {
        let canvas = &self.0.canvas;
        // Somebody may move or rename it at the same moment.
        for last in [false, false, true] {
            let version = canvas.get(&context.scope, block).await?.version;
            let change = UpdateBlock {
                version,
                title: Some(title.to_owned()),
                content: Some(content.clone()),
                position: None,
            };
            match canvas.update(&context.scope, block, change, context.origin).await {
                Err(Error::Conflict { .. }) if !last => {}
                done => return done.map(drop),
            }
        }
        Ok(())
    }

    /// Puts the page's picture into the project's folder; without one, or without room, the block goes without.
    async fn keep_picture(&self, context: &ToolContext, tab: &Tab) -> String {
        let picture = match tab.browser.screenshot().await {
            Ok(picture) => picture,
            Err(error) => {
                tracing::debug!(%error, "a page has no picture");
                return String::new();
            }
        };
        let ending = if picture.media_type == "image/png" { "png" } else { "jpg" };
        let path = format!("browser/{}.{ending}", context.session_id);
        let (scope, project) = (&context.scope, context.project_id);
        match self.0.files.write(scope, project, &path, &picture.bytes).await {
            Ok(_) => path,
            Err(error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "a page's picture is not kept");
                String::new()
            }
        }
    }

    /// Puts a picture of the page where somebody said.
    ///
    /// # Errors
    /// As [`Files::write`].
    pub async fn save(&self, context: &ToolContext, path: &str, picture: &Screenshot) -> Result<()> {
        let scope: &OrgScope = &context.scope;
        self.0.files.write(scope, context.project_id, path, &picture.bytes).await.map(drop)
    }
}

/// Waits for the call that uses the browser.
async fn turn<'a>(
    context: &ToolContext,
    tab: &'a Tab,
) -> Result<tokio::sync::MutexGuard<'a, Option<BlockId>>, ToolError> {
    tokio::select! {
        biased;
        () = context.cancel.cancelled() => Err(stopped()),
        turn = tab.turn.lock() => Ok(turn),
    }
}

fn no_page() -> ToolError {
    errors::error("not_found", "No page is open in this session. Open one with browser_open first.")
}

fn stopped() -> ToolError {
    errors::error("cancelled", "It was stopped, and the browser with it.")
}

fn refusal(fault: BrowserError) -> ToolError {
    let code = match &fault {
        BrowserError::Off(_) => {
            return errors::error(
                "unavailable",
                format!(
                    "Pages can't be opened here: {fault}. Go on without and say so; http_fetch reads pages as text."
                ),
            );
        }
        BrowserError::Refused(fault) if fault.is_refusal() => "refused",
        BrowserError::Stale(_)
        | BrowserError::Hidden(_)
        | BrowserError::NoField(..)
        | BrowserError::NoOption { .. } => "not_found",
        BrowserError::Busy => "timeout",
        _ => "failed",
    };
    errors::error(code, format!("Not done: {fault}."))
}
