//! Passwords, addresses and the links in letters, on whichever engine `ALUMIA_TEST_DATABASE` names.

use crate::common::{PASSWORD, World, field};
use alumia_platform::{Error, identity::NewWebSession};
use alumia_protocol::{UserId, people::SignIn};
use std::time::Duration;

const NEW: &str = "harvest-lintel-osprey-quill";

async fn sign_in(world: &World, email: &str, password: &str) -> bool {
    let form = SignIn { email: email.into(), password: password.into(), code: None };
    world.identity.sign_in(form).await.is_ok()
}

/// The secret part of the link in the newest letter to `to` whose subject begins so.
async fn link(world: &World, to: &str, subject: &str, page: &str) -> Option<String> {
    world.worker.do_due().await.unwrap();
    let letters = world.mailbox.letters();
    let letter =
        &letters.iter().find(|kept| kept.letter.to == to && kept.letter.subject.starts_with(subject))?.letter;
    let start = letter.text.find(&format!("https://alumia.example.org/{page}/"))?;
    let word = letter.text[start..].split_whitespace().next()?;
    word.rsplit('/').next().map(str::to_owned)
}

async fn reset_link(world: &World) -> Option<String> {
    link(world, "ada@example.com", "Set a new password", "reset").await
}

async fn begin_session(world: &World, user: UserId, id: &str) -> String {
    let new = NewWebSession { user_id: Some(user), data: "{}".into(), ..NewWebSession::default() };
    world.identity.web_sessions().create(id, new).await.unwrap();
    world.identity.web_sessions().load(id).await.unwrap().unwrap().id_hash
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_once() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    begin_session(&world, ada, "here").await;
    world.identity.ask_reset(" ADA@example.com").await.unwrap();
    let token = reset_link(&world).await.unwrap();
    assert!(world.identity.is_reset_link(&token).await.unwrap());
    let error = world.identity.reset_password(&token, "short".into()).await.unwrap_err();
    assert!(field(&error, "password").is_some(), "{error:?}");

    let tries: Vec<_> = (0..20)
        .map(|_| {
            let (identity, token) = (world.identity.clone(), token.clone());
            tokio::spawn(async move { identity.reset_password(&token, NEW.into()).await.is_ok() })
        })
        .collect();
    let mut done = 0;
    for attempt in tries {
        done += usize::from(attempt.await.unwrap());
    }
    assert_eq!(done, 1);
    assert!(!world.identity.is_reset_link(&token).await.unwrap());
    assert!(sign_in(&world, "ada@example.com", NEW).await);
    assert!(!sign_in(&world, "ada@example.com", PASSWORD).await);
    assert!(world.identity.browsers(ada, "").await.unwrap().is_empty(), "a session outlived the reset");
    world.worker.do_due().await.unwrap();
    assert!(world.mailbox.letters()[0].letter.subject.starts_with("Your password was changed"));
}

#[tokio::test]
async fn a_reset_link_dies_after_an_hour_and_there_is_one_a_minute() {
    let world = World::new().await;
    world.person("Ada").await;
    world.identity.ask_reset("ada@example.com").await.unwrap();
    let token = reset_link(&world).await.unwrap();
    world.identity.ask_reset("ada@example.com").await.unwrap();
    assert_eq!(reset_link(&world).await.as_ref(), Some(&token), "a second letter within a minute");
    world.clock.advance(Duration::from_secs(60 * 60));
    assert!(matches!(world.identity.reset_password(&token, NEW.into()).await, Err(Error::BadRequest(_))));
    for bad in ["", "x", "'; DROP TABLE users", &"0".repeat(64)] {
        assert!(world.identity.reset_password(bad, NEW.into()).await.is_err(), "{bad}");
    }
    let held: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM mail_tokens WHERE token_hash = $1")
        .bind(&token)
        .fetch_one(world.store.read())
        .await
        .unwrap();
    assert_eq!(held, 0, "the link's secret lies in the clear");
}

#[tokio::test]
async fn asking_for_nobodys_password_does_the_same() {
    let world = World::new().await;
    world.person("Ada").await;
    world.worker.do_due().await.unwrap();
    let before = world.mailbox.letters().len();
    world.identity.ask_reset("nobody@example.com").await.unwrap();
    let jobs: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM jobs WHERE kind = 'password_reset'")
        .fetch_one(world.store.read())
        .await
        .unwrap();
    assert_eq!(jobs, 1, "the lookup is left to a job, whoever it is");
    world.worker.do_due().await.unwrap();
    assert_eq!(world.mailbox.letters().len(), before);
}

