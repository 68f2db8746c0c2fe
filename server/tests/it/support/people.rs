//! People and what they have.

use super::{App, client::Client};
use alumia_platform::store::testing::TestStore;
use alumia_protocol::{
    ProjectId, Timestamp, UserId,
    keys::{NewApiKey, Scope},
    people::Role,
};
use serde_json::{Value, json};
use std::ops::{Deref, DerefMut};
use uuid::Uuid;

/// Nobody's and hard to guess.
pub const PASSWORD: &str = "gravel-otter-plinth-mural";

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    pub client: Client,
    pub user: UserId,
    /// The organisation that they own.
    pub org: String,
    pub org_id: String,
    pub email: String,
}

impl Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl DerefMut for Person {
    fn deref_mut(&mut self) -> &mut Client {
        &mut self.client
    }
}

impl Person {
    pub async fn sign_up(mut client: Client, name: &str) -> Self {
        let email = format!("{}@example.com", name.to_lowercase());
        let form = json!({ "name": name, "email": email, "password": PASSWORD });
        let answer = client.post("/auth/signup", &form).await;
        assert_eq!(answer.status, 201, "{answer}");
        client.keep(&answer);
        let data = answer.data();
        Self {
            client,
            user: parse(&data["user"]["id"]),
            org: text(&data["org"]["slug"]),
            org_id: text(&data["org"]["id"]),
            email,
        }
    }

    pub async fn project(&self, name: &str) -> String {
        text(&self.post("/projects", &json!({ "name": name })).await.data()["id"])
    }

    pub async fn session(&self, project: &str) -> String {
        text(&self.post("/sessions", &json!({ "projectId": project })).await.data()["id"])
    }

    pub async fn block(&self, project: &str) -> String {
        text(&self.post(&format!("/projects/{project}/blocks"), &note("A note")).await.data()["id"])
    }

    /// An app that has stored two rows.
    pub async fn app_with_rows(&self, project: &str) -> String {
        let files = json!([{ "path": "index.html", "text": "<!doctype html>" }]);
        let block = json!({ "title": "App", "content": { "kind": "app", "data": { "files": files } } });
        let made = self.post(&format!("/projects/{project}/blocks"), &block).await.data();
        let sql = json!({ "sql": "CREATE TABLE rows (at); INSERT INTO rows VALUES (1), (2)" });
        let stored = self.post(&format!("/blocks/{}/execute", text(&made["id"])), &sql).await;
        assert_eq!(stored.status, 200, "{stored}");
        text(&made["id"])
    }

    /// How many rows the app of a project has stored that [`Person::app_with_rows`] made, or a copy of it.
    pub async fn rows_of_app(&self, project: &str) -> Value {
        let blocks = self.get(&format!("/projects/{project}/blocks")).await.data();
        let is_app = |block: &&Value| block["content"]["kind"] == "app";
        let app = text(&blocks["items"].as_array().unwrap().iter().find(is_app).unwrap()["id"]);
        let sql = json!({ "sql": "SELECT count(*) FROM rows" });
        let answer = self.post(&format!("/blocks/{app}/query"), &sql).await;
        assert_eq!(answer.status, 200, "{answer}");
        answer.data()["rows"][0][0].clone()
    }

    /// Says something in a session, not waiting for the answer; returns what the server says of it.
    pub async fn say(&self, session: &str, content: &str) -> Value {
        let message = json!({ "id": Uuid::now_v7(), "content": content });
        let answer = self.post(&format!("/sessions/{session}/messages"), &message).await;
        assert_eq!(answer.status, 202, "{answer}");
        answer.data()
    }

    /// Waits until nothing goes on in a session; returns its status.
    pub async fn settled(&self, session: &str) -> String {
        let path = format!("/sessions/{session}");
        super::eventually("the session settles", async || {
            let status = text(&self.get(&path).await.data()["status"]);
            (status != "active").then_some(status)
        })
        .await
    }

    /// A session's durable events.
    pub async fn events(&self, session: &str) -> Vec<Value> {
        let page = self.get(&format!("/sessions/{session}/events?limit=500")).await.data();
        assert_eq!(page["hasMore"], false);
        page["items"].as_array().unwrap().clone()
    }
}

/// See [`App::step_up`].
pub async fn step_up(store: &TestStore, person: &Person, now: Timestamp) {
    let mut tx = store.begin().await.unwrap();
    sqlx::query("UPDATE web_sessions SET stepped_up_at = $2 WHERE user_id = $1")
        .bind(person.user.to_string())
        .bind(now.0)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

impl App {
    /// Lets all of somebody's browser sessions count as stepped up. Proving a factor has this effect.
    pub async fn step_up(&self, person: &Person) {
        step_up(&self.store, person, self.platform.clock.now()).await;
    }

    /// A passkey of somebody's, as far as the database is concerned.
    pub async fn passkey(&self, of: &Person) -> String {
        let id = unknown();
        let mut tx = self.store.begin().await.unwrap();
        sqlx::query(
            "INSERT INTO passkeys (id, user_id, credential_id, name, credential, counter, created_at)
             VALUES ($1, $2, $1, 'Laptop', '{}', 0, 1)",
        )
        .bind(id.clone())
        .bind(of.user.to_string())
        .execute(&mut *tx)
        .await
        .unwrap();
        tx.commit().await.unwrap();
        id
    }

    /// A program with a key of somebody's for an organisation that they belong to.
    pub async fn program(&self, person: &Person, org: &str, scopes: &[Scope]) -> Client {
        let scope = self.platform.orgs.scope(person.user, org).await.unwrap();
        let new = NewApiKey { name: "test".into(), scopes: scopes.to_vec(), expires_at: None };
        person.with_key(&self.platform.keys.mint(&scope, new).await.unwrap().key)
    }

    /// Ends somebody's membership. Removing a member has this effect.
    pub async fn leave(&self, person: &Person, of: &Person) {
        let mut tx = self.store.begin().await.unwrap();
        sqlx::query("DELETE FROM members WHERE org_id = $1 AND user_id = $2")
            .bind(of.org_id.clone())
            .bind(person.user.to_string())
            .execute(&mut *tx)
            .await
            .unwrap();
        tx.commit().await.unwrap();
    }

    /// Makes somebody a member of another person's organisation. Accepting an invitation has this effect.
    pub async fn join(&self, person: &Person, of: &Person, role: Role) {
        let mut tx = self.store.begin().await.unwrap();
        for sql in [
            "INSERT INTO members (org_id, user_id, role, created_at) VALUES ($1, $2, $3, $4)",
            "INSERT INTO workspace_members (org_id, workspace_id, user_id, created_at) \
             SELECT $1, id, $2, $4 FROM workspaces WHERE org_id = $1 AND is_default = 1 AND $3 <> ''",
        ] {
            sqlx::query(sql)
                .bind(of.org_id.clone())
                .bind(person.user.to_string())
                .bind(text(&json!(role)))
                .bind(i64::MAX)
                .execute(&mut *tx)
                .await
                .unwrap();
        }
        tx.commit().await.unwrap();
    }
}

/// What makes a block.
pub fn note(text: &str) -> Value {
    json!({
        "title": "Note",
        "content": { "kind": "data", "data": { "type": "markdown", "text": text } },
    })
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("not a text: {value}")).to_owned()
}

pub fn parse<T: std::str::FromStr>(value: &Value) -> T {
    text(value).parse().ok().unwrap_or_else(|| panic!("does not parse: {value}"))
}

/// An id that nothing has.
pub fn unknown() -> String {
    ProjectId::new().to_string()
}
