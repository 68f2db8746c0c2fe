use super::{Append, Feed, Log, LogLimits};
use crate::{Error, sessions::testing::*};
use alumia_protocol::{
    CallId, MessageId, ProjectId, RunId, SessionId,
    events::{Event, EventData},
    sessions::MessageRole,
};
use futures::{FutureExt as _, StreamExt as _, stream::BoxStream};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};

/// All that is there now.
pub(super) fn drain(feed: &mut BoxStream<'static, Feed>) -> Vec<Feed> {
    let mut all = Vec::new();
    while let Some(Some(next)) = tokio::task::unconstrained(feed.next()).now_or_never() {
        all.push(next);
    }
    all
}

fn events(feed: &[Feed]) -> Vec<Arc<Event>> {
    feed.iter()
        .map(|it| match it {
            Feed::Event(event) => event.clone(),
            other => panic!("not an event: {other:?}"),
        })
        .collect()
}

async fn write(log: &Log, house: &House, events: impl IntoIterator<Item = Append>) -> Vec<Arc<Event>> {
    let mut tx = log.begin(house.org, house.project).await.unwrap();
    for it in events {
        tx.push(it);
    }
    tx.commit().await.unwrap()
}

fn seqs(events: &[Arc<Event>]) -> Vec<i64> {
    events.iter().map(|it| it.seq).collect()
}

#[tokio::test]
async fn a_reader_gets_a_snapshot_and_then_every_event_in_order() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let (session, run, id) = (house.session(&log).await, RunId::new(), MessageId::new());
    let mut feed = log.subscribe(&house.owner, house.project, None).await.unwrap();
    let Some(Feed::Snapshot(snapshot)) = feed.next().await else { panic!("no snapshot") };
    assert_eq!(snapshot.sessions.len(), 1);
    write(&log, &house, [append(session, run, EventData::StepStarted { number: 1 })]).await;
    log.delta(house.project, append(session, run, text(id, "Hel"))).await;
    log.delta(house.project, append(session, run, text(id, "lo"))).await;
    let done = message(id, MessageRole::Assistant, "Hello", Some(CallId::new()));
    write(&log, &house, [append(session, run, EventData::MessageCompleted { message: done })]).await;
    let got = events(&drain(&mut feed));
    let first = snapshot.seq + 1;
    assert_eq!(seqs(&got), [first, first + 1, first + 2, first + 3]);
    // What is stored is what was sent, and deltas are not stored.
    let stored = log.list(&house.owner, session, snapshot.seq, 500).await.unwrap();
    let durable: Vec<_> = got.iter().filter(|it| it.data.is_durable()).map(|it| wire(it)).collect();
    assert_eq!(stored.items.iter().map(wire).collect::<Vec<_>>(), durable);
    let page = log.list(&house.owner, session, snapshot.seq, 1).await.unwrap();
    assert_eq!((page.has_more, page.next_cursor), (true, Some(first.to_string())));
}

#[tokio::test]
async fn a_snapshot_holds_one_delta_for_each_unfinished_text() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let (session, run) = (house.session(&log).await, RunId::new());
    let (said, call) = (MessageId::new(), CallId::new());
    for part in ["a", "b", "c"] {
        log.delta(house.project, append(session, run, text(said, part))).await;
        log.delta(house.project, append(session, run, output(call, "stdout", part))).await;
    }
    log.delta(house.project, append(session, run, output(call, "stderr", "!"))).await;
    let snapshot = log.snapshot(&house.owner, house.project).await.unwrap();
    let parts: Vec<_> = snapshot.sessions[0].events.iter().map(|it| (it.seq, it.data.clone())).collect();
    let last = snapshot.seq;
    let expected = [
        (last - 2, text(said, "abc")),
        (last - 1, output(call, "stdout", "abc")),
        (last, output(call, "stderr", "!")),
    ];
    assert_eq!(parts, expected);
    write(&log, &house, [append(session, run, tool_completed(call)), append(session, run, run_completed())])
        .await;
    let snapshot = log.snapshot(&house.owner, house.project).await.unwrap();
    assert!(snapshot.sessions[0].events.iter().all(|it| it.data.is_durable()));
}

#[tokio::test]
async fn an_endless_output_is_cut_for_everybody_alike() {
    let house = House::new().await;
    let log = house.log(LogLimits { text: 8, ..LogLimits::default() });
    let (session, run, call) = (house.session(&log).await, RunId::new(), CallId::new());
    let mut feed = log.subscribe(&house.owner, house.project, None).await.unwrap();
    feed.next().await;
    for part in ["abc", "ddddü!", "more"] {
        log.delta(house.project, append(session, run, output(call, "stdout", part))).await;
    }
    let got: Vec<_> = events(&drain(&mut feed)).iter().map(|it| it.data.clone()).collect();
    assert_eq!(got, [output(call, "stdout", "abc"), output(call, "stdout", "dddd")]);
    let snapshot = log.snapshot(&house.owner, house.project).await.unwrap();
    assert_eq!(snapshot.sessions[0].events[0].data, output(call, "stdout", "abcdddd"));
}

