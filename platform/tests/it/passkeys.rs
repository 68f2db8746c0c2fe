//! Accounts that a passkey opens, on whichever engine `ALUMIA_TEST_DATABASE` names. What a real browser does with
//! passkeys, end2end has.

use crate::common::{PASSWORD, World, authenticator::Authenticator, field, sign_up_form};
use alumia_platform::{Error, identity::Site};
use alumia_protocol::{
    UserId,
    people::{SignIn, SignedIn},
    security::{Ceremony, FinishPasskey, StartPasskeySignUp},
};
use std::time::Duration;

const ORIGIN: &str = "https://alumia.example.org";
const BROWSER: &str = "of-the-test";

fn site() -> Site {
    Site::new(ORIGIN).unwrap()
}

fn form(name: &str) -> StartPasskeySignUp {
    let email = format!("{}@example.com", name.to_lowercase());
    StartPasskeySignUp { name: name.into(), email, org_name: None }
}

async fn start(world: &World, name: &str) -> Ceremony {
    world.identity.start_passkey_sign_up(&site(), BROWSER, form(name)).await.unwrap()
}

fn answer(begun: &Ceremony, credential: serde_json::Value) -> FinishPasskey {
    FinishPasskey { ceremony: begun.ceremony.clone(), credential, name: "Laptop".into() }
}

async fn finish(world: &World, form: FinishPasskey) -> Result<SignedIn, Error> {
    world.identity.finish_passkey_sign_up(&site(), BROWSER, form).await
}

/// Somebody with a passkey and no password.
async fn person(world: &World, name: &str) -> (UserId, Authenticator) {
    let mut device = Authenticator::on(ORIGIN);
    let begun = start(world, name).await;
    let made = device.create(&begun.public_key);
    (finish(world, answer(&begun, made)).await.unwrap().user.id, device)
}

async fn sign_in(world: &World, device: &mut Authenticator) -> Result<SignedIn, Error> {
    let begun = world.identity.start_passkey_sign_in(&site(), BROWSER).await.unwrap();
    let signed = device.get(&begun.public_key);
    world.identity.finish_passkey_sign_in(&site(), BROWSER, answer(&begun, signed)).await
}

async fn count(world: &World, table: &'static str) -> i64 {
    sqlx::query_scalar(table).fetch_one(world.store.read()).await.unwrap()
}

const USERS: &str = "SELECT COUNT(*) FROM users";
const ORGS: &str = "SELECT COUNT(*) FROM orgs";
const PASSKEYS: &str = "SELECT COUNT(*) FROM passkeys";
const CEREMONIES: &str = "SELECT COUNT(*) FROM ceremonies";

