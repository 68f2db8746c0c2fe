//! Browser sessions over HTTP: the cookie, sign-in, sign-out.

use crate::{client_address::Proxies, config::Config};
use alumia_app::server::Door;
use alumia_platform::{
    Error, Result,
    identity::{NewWebSession, WebSessions},
};
use alumia_protocol::UserId;
use axum::http::{HeaderMap, HeaderValue, header, request::Parts};
use std::{
    fmt::Write as _,
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError},
};

/// The oldest that a session gets, in seconds; an idle one ends sooner, which the server alone decides.
const COOKIE_SECONDS: u32 = 90 * 24 * 60 * 60;

/// Browser sessions and the shape of their cookie.
#[derive(Clone)]
pub struct Sessions {
    stored: WebSessions,
    secure: bool,
}

impl Sessions {
    /// Over https the cookie insists on it, and on coming from this very host.
    pub fn new(stored: WebSessions, config: &Config) -> Self {
        Self { stored, secure: config.server.is_https() }
    }

    /// The cookie's name.
    pub const fn cookie_name(&self) -> &'static str {
        if self.secure { "__Host-alumia" } else { "alumia" }
    }

    /// Reads the request's session.
    pub async fn open(&self, parts: &Parts, proxies: &Proxies) -> Result<Session> {
        let id = self.id_in(&parts.headers);
        let user = match &id {
            Some(id) => self.stored.load(id).await?.and_then(|session| session.user_id),
            None => None,
        };
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Session(Arc::new(Inner {
            sessions: self.clone(),
            user,
            user_agent: user_agent.unwrap_or_default().to_owned(),
            address: proxies.client(&parts.headers, &parts.extensions).to_string(),
            now: Mutex::new(Now { id, set_cookie: None }),
        })))
    }

    fn id_in(&self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|value| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let (_, id) = pairs.find(|(name, _)| *name == self.cookie_name())?;
        (id.len() == 64 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| id.to_owned())
    }

    fn cookie(&self, id: &str, seconds: u32) -> Result<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = self.cookie_name();
        let text = format!("{name}={id}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
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
    now: Mutex<Now>,
}

struct Now {
    id: Option<String>,
    set_cookie: Option<HeaderValue>,
}

impl Session {
    /// Who was signed in when the request came.
    pub fn user(&self) -> Option<UserId> {
        self.0.user
    }

    /// The header that the answer owes the browser.
    pub fn set_cookie(&self) -> Option<HeaderValue> {
        self.now(|now| now.set_cookie.clone())
    }

    /// Signs `user` in under a new id, so that an id known from before opens nothing.
    pub async fn sign_in(&self, user: UserId) -> Result<()> {
        let Inner { sessions, user_agent, address, .. } = &*self.0;
        if let Some(before) = self.now(|now| now.id.take()) {
            sessions.stored.delete(&before).await?;
        }
        let id = rand::random::<[u8; 32]>().iter().fold(String::with_capacity(64), |mut hex, byte| {
            // Writing to a string can't fail.
            let _ = write!(hex, "{byte:02x}");
            hex
        });
        let new = NewWebSession {
            user_id: Some(user),
            data: "{}".into(),
            user_agent: user_agent.clone(),
            address: address.clone(),
        };
        if !sessions.stored.create(&id, new).await? {
            return Err(Error::internal("a random session id was taken"));
        }
        let cookie = sessions.cookie(&id, COOKIE_SECONDS)?;
        self.now(|now| *now = Now { id: Some(id), set_cookie: Some(cookie) });
        Ok(())
    }

    /// Signs out.
    pub async fn sign_out(&self) -> Result<()> {
        let sessions = &self.0.sessions;
        if let Some(id) = self.now(|now| now.id.take()) {
            sessions.stored.delete(&id).await?;
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

impl Door for Session {
    fn enter(&self, user: UserId) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(self.sign_in(user))
    }

    fn leave(&self) -> Pin<Box<dyn Future<Output = Result<()>> + Send + '_>> {
        Box::pin(self.sign_out())
    }
}
