use super::{RESET_SECONDS, REST_SECONDS, letters, store, store::Kind};
use crate::{
    Result,
    identity::{Identity, tokens},
    jobs::{Handler, Job},
};
use async_trait::async_trait;

/// The kind of the jobs that look for an account and send it a link.
pub const RESET_JOB: &str = "password_reset";

#[async_trait]
impl Handler for Identity {
    /// A link to set a new password, if there is such an account.
    async fn run(&self, job: &Job) -> Result<()> {
        let key = job.payload["email"].as_str().unwrap_or_default();
        let Some((user, _)) = crate::identity::store::by_email(&self.store, key).await? else {
            return Ok(());
        };
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if store::asked_since(&mut tx, user.id, Kind::Reset, now.plus_seconds(-REST_SECONDS)).await? {
            return Ok(());
        }
        let token = tokens::random();
        let until = now.plus_seconds(RESET_SECONDS);
        store::insert_token(&mut tx, Kind::Reset, &tokens::sha256(&token), user.id, &user.email, now, until)
            .await?;
        self.outbox.post(&mut tx, &letters::reset(&user, &token, self.outbox.links())).await?;
        tx.commit().await?;
        Ok(())
    }
}
