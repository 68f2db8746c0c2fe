use super::{Letter, Links, Mail};
use crate::{
    Error, Result,
    jobs::{Handler, Job, Jobs, NewJob},
    secrets::{Place, Secret, Secrets},
    store::{Store, Tx},
};
use alumia_protocol::OrgId;
use async_trait::async_trait;
use serde_json::json;
use std::sync::Arc;
use uuid::Uuid;

/// The kind of the jobs that send letters.
pub const LETTER_JOB: &str = "letter";

/// Where every capability puts its letters. Cheap to clone.
///
/// A letter waits encrypted, because what it says may open an account, and is forgotten when it is sent.
#[derive(Clone)]
pub struct Outbox {
    store: Store,
    jobs: Jobs,
    secrets: Secrets,
    mail: Arc<dyn Mail>,
    links: Links,
}

impl Outbox {
    /// Sends through `mail`.
    pub fn new(store: Store, jobs: Jobs, secrets: Secrets, mail: Arc<dyn Mail>, links: Links) -> Self {
        Self { store, jobs, secrets, mail, links }
    }

    /// Posts a letter that is on its way when the caller's transaction commits.
    pub async fn post(&self, tx: &mut Tx, letter: &Letter) -> Result<()> {
        let id = Uuid::now_v7().to_string();
        self.secrets.put(tx, place(&id), &Secret::new(serde_json::to_string(letter)?)).await?;
        self.jobs.enqueue(tx, NewJob::new(LETTER_JOB, json!({ "letter": id }))).await?;
        Ok(())
    }

    /// Where links in letters lead.
    pub const fn links(&self) -> &Links {
        &self.links
    }

    /// For work that a letter is only the end of.
    pub(crate) const fn jobs(&self) -> &Jobs {
        &self.jobs
    }

    /// For what else must not lie in the clear.
    pub(crate) const fn secrets(&self) -> &Secrets {
        &self.secrets
    }
}

#[async_trait]
impl Handler for Outbox {
    async fn run(&self, job: &Job) -> Result<()> {
        let id = job.payload["letter"].as_str().unwrap_or_default();
        // Nothing there: an earlier attempt sent it and was lost before it could say so.
        let Some(text) = self.secrets.get(place(id)).await? else { return Ok(()) };
        let letter: Letter = serde_json::from_str(text.expose())?;
        self.mail.send(id, &letter).await.map_err(|error| Error::Unavailable {
            message: format!("The letter was not sent: {error}."),
            retry_after_seconds: 10,
        })?;
        let mut tx = self.store.begin().await?;
        self.secrets.remove(&mut tx, place(id)).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Letters belong to people, not to an organisation.
const fn place(id: &str) -> Place<'_> {
    Place { org: OrgId(Uuid::nil()), table: "jobs", row: id, column: "letter" }
}
