//! Browser sessions over HTTP: the cookie, sign-in, step-up, sign-out.

use crate::{client_address::Proxies, config::Config};
use alumia_app::server::Door;
use alumia_platform::{
    Error, Result,
    identity::{NewWebSession, WebSession, WebSessions},
};
use alumia_protocol::{Timestamp, UserId};
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use sha2::{Digest as _, Sha256};
use std::{
    fmt::Write as _,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

/// The oldest that a session gets, in seconds; an idle one ends sooner, which the server alone decides.
const COOKIE_SECONDS: u32 = 90 * 24 * 60 * 60;

/// How long a browser is known again where nobody is signed in: as long as a passkey's use may take.
const VISIT_SECONDS: u32 = 60 * 60;

/// Browser sessions and the shape of their cookie.
#[derive(Clone)]
pub struct Sessions {
    stored: WebSessions,
    secure: bool,
    step_up_seconds: i64,
}

impl Sessions {
    /// Over https the cookie insists on it, and on coming from this very host.
    pub fn new(stored: WebSessions, config: &Config) -> Self {
        let step_up_seconds = i64::from(config.security.step_up_minutes) * 60;
        Self { stored, secure: config.server.is_https(), step_up_seconds }
    }

    /// The cookie's name.
    pub const fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-alumia" } else { "alumia" }
    }

    const fn visit_cookie_name(&self) -> &'static str {
        if self.secure { "__Host-alumia-visit" } else { "alumia-visit" }
    }

    /// Reads the request's session.
    pub async fn open(&self, parts: &Parts, proxies: &Proxies) -> Result<Session> {
        let id = self.id_in(&parts.headers);
        let stored = match &id {
            Some(id) => self.stored.load(id).await?,
            None => None,
        };
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Session(Arc::new(Inner {
            sessions: self.clone(),
            user: stored.as_ref().and_then(|stored| stored.user_id),
            user_agent: user_agent.unwrap_or_default().to_owned(),
            address: proxies.client(&parts.headers, &parts.extensions).to_string(),
            began: stored.as_ref().map(|stored| stored.created_at),
            visit: self.random_in(&parts.headers, self.visit_cookie_name()),
            now: Mutex::new(Now { id, stored, set_cookie: None }),
            set_visit: Mutex::default(),
        })))
    }

    /// The session id that a request's cookie holds.
    pub fn id_in(&self, headers: &HeaderMap) -> Option<String> {
        self.random_in(headers, self.cookie_name())
    }

    /// What a cookie of ours holds.
    fn random_in(&self, headers: &HeaderMap, cookie: &str) -> Option<String> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, id) = pairs.find(|(name, _)| *name == cookie)?;
        (id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
    }

    fn cookie(&self, id: &str, seconds: u32) -> Result<HeaderValue> {
        self.any_cookie(self.cookie_name(), id, seconds, "Lax")
    }

    fn any_cookie(&self, name: &str, id: &str, seconds: u32, same_site: &str) -> Result<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let text = format!("{name}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite={same_site}{secure}");
        HeaderValue::from_str(&text).map_err(Error::internal)
    }
}

/// The present request's browser session, as an extension.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    sessions: Sessions,
    user: Option<UserId>,
    user_agent: String,
    address: String,
    /// When the session that the request came with began.
    began: Option<Timestamp>,
    /// What the browser is known again by, signed in or not.
    visit: Option<String>,
    now: Mutex<Now>,
    set_visit: Mutex<Option<HeaderValue>>,
}

struct Now {
    id: Option<String>,
    stored: Option<WebSession>,
    set_cookie: Option<HeaderValue>,
}

impl Session {
    /// Who was signed in when the request came.
    pub fn user(&self) -> Option<UserId> {
        self.0.user
    }

    /// Who signed in with this very request.
    pub fn entered(&self) -> Option<UserId> {
        self.now(|now| {
            let stored = now.stored.as_ref()?;
            let fresh = stored.user_id != self.0.user || Some(stored.created_at) != self.0.began;
            stored.user_id.filter(|_| fresh)
        })
    }

    /// Who signed out with this very request.
    pub fn left(&self) -> Option<UserId> {
        self.0.user.filter(|_| self.now(|now| now.stored.is_none()))
    }

    /// The headers that the answer owes the browser.
    pub fn set_cookies(&self) -> impl Iterator<Item = HeaderValue> {
        let visit = self.0.set_visit.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.now(|now| now.set_cookie.clone()).into_iter().chain(visit)
    }