#[tokio::test]
async fn what_others_write_neither_wakes_nor_cuts_off_a_sessions_reader() {
    let house = House::new().await;
    let log = house.log(LogLimits { events: 4, ..LogLimits::default() });
    let (own, other, run) = (house.session(&log).await, house.session(&log).await, RunId::new());
    let step = |session, number| append(session, run, EventData::StepStarted { number });
    let first = write(&log, &house, [step(own, 1)]).await[0].seq;
    let mut feed = log.subscribe_session(&house.owner, own, Some(first)).await.unwrap();
    assert!(drain(&mut feed).is_empty());
    for number in 0..10 {
        write(&log, &house, [step(other, number)]).await;
        assert!(feed.next().now_or_never().is_none());
    }
    let second = write(&log, &house, [step(own, 2)]).await[0].seq;
    let rest = log.subscribe_session(&house.owner, own, Some(first)).await.unwrap();
    for mut feed in [feed, rest] {
        let got: Vec<_> = events(&drain(&mut feed)).iter().map(|it| it.seq).collect();
        assert_eq!(got, [second]);
    }
    // Its own events that have left the buffer are missed.
    for number in 3..8 {
        write(&log, &house, [step(own, number)]).await;
    }
    let mut late = log.subscribe_session(&house.owner, own, Some(first)).await.unwrap();
    assert!(matches!(late.next().await, Some(Feed::Snapshot(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writers_take_turns_and_nobody_sees_a_gap() {
    let house = Arc::new(House::new().await);
    let log = house.log(LogLimits { block: 7, ..LogLimits::default() });
    let session = house.session(&log).await;
    let mut feed = log.subscribe(&house.owner, house.project, None).await.unwrap();
    feed.next().await;
    let writers: Vec<_> = (0..12u32)
        .map(|number| {
            let (log, house) = (log.clone(), house.clone());
            tokio::spawn(async move {
                let (run, id) = (RunId::new(), MessageId::new());
                for round in 0..10u32 {
                    let step =
                        || append(session, run, EventData::StepStarted { number: number * 1_000 + round });
                    match (number + round) % 4 {
                        0 => drop(write(&log, &house, [step()]).await),
                        1 => drop(write(&log, &house, (0..3).map(|_| step())).await),
                        2 => log.delta(house.project, append(session, run, text(id, "x"))).await,
                        _ => {
                            // Given up half-way.
                            let mut tx = log.begin(house.org, house.project).await.unwrap();
                            tx.push(step());
                        }
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let got = events(&drain(&mut feed));
    assert_eq!(got.len(), 12 * 10 / 4 * (1 + 3 + 1));
    assert!(got.windows(2).all(|pair| pair[0].seq < pair[1].seq), "{:?}", seqs(&got));
    let stored: Vec<_> =
        log.session_events(house.org, session).await.unwrap().iter().skip(1).map(wire).collect();
    let durable: Vec<_> = got.iter().filter(|it| it.data.is_durable()).map(|it| wire(it)).collect();
    assert_eq!(stored, durable);
}

#[tokio::test]
async fn a_restart_never_uses_a_number_again() {
    let house = House::new().await;
    let first = house.log(LogLimits::default());
    let session = house.session(&first).await;
    let mut highest = 0;
    for _ in 0..4 {
        // Each is a new process: it knows nothing of the former's deltas.
        let log = house.log(LogLimits { block: 16, ..LogLimits::default() });
        let mut feed = log.subscribe(&house.owner, house.project, None).await.unwrap();
        feed.next().await;
        for _ in 0..20 {
            log.delta(house.project, append(session, RunId::new(), text(MessageId::new(), "x"))).await;
        }
        let many = (0..50).map(|number| append(session, RunId::new(), EventData::StepStarted { number }));
        write(&log, &house, many).await;
        log.delta(house.project, append(session, RunId::new(), text(MessageId::new(), "x"))).await;
        let got = seqs(&events(&drain(&mut feed)));
        assert_eq!(got.len(), 71);
        assert!(got[0] > highest, "{got:?} after {highest}");
        assert!(got.is_sorted_by(|a, b| a < b));
        highest = got[70];
        // A position of the former process can't be continued here without a snapshot.
        let mut again = house
            .log(LogLimits::default())
            .subscribe(&house.owner, house.project, Some(highest))
            .await
            .unwrap();
        assert!(matches!(again.next().await, Some(Feed::Snapshot(_))));
    }
}

#[tokio::test]
async fn two_processes_on_one_database_never_share_a_number() {
    let house = House::new().await;
    let limits = LogLimits { block: 4, ..LogLimits::default() };
    let (one, two) = (house.log(limits), house.log(limits));
    let session = house.session(&one).await;
    let mut refused = 0;
    for round in 0..30u32 {
        for log in [&one, &two] {
            let mut tx = log.begin(house.org, house.project).await.unwrap();
            for _ in 0..round % 7 {
                tx.push(append(session, RunId::new(), EventData::StepStarted { number: round }));
            }
            // A refusal tells to try again and leaves nothing; the key of the table would say more.
            match tx.commit().await {
                Ok(_) => {}
                Err(Error::Unavailable { .. }) => refused += 1,
                Err(other) => panic!("{other:?}"),
            }
        }
    }
    assert!(refused < 60);
}

#[tokio::test]
async fn a_write_that_is_given_up_leaves_nothing() {
    let house = House::new().await;
    let log = house.log(LogLimits { block: 2, ..LogLimits::default() });
    let session = house.session(&log).await;
    let mut feed = log.subscribe(&house.owner, house.project, None).await.unwrap();
    feed.next().await;
    let mut tx = log.begin(house.org, house.project).await.unwrap();
    let skipped = tx.push(append(session, RunId::new(), EventData::StepStarted { number: 1 }));
    drop(tx);
    assert!(drain(&mut feed).is_empty());
    let wrote =
        write(&log, &house, [append(session, RunId::new(), EventData::StepStarted { number: 2 })]).await;
    assert!(wrote[0].seq > skipped);
    assert_eq!(events(&drain(&mut feed)).len(), 1);
}

#[tokio::test]
async fn a_caller_that_goes_away_in_the_middle_of_a_commit_hides_nothing() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let session = house.session(&log).await;
    let mut feed = log.subscribe(&house.owner, house.project, None).await.unwrap();
    feed.next().await;
    let mut tx = log.begin(house.org, house.project).await.unwrap();
    tx.push(append(session, RunId::new(), EventData::StepStarted { number: 1 }));
    let mut commit = Box::pin(tx.commit());
    assert!((&mut commit).now_or_never().is_none());
    drop(commit);
    let next = tokio::time::timeout(Duration::from_secs(10), feed.next()).await.unwrap();
    assert!(matches!(next, Some(Feed::Event(_))));
}

#[tokio::test]
async fn a_slow_reader_is_cut_off_and_comes_back_with_a_snapshot() {
    let house = House::new().await;
    let log = house.log(LogLimits { events: 10, ..LogLimits::default() });
    let session = house.session(&log).await;
    let mut feed = log.subscribe(&house.owner, house.project, None).await.unwrap();
    let Some(Feed::Snapshot(snapshot)) = feed.next().await else { panic!("no snapshot") };
    for number in 0..11 {
        write(&log, &house, [append(session, RunId::new(), EventData::StepStarted { number })]).await;
    }
    let got = drain(&mut feed);
    assert!(matches!(got[..], [Feed::Lagged]), "{got:?}");
    assert!(feed.next().await.is_none());
    let mut again = log.subscribe(&house.owner, house.project, Some(snapshot.seq)).await.unwrap();
    let Some(Feed::Snapshot(snapshot)) = again.next().await else { panic!("no snapshot") };
    assert_eq!(snapshot.sessions[0].events.len(), 11);
    // A position that was never given out, or is still covered.
    let mut future = log.subscribe(&house.owner, house.project, Some(i64::MAX)).await.unwrap();
    assert!(matches!(future.next().await, Some(Feed::Snapshot(_))));
    let mut near = log.subscribe(&house.owner, house.project, Some(snapshot.seq - 2)).await.unwrap();
    assert_eq!(seqs(&events(&drain(&mut near))), [snapshot.seq - 1, snapshot.seq]);
}

#[tokio::test]
async fn big_events_leave_the_buffer_sooner() {
    let house = House::new().await;
    let log = house.log(LogLimits { bytes: 10_000, ..LogLimits::default() });
    let session = house.session(&log).await;
    let before = log.snapshot(&house.owner, house.project).await.unwrap().seq;
    for _ in 0..4 {
        let delta = text(MessageId::new(), &"x".repeat(4_000));
        log.delta(house.project, append(session, RunId::new(), delta)).await;
    }
    let mut far = log.subscribe(&house.owner, house.project, Some(before)).await.unwrap();
    assert!(matches!(far.next().await, Some(Feed::Snapshot(_))));
    let mut near = log.subscribe(&house.owner, house.project, Some(before + 2)).await.unwrap();
    assert_eq!(events(&drain(&mut near)).len(), 2);
}

#[tokio::test]
async fn a_session_is_followed_alone() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let (mine, other, run) = (house.session(&log).await, house.session(&log).await, RunId::new());
    let mut feed = log.subscribe_session(&house.owner, mine, None).await.unwrap();
    let Some(Feed::Snapshot(snapshot)) = feed.next().await else { panic!("no snapshot") };
    assert_eq!(snapshot.sessions.iter().map(|it| it.session.id).collect::<Vec<_>>(), [mine]);
    for session in [other, mine, other] {
        write(&log, &house, [append(session, run, EventData::StepStarted { number: 1 })]).await;
    }
    let got = events(&drain(&mut feed));
    assert_eq!(got.iter().map(|it| it.session_id).collect::<Vec<_>>(), [Some(mine)]);
}

#[tokio::test]
async fn what_a_caller_does_not_see_is_not_there() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let session = house.session(&log).await;
    let (stranger, foreign) = house.neighbour().await;
    let missing =
        |result: Result<(), Error>| assert!(matches!(result, Err(Error::NotFound(_))), "{result:?}");
    missing(log.subscribe(&stranger, house.project, None).await.map(drop));
    missing(log.subscribe(&house.owner, ProjectId::new(), None).await.map(drop));
    missing(log.subscribe_session(&stranger, session, Some(0)).await.map(drop));
    missing(log.snapshot(&stranger, house.project).await.map(drop));
    missing(log.list(&stranger, session, 0, 10).await.map(drop));
    missing(log.list(&house.owner, SessionId::new(), 0, 10).await.map(drop));
    missing(log.begin(house.org, foreign).await.map(drop));
    missing(log.begin(stranger.org_id(), house.project).await.map(drop));
    missing(log.begin(house.org, ProjectId::new()).await.map(drop));
    let own = house.project("private").await;
    let member = house.member(alumia_protocol::people::Role::Member).await;
    missing(log.subscribe(&member, own, None).await.map(drop));
    assert!(log.subscribe(&member, house.project, None).await.is_ok());
}

#[tokio::test]
async fn an_idle_project_leaves_memory_and_a_busy_one_stays() {
    let house = House::new().await;
    let log = house.log(LogLimits { idle: Duration::from_millis(20), ..LogLimits::default() });
    let session = house.session(&log).await;
    let (run, id) = (RunId::new(), MessageId::new());
    let sweep = async |expected: usize| {
        tokio::time::sleep(Duration::from_millis(30)).await;
        // Any project's use sweeps; this one itself is in memory then.
        drop(log.lives.get(ProjectId::new()));
        assert_eq!(log.lives.len(), expected + 1);
    };
    let feed = log.subscribe(&house.owner, house.project, None).await.unwrap();
    sweep(1).await;
    drop(feed);
    log.delta(house.project, append(session, run, text(id, "half"))).await;
    sweep(1).await;
    write(&log, &house, [append(session, run, EventData::MessageDiscarded { message_id: id })]).await;
    sweep(0).await;
    // Gone from memory, it still gives fresh numbers.
    let wrote = write(&log, &house, [append(session, run, run_completed())]).await;
    let last = log.session_events(house.org, session).await.unwrap().pop().unwrap();
    assert_eq!(wire(&last), wire(&wrote[0]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_watchers_of_ten_thousand_hear_at_once() {
    let house = House::new().await;
    let log = house.log(LogLimits::default());
    let session = house.session(&log).await;
    let at = log.snapshot(&house.owner, house.project).await.unwrap().seq;
    // Idle ones are nothing but their stream: nobody polls them.
    let mut idle = Vec::new();
    for _ in 0..10_000 {
        idle.push(log.open(house.org, house.project, None, Some(at)).await.unwrap());
    }
    let watchers: Vec<_> = idle
        .split_off(9_000)
        .into_iter()
        .map(|mut feed| {
            tokio::spawn(async move {
                assert!(matches!(feed.next().await, Some(Feed::Event(_))));
                Instant::now()
            })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let start = Instant::now();
    log.delta(house.project, append(session, RunId::new(), text(MessageId::new(), "x"))).await;
    let mut last = start;
    for watcher in watchers {
        last = last.max(watcher.await.unwrap());
    }
    println!("1,000 watchers heard within {:?}", last - start);
    assert!(last - start < Duration::from_secs(1));
}
