//! Authenticator apps, recovery codes and what lets one be added, on whichever engine
//! `ALUMIA_TEST_DATABASE` names. Passkeys have a file of their own.

use crate::common::{PASSWORD, World, field};
use alumia_platform::{Error, identity::NewWebSession};
use alumia_protocol::{
    UserId,
    people::SignIn,
    security::{RecoveryCodes, TotpEnrollment},
};
use std::time::Duration;

const STEP: Duration = Duration::from_secs(30);
const SESSION: &str = "of-the-test";

fn password() -> Option<String> {
    Some(PASSWORD.into())
}

/// What an app shows `steps` time steps from now.
fn code(world: &World, enrollment: &TotpEnrollment, steps: i64) -> String {
    let secret = totp_rs::Secret::try_from_base32(&enrollment.secret).unwrap();
    let totp = totp_rs::Builder::new().with_secret(secret).build().unwrap();
    let seconds = world.identity.web_sessions().now().0 / 1_000_000 + steps * 30;
    totp.generate(u64::try_from(seconds).unwrap()).to_string()
}

async fn enroll(world: &World, user: UserId) -> (TotpEnrollment, RecoveryCodes) {
    let enrollment = world.identity.enroll_totp(user, SESSION, password(), false).await.unwrap();
    let first = code(world, &enrollment, 0);
    let codes = world.identity.confirm_totp(user, SESSION, &first).await.unwrap();
    (enrollment, codes)
}

async fn subjects(world: &World) -> Vec<String> {
    world.worker.do_due().await.unwrap();
    world.mailbox.letters().into_iter().map(|kept| kept.letter.subject).collect()
}

async fn begin_session(world: &World, user: UserId, id: &str) -> String {
    let new = NewWebSession { user_id: Some(user), data: "{}".into(), ..NewWebSession::default() };
    assert!(world.identity.web_sessions().create(id, new).await.unwrap());
    world.identity.web_sessions().load(id).await.unwrap().unwrap().id_hash
}

#[tokio::test]
async fn an_app_counts_once_a_code_of_it_was_given() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let identity = &world.identity;
    for wrong in [None, Some(String::new()), Some("not-the-password".into())] {
        let error = identity.enroll_totp(ada, SESSION, wrong, false).await.unwrap_err();
        assert!(field(&error, "password").is_some(), "{error:?}");
    }
    let enrollment = identity.enroll_totp(ada, SESSION, password(), false).await.unwrap();
    assert!(enrollment.otpauth_url.contains("ada%40example.com"));
    assert_eq!(identity.pending_totp(ada, SESSION).await.unwrap().as_ref(), Some(&enrollment));
    assert!(identity.pending_totp(ada, "another session").await.unwrap().is_none());
    assert!(!identity.factors(ada).await.unwrap().any(), "an app counts before its first code");
    let wrong = if code(&world, &enrollment, 0) == "000000" { "111111" } else { "000000" };
    let error = identity.confirm_totp(ada, SESSION, wrong).await.unwrap_err();
    assert!(field(&error, "code").is_some(), "{error:?}");
    let first = code(&world, &enrollment, 0);
    assert!(matches!(
        identity.confirm_totp(ada, "another session", &first).await,
        Err(Error::Conflict { .. })
    ));
    let codes = identity.confirm_totp(ada, SESSION, &first).await.unwrap().recovery_codes;
    assert_eq!(codes.len(), 10);
    let factors = identity.factors(ada).await.unwrap();
    assert!(factors.totp && factors.password && factors.recovery_codes == 10 && factors.passkeys == 0);
    assert!(identity.pending_totp(ada, SESSION).await.unwrap().is_none(), "the secret is shown again");
    let error = identity.use_code(ada, &first).await.unwrap_err();
    assert!(field(&error, "code").unwrap().contains("used already"), "{error:?}");
    assert!(
        subjects(&world).await.iter().any(|subject| subject.starts_with("An authenticator app was added"))
    );
}

#[tokio::test]
async fn a_setup_that_takes_too_long_is_over() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let enrollment = world.identity.enroll_totp(ada, SESSION, password(), false).await.unwrap();
    world.clock.advance(Duration::from_secs(31 * 60));
    let late = code(&world, &enrollment, 0);
    assert!(matches!(world.identity.confirm_totp(ada, SESSION, &late).await, Err(Error::Conflict { .. })));
    enroll(&world, ada).await;
}

#[tokio::test]
async fn a_second_factor_needs_the_first() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    enroll(&world, ada).await;
    let error = world.identity.enroll_totp(ada, SESSION, password(), false).await.unwrap_err();
    assert!(matches!(error, Error::Forbidden { reason: "step_up_required", .. }), "{error:?}");
    let error = world.identity.enroll_totp(ada, SESSION, None, true).await.unwrap_err();
    assert!(matches!(error, Error::Conflict { .. }), "{error:?}");
}

#[tokio::test]
async fn codes_of_the_neighbouring_steps_count_and_none_twice() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let (enrollment, _) = enroll(&world, ada).await;
    world.clock.advance(STEP * 10);
    for (steps, counts) in
        [(-2, false), (2, false), (-1, true), (-1, false), (0, true), (1, true), (0, false)]
    {
        let outcome = world.identity.use_code(ada, &code(&world, &enrollment, steps)).await;
        assert_eq!(outcome.is_ok(), counts, "{steps}: {outcome:?}");
    }
}