    /// Begins what this browser alone may end, with nobody signed in: what it is known by then, as the database
    /// may hold it. The browser keeps a cookie of its own for that; nothing is stored here.
    pub fn begin_visit(&self) -> Result<String> {
        let Inner { sessions, visit, set_visit, .. } = &*self.0;
        let visit = visit.clone().unwrap_or_else(new_id);
        let cookie = sessions.any_cookie(sessions.visit_cookie_name(), &visit, VISIT_SECONDS, "Strict")?;
        *set_visit.lock().unwrap_or_else(PoisonError::into_inner) = Some(cookie);
        Ok(hash(&visit))
    }

    /// The same for what was begun; nothing is begun with what a browser that is not known gets.
    pub fn visit(&self) -> String {
        self.0.visit.as_deref().map(hash).unwrap_or_default()
    }

    /// Signs `user` in under a new id, so that an id known from before opens nothing.
    pub async fn sign_in(&self, user: UserId) -> Result<()> {
        let Inner { sessions, user_agent, address, .. } = &*self.0;
        if let Some(before) = self.now(|now| now.id.take()) {
            sessions.stored.delete(&before).await?;
        }
        let id = new_id();
        let new = NewWebSession {
            user_id: Some(user),
            data: "{}".into(),
            user_agent: user_agent.clone(),
            address: address.clone(),
        };
        if !sessions.stored.create(&id, new).await? {
            return Err(Error::internal("a random session id was taken"));
        }
        let stored = sessions.stored.load(&id).await?;
        let cookie = sessions.cookie(&id, COOKIE_SECONDS)?;
        self.now(|now| *now = Now { id: Some(id), stored, set_cookie: Some(cookie) });
        Ok(())
    }

    /// Notes that a factor was proved just now, and goes on under a new id.
    pub async fn step_up(&self) -> Result<()> {
        let sessions = &self.0.sessions;
        let before = self.now(|now| now.id.clone()).ok_or_else(session_over)?;
        let id = new_id();
        let stored = sessions.stored.step_up(&before, &id).await?.ok_or_else(session_over)?;
        let cookie = sessions.cookie(&id, COOKIE_SECONDS)?;
        self.now(|now| *now = Now { id: Some(id), stored: Some(stored), set_cookie: Some(cookie) });
        Ok(())
    }

    /// Until when the last step-up holds; `None` when there was none or it is over.
    pub fn stepped_up_until(&self) -> Option<Timestamp> {
        let sessions = &self.0.sessions;
        let at = self.now(|now| now.stored.as_ref().and_then(|stored| stored.stepped_up_at))?;
        let until = at.plus_seconds(sessions.step_up_seconds);
        (until > sessions.stored.now()).then_some(until)
    }

    /// What names this session in lists; empty where there is none.
    pub fn id_hash(&self) -> String {
        self.now(|now| now.stored.as_ref().map(|stored| stored.id_hash.clone())).unwrap_or_default()
    }

    /// Signs out.
    pub async fn sign_out(&self) -> Result<()> {
        let sessions = &self.0.sessions;
        if let Some(id) = self.now(|now| now.id.take()) {
            sessions.stored.delete(&id).await?;
            self.now(|now| now.stored = None);
        }
        let cookie = sessions.cookie("", 0)?;
        self.now(|now| now.set_cookie = Some(cookie));
        Ok(())
    }

    /// Whether the session still is what it was when the request came; for answers that last.
    pub async fn still_holds(&self) -> Result<bool> {
        let Some(id) = self.now(|now| now.id.clone()) else { return Ok(false) };
        let stored = self.0.sessions.stored.load(&id).await?;
        Ok(stored.is_some_and(|stored| stored.user_id == self.0.user))
    }

    fn now<T>(&self, read: impl FnOnce(&mut Now) -> T) -> T {
        read(&mut self.0.now.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn new_id() -> String {
    hex(&rand::random::<[u8; 32]>())
}

fn hash(id: &str) -> String {
    hex(&Sha256::digest(id))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut hex, byte| {
        // Writing to a string can't fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

fn session_over() -> Error {
    Error::Unauthorized { reason: None, message: "Your session is over. Sign in again.".into() }
}

impl Door for Session {
    fn enter(&self, user: UserId) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(self.sign_in(user))
    }

    fn step_up(&self) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(self.step_up())
    }

    fn session(&self) -> String {
        self.id_hash()
    }

    fn leave(&self) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(self.sign_out())
    }
}
