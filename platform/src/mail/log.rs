use super::{Letter, Mail, MailError, Mailbox};
use async_trait::async_trait;

/// Writes letters to the operator's log, who hands them on; for servers without SMTP. In development mode
/// also into a mailbox.
#[derive(Default)]
pub struct LogMail {
    /// Where they can be read as well.
    pub mailbox: Option<Mailbox>,
}

#[async_trait]
impl Mail for LogMail {
    async fn send(&self, id: &str, letter: &Letter) -> Result<(), MailError> {
        let Letter { to, subject, text } = letter;
        tracing::info!(to, subject, "a letter, because [mail] smtp_url is not set:\n{text}");
        match &self.mailbox {
            Some(mailbox) => mailbox.send(id, letter).await,
            None => Ok(()),
        }
    }
}