#[tokio::test]
async fn of_twenty_parallel_uses_of_one_code_one_counts() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let (enrollment, codes) = enroll(&world, ada).await;
    world.clock.advance(STEP);
    for code in [code(&world, &enrollment, 0), codes.recovery_codes[3].clone()] {
        let tries: Vec<_> = (0..20)
            .map(|_| {
                let (identity, code) = (world.identity.clone(), code.clone());
                tokio::spawn(async move { identity.use_code(ada, &code).await.is_ok() })
            })
            .collect();
        let mut accepted = 0;
        for attempt in tries {
            accepted += usize::from(attempt.await.unwrap());
        }
        assert_eq!(accepted, 1);
        // The nineteen others counted as wrong.
        world.clock.advance(Duration::from_secs(16 * 60));
    }
}

#[tokio::test]
async fn a_recovery_code_counts_once_and_is_told_about() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let (_, codes) = enroll(&world, ada).await;
    let code = &codes.recovery_codes[0];
    world.identity.use_code(ada, &code.to_uppercase().replace('-', " ")).await.unwrap();
    let error = world.identity.use_code(ada, code).await.unwrap_err();
    assert!(field(&error, "code").is_some(), "{error:?}");
    assert_eq!(world.identity.factors(ada).await.unwrap().recovery_codes, 9);
    assert!(subjects(&world).await.iter().any(|subject| subject.starts_with("A recovery code was used")));

    let renewed = world.identity.renew_recovery_codes(ada).await.unwrap();
    assert!(
        world.identity.use_code(ada, &codes.recovery_codes[1]).await.is_err(),
        "an old code still counts"
    );
    world.identity.use_code(ada, &renewed.recovery_codes[1]).await.unwrap();

    let (eve, _) = world.person("Eve").await;
    enroll(&world, eve).await;
    assert!(world.identity.use_code(eve, &renewed.recovery_codes[2]).await.is_err(), "another's code counts");
}

#[tokio::test]
async fn after_ten_wrong_codes_none_is_looked_at_for_a_while() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let (enrollment, _) = enroll(&world, ada).await;
    world.clock.advance(STEP * 5);
    let good: Vec<_> = (-1..=1).map(|steps| code(&world, &enrollment, steps)).collect();
    let wrong = (100_000..).map(|n: u32| n.to_string()).filter(|code| !good.contains(code));
    for code in wrong.take(10) {
        assert!(matches!(world.identity.use_code(ada, &code).await, Err(Error::Invalid(_))));
    }
    let error = world.identity.use_code(ada, &good[1]).await.unwrap_err();
    assert!(matches!(error, Error::Limited { retry_after_ms: 1.. }), "{error:?}");
    world.clock.advance(Duration::from_secs(15 * 60));
    world.identity.use_code(ada, &code(&world, &enrollment, 0)).await.unwrap();
}

#[tokio::test]
async fn signing_in_asks_for_a_code_after_the_password() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let (enrollment, codes) = enroll(&world, ada).await;
    let sign_in = |password: &str, code: Option<String>| {
        let form = SignIn { email: "ada@example.com".into(), password: password.into(), code };
        world.identity.sign_in(form)
    };
    let reason = |error: Error| match error {
        Error::Unauthorized { reason, .. } => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(sign_in(PASSWORD, None).await.unwrap_err()), Some("totp_required"));
    assert_eq!(reason(sign_in(PASSWORD, Some("12".into())).await.unwrap_err()), Some("totp_required"));
    let used = code(&world, &enrollment, 0);
    assert_eq!(reason(sign_in(PASSWORD, Some(used)).await.unwrap_err()), Some("totp_required"));
    world.clock.advance(STEP);
    let fresh = code(&world, &enrollment, 0);
    assert_eq!(reason(sign_in("wrong", Some(fresh.clone())).await.unwrap_err()), None);
    assert_eq!(
        sign_in(PASSWORD, Some(fresh)).await.unwrap().user.id,
        ada,
        "a wrong password used the code up"
    );
    sign_in(PASSWORD, Some(codes.recovery_codes[9].clone())).await.unwrap();
}

#[tokio::test]
async fn removing_the_last_factor_ends_the_other_sessions() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    enroll(&world, ada).await;
    let here = begin_session(&world, ada, "here").await;
    begin_session(&world, ada, "there").await;
    world.identity.remove_totp(ada, &here).await.unwrap();
    let left = world.identity.browsers(ada, &here).await.unwrap();
    assert!(left.len() == 1 && left[0].current, "{left:?}");
    assert!(!world.identity.factors(ada).await.unwrap().any());
    assert!(
        subjects(&world)
            .await
            .iter()
            .any(|subject| subject.starts_with("Your authenticator app was removed"))
    );
    assert!(matches!(world.identity.remove_totp(ada, &here).await, Err(Error::NotFound(_))));
    let secrets: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM secrets WHERE owner_table = 'totp'")
        .fetch_one(world.store.read())
        .await
        .unwrap();
    assert_eq!(secrets, 0, "the removed app's secret is still there");
    let (_, codes) = enroll(&world, ada).await;
    world.identity.use_code(ada, &codes.recovery_codes[0]).await.unwrap();
}

#[tokio::test]
async fn neither_secret_nor_recovery_code_lies_in_the_clear() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let (_, codes) = enroll(&world, ada).await;
    let hashes: Vec<String> = sqlx::query_scalar("SELECT code_hash FROM recovery_codes")
        .fetch_all(world.store.read())
        .await
        .unwrap();
    assert_eq!(hashes.len(), 10);
    for hash in hashes {
        assert!(hash.len() == 64 && !codes.recovery_codes.iter().any(|code| hash.contains(&code[..4])));
    }
    let sealed: Vec<u8> = sqlx::query_scalar("SELECT ciphertext FROM secrets WHERE owner_table = 'totp'")
        .fetch_one(world.store.read())
        .await
        .unwrap();
    assert_eq!(sealed.len(), 32 + 16);
    assert!(!format!("{codes:?}").contains(&codes.recovery_codes[0]));
}
