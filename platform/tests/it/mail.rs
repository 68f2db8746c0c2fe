//! Letters through jobs, on whichever engine `ALUMIA_TEST_DATABASE` names.

use alumia_platform::{
    clock::ManualClock,
    jobs::{Jobs, Worker},
    mail::{LETTER_JOB, Letter, Links, Mailbox, Outbox},
    secrets::{MasterKeys, Secrets},
    store::testing::TestStore,
};
use alumia_protocol::Timestamp;
use std::{sync::Arc, time::Duration};

struct Post {
    store: TestStore,
    clock: ManualClock,
    jobs: Jobs,
    mailbox: Mailbox,
    outbox: Outbox,
    worker: Worker,
}

async fn post() -> Post {
    let store = TestStore::new().await;
    let clock = ManualClock::new(Timestamp(1_790_000_000_000_000));
    let shared = Arc::new(clock.clone());
    let jobs = Jobs::new(store.store(), shared.clone());
    let master = MasterKeys::parse(&"07".repeat(32)).unwrap();
    let secrets = Secrets::open(store.store(), shared.clone(), master).await.unwrap();
    let mailbox = Mailbox::new(shared);
    let links = Links::new("https://alumia.example.org");
    let outbox = Outbox::new(store.store(), jobs.clone(), secrets, Arc::new(mailbox.clone()), links);
    let worker = Worker::new(jobs.clone()).with(LETTER_JOB, outbox.clone());
    Post { store, clock, jobs, mailbox, outbox, worker }
}

fn letter() -> Letter {
    Letter { to: "ada@example.com".into(), subject: "Hello".into(), text: "a-secret-link".into() }
}

impl Post {
    async fn put(&self) {
        let mut tx = self.store.begin().await.unwrap();
        self.outbox.post(&mut tx, &letter()).await.unwrap();
        tx.commit().await.unwrap();
    }

    async fn count(&self, sql: &'static str) -> i64 {
        sqlx::query_scalar(sql).fetch_one(self.store.read()).await.unwrap()
    }
}

#[tokio::test]
async fn a_letter_is_sent_once_and_forgotten() {
    let post = post().await;
    post.put().await;
    assert!(post.mailbox.letters().is_empty());
    let payload: String =
        sqlx::query_scalar("SELECT payload FROM jobs").fetch_one(post.store.read()).await.unwrap();
    assert!(
        !payload.contains("secret") && !payload.contains("ada"),
        "the letter lies in the clear: {payload}"
    );
    assert_eq!(post.worker.do_due().await.unwrap(), 1);
    assert_eq!(post.worker.do_due().await.unwrap(), 0);
    let letters = post.mailbox.letters();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].letter, letter());
    assert_eq!(post.count("SELECT COUNT(*) FROM secrets").await, 0, "a sent letter is still there");
    assert!(!format!("{:?}", letters[0]).contains("a-secret-link"));
}

#[tokio::test]
async fn a_letter_of_a_dropped_transaction_is_none() {
    let post = post().await;
    let mut tx = post.store.begin().await.unwrap();
    post.outbox.post(&mut tx, &letter()).await.unwrap();
    drop(tx);
    assert_eq!(post.worker.do_due().await.unwrap(), 0);
    assert_eq!(post.count("SELECT COUNT(*) FROM secrets").await, 0);
}

#[tokio::test]
async fn a_mail_server_that_is_away_is_asked_again_later() {
    let post = post().await;
    post.mailbox.fail(2);
    post.put().await;
    assert_eq!(post.worker.do_due().await.unwrap(), 1);
    assert_eq!(post.worker.do_due().await.unwrap(), 0, "it must rest first");
    for _ in 0..2 {
        assert!(post.mailbox.letters().is_empty());
        post.clock.advance(Duration::from_secs(31));
        assert_eq!(post.worker.do_due().await.unwrap(), 1);
    }
    assert_eq!(post.mailbox.letters().len(), 1);
    assert!(post.jobs.dead(10).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_job_that_nobody_does_waits_for_somebody() {
    let post = post().await;
    let mut tx = post.store.begin().await.unwrap();
    let new = alumia_platform::jobs::NewJob::new("unheard-of", serde_json::json!({}));
    post.jobs.enqueue(&mut tx, new).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(post.worker.do_due().await.unwrap(), 1);
    assert_eq!(post.count("SELECT COUNT(*) FROM jobs WHERE lease_owner IS NULL AND attempts = 1").await, 1);
}

#[test]
fn links_stay_where_they_were_first_said_to_be() {
    let links = Links::default();
    links.settle("https://a.example");
    links.settle("https://b.example");
    assert_eq!(links.to("/reset/x"), "https://a.example/reset/x");
}