async fn nothing_is_there(world: &World) {
    for table in [USERS, ORGS, PASSKEYS] {
        assert_eq!(count(world, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_passkey_makes_everything_that_a_person_needs() {
    let world = World::new().await;
    let mut device = Authenticator::on(ORIGIN);
    let begun = start(&world, "Ada").await;
    nothing_is_there(&world).await;
    let made = device.create(&begun.public_key);
    let signed = finish(&world, answer(&begun, made)).await.unwrap();
    assert_eq!((signed.user.email.as_str(), signed.org.slug.as_str()), ("ada@example.com", "ada"));
    let scope = world.orgs.scope(signed.user.id, "ada").await.unwrap();
    assert_eq!(world.agents.list(&scope).await.unwrap().items.len(), 1);
    assert_eq!(world.projects.list(&scope, None, 9).await.unwrap().items[0].name, "Getting started");
    let factors = world.identity.factors(signed.user.id).await.unwrap();
    assert!(factors.passkeys == 1 && !factors.password && !factors.totp, "{factors:?}");
    assert_eq!(world.identity.passkeys(signed.user.id).await.unwrap()[0].name, "Laptop");
    world.worker.do_due().await.unwrap();
    let letters = world.mailbox.letters();
    assert!(letters.iter().any(|kept| kept.letter.subject.starts_with("Confirm your email address")));

    assert_eq!(sign_in(&world, &mut device).await.unwrap(), signed);
    for password in ["", PASSWORD] {
        let form = SignIn { email: "ada@example.com".into(), password: password.into(), code: None };
        let error = world.identity.sign_in(form).await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized { reason: None, .. }), "{error:?}");
    }
}

#[tokio::test]
async fn what_is_begun_and_not_ended_leaves_nothing() {
    let world = World::new().await;
    let late = start(&world, "Ada").await;
    world.clock.advance(Duration::from_secs(5 * 60));
    let made = Authenticator::on(ORIGIN).create(&late.public_key);
    let error = finish(&world, answer(&late, made)).await.unwrap_err();
    assert!(matches!(error, Error::BadRequest(_)), "{error:?}");
    nothing_is_there(&world).await;
    world.identity.delete_expired().await.unwrap();
    assert_eq!(count(&world, CEREMONIES).await, 0);
    // The address is still free.
    world.identity.sign_up(sign_up_form("Ada", "ada@example.com")).await.unwrap();
}

#[tokio::test]
async fn an_answer_counts_once_and_for_what_it_was_made_for() {
    let world = World::new().await;
    let mut device = Authenticator::on(ORIGIN);
    let (begun, other) = (start(&world, "Ada").await, start(&world, "Bob").await);
    let made = device.create(&begun.public_key);

    // Another browser knows the ceremony's id.
    let form = answer(&begun, made.clone());
    let error = world.identity.finish_passkey_sign_up(&site(), "another", form).await.unwrap_err();
    assert!(matches!(error, Error::BadRequest(_)), "{error:?}");
    // Another form's challenge.
    let error = finish(&world, answer(&other, made.clone())).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { reason: Some("passkey_refused"), .. }), "{error:?}");
    // A wrong answer uses its challenge up.
    let late = Authenticator::on(ORIGIN).create(&other.public_key);
    assert!(matches!(finish(&world, answer(&other, late)).await, Err(Error::BadRequest(_))));
    nothing_is_there(&world).await;

    finish(&world, answer(&begun, made.clone())).await.unwrap();
    assert!(matches!(finish(&world, answer(&begun, made.clone())).await, Err(Error::BadRequest(_))));
    // The same answer under a challenge of its own.
    let again = start(&world, "Eve").await;
    assert!(matches!(finish(&world, answer(&again, made)).await, Err(Error::Unauthorized { .. })));
    assert_eq!((count(&world, USERS).await, count(&world, PASSKEYS).await), (1, 1));
}

#[tokio::test]
async fn what_another_site_or_nobodys_finger_made_is_refused() {
    let world = World::new().await;
    let elsewhere = Authenticator::on("https://evil.example");
    let mut stranger = Authenticator::on(ORIGIN);
    stranger.recognises = false;
    for mut device in [elsewhere, stranger] {
        let begun = start(&world, "Ada").await;
        let made = device.create(&begun.public_key);
        let error = finish(&world, answer(&begun, made)).await.unwrap_err();
        assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
    }
    for nonsense in [serde_json::json!({}), serde_json::json!("x"), serde_json::Value::Null] {
        let begun = start(&world, "Ada").await;
        assert!(matches!(finish(&world, answer(&begun, nonsense)).await, Err(Error::BadRequest(_))));
    }
    nothing_is_there(&world).await;
}

#[tokio::test]
async fn wrong_fields_and_taken_addresses_are_named_before_a_passkey_is_made() {
    let world = World::new().await;
    let start = |form: StartPasskeySignUp| {
        let world = &world;
        async move { world.identity.start_passkey_sign_up(&site(), BROWSER, form).await }
    };
    let wrong =
        StartPasskeySignUp { name: " \t".into(), email: "nobody".into(), org_name: Some("x".repeat(300)) };
    let Err(Error::Invalid(fields)) = start(wrong).await else { panic!("not refused") };
    assert_eq!(fields.keys().collect::<Vec<_>>(), ["email", "name", "orgName"]);
    for hostile in ["a\0b@example.com", "ada@example.com\0"] {
        let error = start(StartPasskeySignUp { email: hostile.into(), ..form("Ada") }).await.unwrap_err();
        assert!(field(&error, "email").is_some(), "{error:?}");
    }
    assert_eq!(count(&world, CEREMONIES).await, 0);

    let by_password = world.identity.sign_up(sign_up_form("Ada", "ada@example.com")).await;
    by_password.unwrap();
    let told = world.identity.sign_up(sign_up_form("Ada", "ada@example.com")).await.unwrap_err();
    let taken =
        start(StartPasskeySignUp { email: " ADA@example.com".into(), ..form("Ada") }).await.unwrap_err();
    assert_eq!(field(&taken, "email"), field(&told, "email"));
}

