//! The browsers that a person is signed in with, as they see them.

use super::Identity;
use crate::{Error, Result};
use alumia_protocol::{UserId, security::BrowserSession};

impl Identity {
    /// A person's browser sessions, the last used first; `current` is the asking one's id hash.
    pub async fn browsers(&self, user: UserId, current: &str) -> Result<Vec<BrowserSession>> {
        let sessions = self.web_sessions().list(user).await?.into_iter().map(|session| BrowserSession {
            device: device(&session.user_agent),
            current: session.id_hash == current,
            id: session.id_hash,
            address: session.address,
            created_at: session.created_at,
            last_used_at: session.last_used_at,
        });
        Ok(sessions.collect())
    }

    /// Ends one of a person's sessions.
    ///
    /// # Errors
    /// `NotFound` for a session that isn't theirs.
    pub async fn end_session(&self, user: UserId, id: &str) -> Result<()> {
        if !self.web_sessions().end(user, id).await? {
            return Err(Error::NotFound("session"));
        }
        self.note(user, "account.session_ended").await
    }

    /// Ends all of a person's sessions but `current`.
    pub async fn end_other_sessions(&self, user: UserId, current: &str) -> Result<u64> {
        let ended = self.web_sessions().end_others(user, current).await?;
        self.note(user, "account.sessions_ended").await?;
        Ok(ended)
    }

    async fn note(&self, user: UserId, action: &'static str) -> Result<()> {
        let mut tx = self.store.begin().await?;
        self.write_down(&mut tx, user, self.line(user, action)).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Browser and system, from what a browser calls itself. It is the browser's word, and shown as that.
fn device(user_agent: &str) -> String {
    let has = |word: &&str| user_agent.contains(*word);
    // Most browsers claim to be several; the telling word comes first here.
    let browsers = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS", "Chrome"),
        ("Safari/", "Safari"),
    ];
    let systems = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS X", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let browser = browsers.iter().find(|(word, _)| has(word)).map(|(_, name)| *name);
    let system = systems.iter().find(|(word, _)| has(word)).map(|(_, name)| *name);
    match (browser, system) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(one), None) | (None, Some(one)) => one.to_owned(),
        (None, None) => match user_agent.split(['/', ' ']).next() {
            Some(program) if !program.is_empty() => program.chars().take(40).collect(),
            _ => "Unknown program".to_owned(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::device;

    #[test]
    fn devices_as_people_call_them() {
        for (user_agent, expected) in [
            (
                "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0 Safari/537.36",
                "Chrome on Linux",
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605 Version/19.0 Mobile Safari/604.1",
                "Safari on iPhone",
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/142.0 Safari/537.36 Edg/142.0",
                "Edge on Windows",
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 15.0; rv:140.0) Gecko/20100101 Firefox/140.0",
                "Firefox on macOS",
            ),
            ("curl/8.5.0", "curl"),
            ("", "Unknown program"),
        ] {
            assert_eq!(device(user_agent), expected);
        }
    }
}
