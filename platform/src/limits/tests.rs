use super::{Allowance, Bucket, Key, Limiter, Rates, Refusal};
use crate::clock::ManualClock;
use alumia_protocol::{Timestamp, UserId};
use std::{net::IpAddr, sync::Arc, time::Duration};

fn limiter() -> (Limiter, ManualClock) {
    let clock = ManualClock::new(Timestamp(1_790_000_000_000_000));
    (Limiter::new(Arc::new(clock.clone()), Rates::default()), clock)
}

fn address(text: &str) -> Key {
    Key::address(text.parse::<IpAddr>().unwrap())
}

/// How many of `tries` pass.
fn passes(limiter: &Limiter, bucket: Bucket, keys: &[Key], tries: u32) -> u32 {
    (0..tries).filter(|_| limiter.check_here(bucket, keys).is_ok()).count().try_into().unwrap()
}

#[test]
fn each_bucket_has_its_size_and_speed() {
    let (limiter, clock) = limiter();
    for (bucket, size, back_in_a_minute) in [
        (Bucket::Chat, 60, 60),
        (Bucket::Auth, 10, 5),
        (Bucket::Write, 300, 300),
        (Bucket::Read, 1_200, 1_200),
    ] {
        let keys = [Key::User(UserId::new()), address("192.0.2.1")];
        assert_eq!(passes(&limiter, bucket, &keys, size + 50), size, "{bucket:?}");
        clock.advance(Duration::from_secs(60));
        assert_eq!(passes(&limiter, bucket, &keys, size + 50), back_in_a_minute, "{bucket:?}");
    }
}

#[test]
fn answers_tell_how_much_is_left_and_how_long_to_wait() {
    let (limiter, clock) = limiter();
    let keys = [Key::User(UserId::new())];
    assert_eq!(
        limiter.check_here(Bucket::Chat, &keys),
        Ok(Allowance { limit: 60, remaining: 59, reset_seconds: 1 })
    );
    assert_eq!(passes(&limiter, Bucket::Chat, &keys, 58), 58);
    assert_eq!(
        limiter.check_here(Bucket::Chat, &keys),
        Ok(Allowance { limit: 60, remaining: 0, reset_seconds: 60 })
    );
    clock.advance(Duration::from_millis(400));
    assert_eq!(limiter.check_here(Bucket::Chat, &keys), Err(Refusal { limit: 60, retry_after_ms: 600 }));
    clock.advance(Duration::from_millis(599));
    assert_eq!(limiter.check_here(Bucket::Chat, &keys), Err(Refusal { limit: 60, retry_after_ms: 1 }));
    clock.advance(Duration::from_millis(1));
    assert!(limiter.check_here(Bucket::Chat, &keys).is_ok(), "the wait that was named was too short");
}

#[test]
fn both_keys_must_pass_and_a_refusal_costs_neither() {
    let (limiter, clock) = limiter();
    let (ada, eve) = (Key::User(UserId::new()), Key::User(UserId::new()));
    let (office, home) = (address("192.0.2.1"), address("192.0.2.2"));
    assert_eq!(passes(&limiter, Bucket::Auth, &[ada, office], 10), 10);

    // The person is used up wherever they are, the address whoever asks.
    assert_eq!(passes(&limiter, Bucket::Auth, &[ada, home], 100), 0);
    assert_eq!(passes(&limiter, Bucket::Auth, &[eve, office], 100), 0);
    // None of those refusals took anything from the other key.
    assert_eq!(passes(&limiter, Bucket::Auth, &[eve, home], 100), 10);
    // Buckets of different kinds are apart.
    assert!(limiter.check_here(Bucket::Chat, &[ada, office]).is_ok());

    clock.advance(Duration::from_secs(12));
    assert_eq!(passes(&limiter, Bucket::Auth, &[home, ada], 5), 1, "the order of keys matters");
}

#[test]
fn the_same_key_twice_counts_once_and_none_is_a_key_too() {
    let (limiter, _) = limiter();
    let home = address("192.0.2.2");
    assert_eq!(passes(&limiter, Bucket::Auth, &[home, home], 20), 10);
    assert!(limiter.check_here(Bucket::Auth, &[]).is_ok());
}

#[test]
fn addresses_of_one_network_are_one() {
    assert_eq!(address("2001:db8:1:2:3:4:5:6"), address("2001:db8:1:2::1"));
    assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
    assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
}

#[test]
fn idle_callers_are_forgotten() {
    let (limiter, clock) = limiter();
    for n in 0..20_000_u32 {
        let keys = [Key::User(UserId::new()), Key::Address(IpAddr::from(n.to_be_bytes()))];
        limiter.check_here(Bucket::Read, &keys).unwrap();
        clock.advance(Duration::from_millis(1));
    }
    assert!(limiter.remembered() < 10_000, "{} callers are remembered", limiter.remembered());
    clock.advance(Duration::from_secs(1));
    limiter.forget_idle();
    assert_eq!(limiter.remembered(), 0);
}

#[test]
fn many_threads_share_a_bucket_fairly() {
    let (limiter, _) = limiter();
    let keys = [Key::User(UserId::new()), address("192.0.2.9")];
    let passed: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..8).map(|_| scope.spawn(|| passes(&limiter, Bucket::Write, &keys, 100))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    assert_eq!(passed, 300);
}
