//! A fresh database with the services on it.

pub mod authenticator;
pub mod office;

use alumia_platform::{
    Error, OrgScope,
    agents::Agents,
    clock::ManualClock,
    identity::{Identity, RESET_JOB},
    jobs::{Jobs, Worker},
    mail::{LETTER_JOB, Links, Mailbox, Outbox},
    orgs::Orgs,
    projects::Projects,
    secrets::{MasterKeys, Secrets},
    store::testing::TestStore,
};
use alumia_protocol::{Timestamp, UserId, people::SignUp};
use std::sync::Arc;

/// Nobody's and hard to guess.
pub const PASSWORD: &str = "gravel-otter-plinth-mural";

/// The services over a database of their own.
pub struct World {
    pub store: TestStore,
    pub clock: ManualClock,
    pub identity: Identity,
    pub orgs: Orgs,
    pub projects: Projects,
    pub agents: Agents,
    pub mailbox: Mailbox,
    pub outbox: Outbox,
    pub worker: Worker,
}

impl World {
    pub async fn new() -> Self {
        let store = TestStore::new().await;
        let clock = ManualClock::new(Timestamp(1_790_000_000_000_000));
        let shared = || Arc::new(clock.clone());
        let jobs = Jobs::new(store.store(), shared());
        let master = MasterKeys::parse(&"07".repeat(32)).unwrap();
        let secrets = Secrets::open(store.store(), shared(), master).await.unwrap();
        let mailbox = Mailbox::new(shared());
        let links = Links::new("https://alumia.example.org");
        let outbox = Outbox::new(store.store(), jobs.clone(), secrets, Arc::new(mailbox.clone()), links);
        let identity = Identity::new(store.store(), shared(), outbox.clone());
        Self {
            worker: Worker::new(jobs).with(LETTER_JOB, outbox.clone()).with(RESET_JOB, identity.clone()),
            outbox,
            identity,
            mailbox,
            orgs: Orgs::new(store.store()),
            projects: Projects::new(store.store(), shared()),
            agents: Agents::new(store.store(), shared()),
            store,
            clock,
        }
    }

    /// Signs up somebody whose organisation has the name's slug.
    pub async fn person(&self, name: &str) -> (UserId, OrgScope) {
        let email = format!("{}@example.com", name.to_lowercase());
        let signed = self.identity.sign_up(sign_up_form(name, &email)).await.unwrap();
        (signed.user.id, self.orgs.scope(signed.user.id, &signed.org.slug).await.unwrap())
    }
}

pub fn sign_up_form(name: &str, email: &str) -> SignUp {
    SignUp { name: name.into(), email: email.into(), password: PASSWORD.into(), org_name: None }
}

/// What an `Invalid` says about a field.
pub fn field<'a>(error: &'a Error, name: &str) -> Option<&'a str> {
    match error {
        Error::Invalid(fields) => fields.get(name).map(String::as_str),
        _ => None,
    }
}

/// What an accepted invitation leaves behind.
pub async fn add_member(world: &World, scope: &OrgScope, user: UserId, role: &str) {
    let mut tx = world.store.begin().await.unwrap();
    for sql in [
        "INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
        "INSERT INTO workspace_members (org_id, workspace_id, user_id, created_at) \
         SELECT $1, id, $2, $4 FROM workspaces WHERE org_id = $1 AND is_default = 1 AND $3 <> ''",
    ] {
        sqlx::query(sql)
            .bind(scope.org_id().to_string())
            .bind(user.to_string())
            .bind(role)
            .bind(i64::MAX)
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    tx.commit().await.unwrap();
}
