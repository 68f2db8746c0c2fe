use super::{Letter, Mail, MailError};
use crate::{Error, Result};
use async_trait::async_trait;
use lettre::{
    AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
};
use std::time::Duration;

/// A mail server that is slow costs no more than this a step.
const PATIENCE: Duration = Duration::from_secs(20);

/// A mail server.
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Smtp {
    /// `url` as `smtps://user:password@mail.example.org` (TLS from the start),
    /// `smtp://…:587?tls=required` (`STARTTLS`) or `smtp://localhost:25` (in the clear).
    ///
    /// # Errors
    /// `BadRequest` for a URL or sender that can't be read; says nothing of what the URL holds.
    pub fn new(url: &str, from: &str) -> Result<Self> {
        let from = from.parse().map_err(|_| {
            Error::BadRequest(format!(
                "[mail] from = {from:?} is no sender such as \"Alumia <alumia@example.org>\""
            ))
        })?;
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(|_| {
            Error::BadRequest(
                "[mail] smtp_url can't be read; write it as smtps://user:password@host, \
                 smtp://user:password@host:587?tls=required or smtp://host:25"
                    .into(),
            )
        })?;
        Ok(Self { transport: transport.timeout(Some(PATIENCE)).build(), from })
    }

    fn message(&self, id: &str, letter: &Letter) -> std::result::Result<Message, MailError> {
        let to: lettre::Address = letter.to.parse().map_err(|_| MailError("no address to send to".into()))?;
        let host = self.from.email.domain();
        Message::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .message_id(Some(format!("<{id}@{host}>")))
            .subject(&letter.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(letter.text.clone())
            .map_err(|error| MailError(error.to_string()))
    }
}

#[async_trait]
impl Mail for Smtp {
    async fn send(&self, id: &str, letter: &Letter) -> std::result::Result<(), MailError> {
        let sent = self.transport.send(self.message(id, letter)?).await;
        sent.map(drop).map_err(|error| MailError(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Letter, Mail as _, Smtp};
    use tokio::{
        io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
        net::TcpListener,
    };

    /// A mail server that takes one letter and returns what it was sent.
    async fn take_one(listener: TcpListener) -> String {
        let (stream, _) = listener.accept().await.unwrap();
        let mut stream = BufReader::new(stream);
        stream.write_all(b"220 test\r\n").await.unwrap();
        let (mut heard, mut in_data) = (String::new(), false);
        loop {
            let mut line = String::new();
            if stream.read_line(&mut line).await.unwrap() == 0 {
                return heard;
            }
            heard.push_str(&line);
            let answer: &[u8] = match (in_data, line.trim_end()) {
                (true, ".") => {
                    stream.write_all(b"250 taken\r\n").await.unwrap();
                    return heard;
                }
                (true, _) => continue,
                (false, "DATA") => {
                    in_data = true;
                    b"354 go on\r\n"
                }
                (false, _) => b"250 fine\r\n",
            };
            stream.write_all(answer).await.unwrap();
        }
    }

    #[tokio::test]
    async fn speaks_to_a_mail_server() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        let heard = tokio::spawn(take_one(listener));
        let smtp = Smtp::new(&url, "Alumia <alumia@example.org>").unwrap();
        let letter = Letter {
            to: "ada@example.com".into(),
            subject: "Grüße".into(),
            text: "First line\nhttps://example.org/reset/0123\n".into(),
        };
        smtp.send("0199", &letter).await.unwrap();
        let heard = heard.await.unwrap();
        for part in [
            "MAIL FROM:<alumia@example.org>",
            "RCPT TO:<ada@example.com>",
            "Message-ID: <0199@example.org>",
            "Subject: =?utf-8?",
            "https://example.org/reset/0123\r\n",
        ] {
            assert!(heard.contains(part), "{part} is missing in {heard}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_away_is_a_failure() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        drop(listener);
        let smtp = Smtp::new(&url, "alumia@example.org").unwrap();
        let letter = Letter { to: "ada@example.com".into(), subject: String::new(), text: String::new() };
        assert!(smtp.send("1", &letter).await.is_err());
    }

    #[test]
    fn wrong_settings_are_explained_without_the_password() {
        for (url, from) in [
            ("mail.example.org", "a@example.org"),
            ("http://u:hunter2@x", "a@example.org"),
            ("smtp://x", "nobody"),
        ] {
            let error = Smtp::new(url, from).err().unwrap().to_string();
            assert!(error.contains("[mail]") && !error.contains("hunter2"), "{error}");
        }
    }
}