#[tokio::test]
async fn of_many_at_once_one_gets_the_address() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for _ in 0..10 {
        let begun = start(&world, "Ada").await;
        let made = Authenticator::on(ORIGIN).create(&begun.public_key);
        answers.push(answer(&begun, made));
    }
    // One of them twice.
    answers.push(answers[3].clone());
    let tries = answers.into_iter().map(|form| {
        let identity = world.identity.clone();
        tokio::spawn(async move { identity.finish_passkey_sign_up(&site(), BROWSER, form).await })
    });
    let mut wins = 0;
    for attempt in tries.collect::<Vec<_>>() {
        match attempt.await.unwrap() {
            Ok(_) => wins += 1,
            Err(Error::BadRequest(_)) => {}
            Err(error) => assert!(field(&error, "email").unwrap().contains("already"), "{error:?}"),
        }
    }
    assert_eq!(wins, 1);
    for table in [USERS, ORGS, PASSKEYS] {
        assert_eq!(count(&world, table).await, 1, "{table}");
    }
}

#[tokio::test]
async fn the_last_way_in_stays() {
    let world = World::new().await;
    let (ada, mut device) = person(&world, "Ada").await;
    let only = world.identity.passkeys(ada).await.unwrap().remove(0).id;
    let error = world.identity.remove_passkey(ada, BROWSER, &only).await.unwrap_err();
    let Error::Conflict { message, .. } = &error else { panic!("{error:?}") };
    assert!(message.contains("Set a password or add another passkey first"), "{message}");
    sign_in(&world, &mut device).await.unwrap();

    // With a second one either may go, and of both at once one.
    let begun = world.identity.start_passkey(&site(), ada, BROWSER, None, true).await.unwrap();
    let made = Authenticator::on(ORIGIN).create(&begun.public_key);
    world.identity.finish_passkey(&site(), ada, BROWSER, answer(&begun, made)).await.unwrap();
    let tries = world.identity.passkeys(ada).await.unwrap().into_iter().map(|passkey| {
        let identity = world.identity.clone();
        tokio::spawn(async move { identity.remove_passkey(ada, BROWSER, &passkey.id).await })
    });
    let mut removed = 0;
    for attempt in tries.collect::<Vec<_>>() {
        removed += usize::from(attempt.await.unwrap().is_ok());
    }
    assert_eq!(removed, 1);
    assert_eq!(world.identity.factors(ada).await.unwrap().passkeys, 1);
}

#[tokio::test]
async fn a_password_can_be_set_later_and_then_the_passkey_go() {
    let world = World::new().await;
    let (ada, mut device) = person(&world, "Ada").await;
    let begun = world.identity.start_passkey_step_up(&site(), ada, BROWSER).await.unwrap();
    let signed = device.get(&begun.public_key);
    world.identity.finish_passkey_step_up(&site(), ada, BROWSER, answer(&begun, signed)).await.unwrap();

    world.identity.change_password(ada, BROWSER, None, PASSWORD.into()).await.unwrap();
    let form = SignIn { email: "ada@example.com".into(), password: PASSWORD.into(), code: None };
    assert_eq!(world.identity.sign_in(form).await.unwrap().user.id, ada);
    world.worker.do_due().await.unwrap();
    let subjects: Vec<_> = world.mailbox.letters().into_iter().map(|kept| kept.letter.subject).collect();
    assert!(
        subjects.iter().any(|subject| subject.starts_with("Your account has got a password")),
        "{subjects:?}"
    );

    let only = world.identity.passkeys(ada).await.unwrap().remove(0).id;
    world.identity.remove_passkey(ada, BROWSER, &only).await.unwrap();
    let error = sign_in(&world, &mut device).await.unwrap_err();
    assert!(matches!(error, Error::Unauthorized { .. }), "{error:?}");
}

#[tokio::test]
async fn a_sign_in_ends_in_the_browser_that_began_it() {
    let world = World::new().await;
    let (_, mut device) = person(&world, "Ada").await;
    let begun = world.identity.start_passkey_sign_in(&site(), BROWSER).await.unwrap();
    let signed = device.get(&begun.public_key);
    for other in ["another", ""] {
        let form = answer(&begun, signed.clone());
        let error = world.identity.finish_passkey_sign_in(&site(), other, form).await.unwrap_err();
        assert!(matches!(error, Error::BadRequest(_)), "{error:?}");
    }
    world.identity.finish_passkey_sign_in(&site(), BROWSER, answer(&begun, signed)).await.unwrap();
}
