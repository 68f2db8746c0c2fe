//! The queue, on whichever engine `ALUMIA_TEST_DATABASE` names.

use alumia_platform::{
    Error,
    clock::ManualClock,
    jobs::{JobId, Jobs, NewJob},
    store::testing::TestStore,
};
use alumia_protocol::Timestamp;
use serde_json::json;
use std::{collections::HashMap, sync::Arc, time::Duration};

const LEASE: Duration = Duration::from_secs(30);
const LONG: Duration = Duration::from_secs(24 * 60 * 60);

struct World {
    store: TestStore,
    clock: ManualClock,
    jobs: Jobs,
}

impl World {
    async fn new() -> Self {
        let store = TestStore::new().await;
        let clock = ManualClock::new(Timestamp(1_790_000_000_000_000));
        let jobs = Jobs::new(store.store(), Arc::new(clock.clone()));
        Self { store, clock, jobs }
    }

    async fn add(&self, new: NewJob) -> JobId {
        let mut tx = self.store.begin().await.unwrap();
        let id = self.jobs.enqueue(&mut tx, new).await.unwrap();
        tx.commit().await.unwrap();
        id
    }

    async fn complete(&self, job: &alumia_platform::jobs::Job) -> bool {
        let mut tx = self.store.begin().await.unwrap();
        let done = self.jobs.complete(&mut tx, job).await.unwrap();
        tx.commit().await.unwrap();
        done
    }

    async fn left(&self) -> i64 {
        sqlx::query_scalar("SELECT COUNT(*) FROM jobs").fetch_one(self.store.read()).await.unwrap()
    }
}

#[tokio::test]
async fn enqueued_with_its_cause_or_not_at_all() {
    let world = World::new().await;
    let mut tx = world.store.begin().await.unwrap();
    world.jobs.enqueue(&mut tx, NewJob::new("mail", json!({}))).await.unwrap();
    drop(tx);
    assert!(world.jobs.claim("w", LEASE, 10).await.unwrap().is_empty());

    let id = world.add(NewJob::new("mail", json!({"to": "ada"}))).await;
    let jobs = world.jobs.claim("w", LEASE, 10).await.unwrap();
    assert_eq!(jobs.len(), 1);
    assert_eq!((jobs[0].id, jobs[0].kind.as_str(), jobs[0].attempt), (id, "mail", 1));
    assert_eq!(jobs[0].payload, json!({"to": "ada"}));
    assert!(world.jobs.claim("w2", LEASE, 10).await.unwrap().is_empty(), "claimed twice");
    assert!(world.complete(&jobs[0]).await);
    assert!(!world.complete(&jobs[0]).await);
    assert_eq!(world.left().await, 0);
}

#[tokio::test]
async fn due_in_order_and_not_before() {
    let world = World::new().await;
    let now = Timestamp(1_790_000_000_000_000);
    let mut wanted = Vec::new();
    for seconds in [30, 10, 20] {
        let new = NewJob { run_at: Some(now.plus_seconds(seconds)), ..NewJob::new("k", json!({})) };
        wanted.push((seconds, world.add(new).await));
    }
    wanted.sort_by_key(|(seconds, _)| *seconds);
    assert!(world.jobs.claim("w", LEASE, 10).await.unwrap().is_empty());
    world.clock.advance(Duration::from_secs(20));
    let jobs = world.jobs.claim("w", LEASE, 1).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [wanted[0].1]);
    world.clock.advance(Duration::from_secs(10));
    let jobs = world.jobs.claim("w", LEASE, 10).await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.id).collect::<Vec<_>>(), [wanted[1].1, wanted[2].1]);
}

#[tokio::test]
async fn a_lost_workers_job_goes_to_another_and_the_first_is_locked_out() {
    let world = World::new().await;
    world.add(NewJob::new("k", json!({}))).await;
    let first = world.jobs.claim("w1", LEASE, 1).await.unwrap().remove(0);
    world.clock.advance(Duration::from_secs(20));
    assert!(world.jobs.extend(&first, LEASE).await.unwrap());
    world.clock.advance(Duration::from_secs(20));
    assert!(world.jobs.claim("w2", LEASE, 1).await.unwrap().is_empty(), "an extended lease didn't hold");
    world.clock.advance(Duration::from_secs(10));
    let second = world.jobs.claim("w2", LEASE, 1).await.unwrap().remove(0);
    assert_eq!((second.id, second.attempt), (first.id, 2));

    assert!(!world.jobs.extend(&first, LEASE).await.unwrap());
    assert!(!world.jobs.fail(&first, "late").await.unwrap());
    assert!(!world.complete(&first).await);
    assert!(world.complete(&second).await);
}

#[tokio::test]
async fn failures_rest_then_die_and_can_be_run_again() {
    let world = World::new().await;
    let id = world.add(NewJob { max_attempts: 3, ..NewJob::new("k", json!([1])) }).await;
    for attempt in 1..=3 {
        let job = world.jobs.claim("w", LEASE, 1).await.unwrap().remove(0);
        assert_eq!(job.attempt, attempt);
        assert!(world.jobs.fail(&job, &format!("no luck {attempt}\0")).await.unwrap());
        assert!(world.jobs.claim("w", LEASE, 1).await.unwrap().is_empty(), "it didn't rest");
        world.clock.advance(LONG);
    }
    assert!(world.jobs.claim("w", LEASE, 1).await.unwrap().is_empty(), "a dead job was claimed");
    let dead = world.jobs.dead(10).await.unwrap();
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].id, dead[0].attempts, dead[0].last_error.as_str()), (id, 3, "no luck 3"));

    world.jobs.rerun(id).await.unwrap();
    assert!(matches!(world.jobs.rerun(id).await, Err(Error::NotFound(_))));
    assert!(world.jobs.dead(10).await.unwrap().is_empty());
    let job = world.jobs.claim("w", LEASE, 1).await.unwrap().remove(0);
    assert_eq!(job.attempt, 4);
    world.jobs.fail(&job, "again").await.unwrap();
    assert!(world.jobs.dead(10).await.unwrap().is_empty(), "it died at its first new failure");
    world.clock.advance(LONG);
    let job = world.jobs.claim("w", LEASE, 1).await.unwrap().remove(0);
    assert!(world.complete(&job).await);
}

#[tokio::test]
async fn a_job_that_kills_its_workers_dies_too() {
    let world = World::new().await;
    world.add(NewJob { max_attempts: 2, ..NewJob::new("k", json!({})) }).await;
    for _ in 0..2 {
        assert_eq!(world.jobs.claim("w", LEASE, 1).await.unwrap().len(), 1);
        world.clock.advance(LONG);
    }
    assert!(world.jobs.claim("w", LEASE, 1).await.unwrap().is_empty());
    assert!(world.jobs.dead(10).await.unwrap()[0].last_error.contains("lost"));
}

#[tokio::test]
async fn parallel_workers_take_each_job_once() {
    let world = World::new().await;
    for n in 0..100 {
        world.add(NewJob::new("k", json!(n))).await;
    }
    let workers = [0; 8].map(|n| {
        let jobs = world.jobs.clone();
        tokio::spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = jobs.claim(&format!("w{n}"), LEASE, 7).await.unwrap();
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed);
            }
        })
    });
    let mut times = HashMap::new();
    for worker in workers {
        for job in worker.await.unwrap() {
            assert_eq!(job.attempt, 1);
            *times.entry(job.id).or_insert(0) += 1;
        }
    }
    assert_eq!(times.len(), 100);
    assert!(times.values().all(|count| *count == 1));
}