#[tokio::test]
async fn a_new_password_for_the_present_one() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let here = begin_session(&world, ada, "here").await;
    begin_session(&world, ada, "there").await;
    let change = |current: Option<&str>, new: &str| {
        world.identity.change_password(ada, &here, current.map(str::to_owned), new.to_owned())
    };
    for wrong in [None, Some("wrong")] {
        let error = change(wrong, NEW).await.unwrap_err();
        assert!(field(&error, "currentPassword").is_some(), "{error:?}");
    }
    let error = change(Some(PASSWORD), "adaadaadaada").await.unwrap_err();
    assert!(field(&error, "password").is_some(), "{error:?}");
    change(Some(PASSWORD), NEW).await.unwrap();
    assert!(sign_in(&world, "ada@example.com", NEW).await);
    let left = world.identity.browsers(ada, &here).await.unwrap();
    assert!(left.len() == 1 && left[0].current, "{left:?}");
}

#[tokio::test]
async fn a_new_address_counts_when_its_link_is_followed() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let here = begin_session(&world, ada, "here").await;
    begin_session(&world, ada, "there").await;
    for bad in ["ADA@example.com", "nonsense"] {
        let error = world.identity.ask_email_change(ada, bad).await.unwrap_err();
        assert!(field(&error, "email").is_some(), "{error:?}");
    }
    world.identity.ask_reset("ada@example.com").await.unwrap();
    let old_link = reset_link(&world).await.unwrap();
    world.identity.ask_email_change(ada, "countess@example.com").await.unwrap();
    let token = link(&world, "countess@example.com", "Confirm", "confirm").await.unwrap();
    assert_eq!(world.identity.me(ada).await.unwrap().user.email, "ada@example.com");
    let told =
        world.mailbox.letters().into_iter().any(|kept| {
            kept.letter.to == "ada@example.com" && kept.letter.text.contains("countess@example.com")
        });
    assert!(told, "the old address was not told");
    world.identity.confirm_email(&token, &here).await.unwrap();
    assert_eq!(world.identity.me(ada).await.unwrap().user.email, "countess@example.com");
    assert!(world.identity.is_verified(ada).await.unwrap());
    assert!(sign_in(&world, "countess@example.com", PASSWORD).await);
    assert!(!sign_in(&world, "ada@example.com", PASSWORD).await);
    assert_eq!(world.identity.browsers(ada, &here).await.unwrap().len(), 1);
    assert!(
        !world.identity.is_reset_link(&old_link).await.unwrap(),
        "the old mailbox still opens the account"
    );
    assert!(world.identity.confirm_email(&token, &here).await.is_err(), "a link worked twice");
}

#[tokio::test]
async fn an_address_that_is_taken_is_not_told_about_and_not_given() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    world.person("Eve").await;
    world.identity.ask_email_change(ada, "eve@example.com").await.unwrap();
    world.worker.do_due().await.unwrap();
    let tokens: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM mail_tokens WHERE kind = 'email'")
        .fetch_one(world.store.read())
        .await
        .unwrap();
    assert_eq!(tokens, 0);

    world.identity.ask_email_change(ada, "bob@example.com").await.unwrap();
    let token = link(&world, "bob@example.com", "Confirm", "confirm").await.unwrap();
    world.person("Bob").await;
    assert!(matches!(world.identity.confirm_email(&token, "").await, Err(Error::Conflict { .. })));
    assert_eq!(world.identity.me(ada).await.unwrap().user.email, "ada@example.com");
}

#[tokio::test]
async fn a_new_account_is_asked_to_confirm_its_address() {
    let world = World::new().await;
    let (ada, _) = world.person("Ada").await;
    let token = link(&world, "ada@example.com", "Confirm", "confirm").await.unwrap();
    assert!(!world.identity.is_verified(ada).await.unwrap());
    world.clock.advance(Duration::from_secs(61));
    world.identity.ask_verification(ada).await.unwrap();
    let second = link(&world, "ada@example.com", "Confirm", "confirm").await.unwrap();
    assert_ne!(token, second);
    assert!(world.identity.confirm_email(&token, "").await.is_err(), "the replaced link still works");
    world.identity.confirm_email(&second, "").await.unwrap();
    assert!(world.identity.is_verified(ada).await.unwrap());
    assert!(matches!(world.identity.ask_verification(ada).await, Err(Error::Conflict { .. })));
}
