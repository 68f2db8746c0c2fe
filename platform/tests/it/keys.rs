//! API keys, on whichever engine `ALUMIA_TEST_DATABASE` names.

use crate::common::{World, add_member};
use alumia_platform::{
    OrgScope,
    keys::{Keys, Refusal},
};
use alumia_protocol::{
    Timestamp,
    keys::{NewApiKey, RotateApiKey, Scope},
};
use std::{sync::Arc, time::Duration};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn keys(world: &World) -> Keys {
    Keys::new(world.store.store(), Arc::new(world.clock.clone()))
}

fn form(expires_at: Option<Timestamp>) -> NewApiKey {
    NewApiKey { name: "k".into(), scopes: vec![Scope::ProjectsRead], expires_at }
}

async fn opens(keys: &Keys, secret: &str) -> Result<OrgScope, Refusal> {
    keys.authenticate(secret).await.unwrap().map(|holder| holder.scope)
}

#[tokio::test]
async fn the_database_holds_no_secret() {
    let world = World::new().await;
    let (_, scope) = world.person("Ada").await;
    let minted = keys(&world).live().mint(&scope, form(None)).await.unwrap();
    assert!(minted.key.starts_with("alm_live_"));
    let stored: Vec<String> = sqlx::query_scalar("SELECT secret_hash || prefix || name FROM api_keys")
        .fetch_all(world.store.read())
        .await
        .unwrap();
    assert!(stored.len() == 1 && !stored[0].contains(&minted.key[12..]), "{stored:?}");
}

#[tokio::test]
async fn keys_end_by_time_and_old_secrets_by_grace() {
    let world = World::new().await;
    let (ada, scope) = world.person("Ada").await;
    let keys = keys(&world);
    let end = Timestamp(1_790_000_000_000_000).plus_seconds(3 * 3_600);
    let first = keys.mint(&scope, form(Some(end))).await.unwrap();
    assert_eq!(opens(&keys, &first.key).await.unwrap().user_id(), ada);

    let rotate = |grace_seconds| keys.rotate(&scope, first.about.id, RotateApiKey { grace_seconds });
    assert!(rotate(86_401).await.is_err(), "a grace has an end");
    let second = rotate(3_600).await.unwrap();
    for secret in [&first.key, &second.key] {
        assert!(opens(&keys, secret).await.is_ok());
    }
    // A second rotation ends the grace of the first.
    let third = rotate(3_600).await.unwrap();
    assert_eq!(opens(&keys, &first.key).await.unwrap_err(), Refusal::Unknown);
    world.clock.advance(HOUR);
    assert_eq!(opens(&keys, &second.key).await.unwrap_err(), Refusal::Revoked);
    assert!(keys.still_holds(&third.key).await.unwrap());
    world.clock.advance(2 * HOUR);
    assert_eq!(opens(&keys, &third.key).await.unwrap_err(), Refusal::Expired);
}

#[tokio::test]
async fn a_removed_members_keys_are_dead_and_stay_so() {
    let world = World::new().await;
    let (_, hers) = world.person("Ada").await;
    let (bob, _) = world.person("Bob").await;
    add_member(&world, &hers, bob, "member").await;
    let keys = keys(&world);
    let slug = world.orgs.get(&hers).await.unwrap().slug;
    let scope = world.orgs.scope(bob, &slug).await.unwrap();
    let minted = keys.mint(&scope, form(None)).await.unwrap();
    let set = async |sql: &'static str| {
        let mut tx = world.store.begin().await.unwrap();
        sqlx::query(sql)
            .bind(hers.org_id().to_string())
            .bind(bob.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    };
    // A key has its owner's role of the moment.
    set("UPDATE members SET role = 'viewer' WHERE org_id = $1 AND user_id = $2").await;
    assert!(opens(&keys, &minted.key).await.unwrap().require_writer().is_err());
    set("DELETE FROM workspace_members WHERE org_id = $1 AND user_id = $2").await;
    set("DELETE FROM members WHERE org_id = $1 AND user_id = $2").await;
    assert_eq!(opens(&keys, &minted.key).await.unwrap_err(), Refusal::Unknown);
    add_member(&world, &hers, bob, "member").await;
    assert_eq!(opens(&keys, &minted.key).await.unwrap_err(), Refusal::Unknown);
}
