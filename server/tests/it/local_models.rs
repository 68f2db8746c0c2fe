//! Installing and removing models of the server's machine over the API, from a hub that behaves and from one that
//! doesn't. `ALUMIA_TEST_MODELS` names a folder with the smallest one's weights.

use crate::support::{
    App,
    client::{Answer, Client},
    people::Person,
};
use alumia_local::weights::{Shelf, find};
use alumia_protocol::{keys::Scope, people::Role};
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::{
    path::PathBuf,
    process::Stdio,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, process::Command};

const MODEL: &str = "smollm2-135m";
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
enum Manner {
    /// Sends something else.
    Wrong,
    /// Sends a megabyte and then nothing more.
    Stuck,
    /// Sends the weights, from where it is asked to.
    Right,
}

#[derive(Clone)]
struct Hub {
    manner: Arc<Mutex<Manner>>,
    weights: Bytes,
    /// From which byte on it was asked.
    asked: Arc<Mutex<Vec<usize>>>,
}

impl Hub {
    #[expect(clippy::disallowed_methods, reason = "where tests find weights is no setting of the server")]
    async fn start() -> (Self, String) {
        let folder = std::env::var("ALUMIA_TEST_MODELS").expect("ALUMIA_TEST_MODELS is set by scripts/test");
        let file = PathBuf::from(folder).join(format!("{}.gguf", find(MODEL).unwrap().sha256));
        let weights = std::fs::read(file).expect("ALUMIA_TEST_MODELS holds the weights").into();
        let hub = Self { manner: Arc::new(Mutex::new(Manner::Wrong)), weights, asked: Arc::default() };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer).with_state(hub.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (hub, url)
    }

    fn be(&self, manner: Manner) {
        *self.manner.lock().unwrap() = manner;
    }
}

async fn answer(State(hub): State<Hub>, headers: HeaderMap) -> Response {
    let manner = *hub.manner.lock().unwrap();
    let range = headers.get(header::RANGE).and_then(|range| range.to_str().ok());
    let from = range.and_then(|range| range.strip_prefix("bytes=")?.strip_suffix('-')?.parse().ok());
    let from: usize = from.unwrap_or(0);
    hub.asked.lock().unwrap().push(from);
    match manner {
        Manner::Wrong => "not a model".into_response(),
        Manner::Stuck => {
            let begun = futures::stream::iter([Ok::<_, std::io::Error>(hub.weights.slice(..1 << 20))]);
            Body::from_stream(begun.chain(futures::stream::pending())).into_response()
        }
        Manner::Right => {
            let whole = hub.weights.len();
            let there = format!("bytes {from}-{}/{whole}", whole - 1);
            let status = if from == 0 { StatusCode::OK } else { StatusCode::PARTIAL_CONTENT };
            (status, [(header::CONTENT_RANGE, there)], hub.weights.slice(from..)).into_response()
        }
    }
}

async fn app(hub: &str, more: &str) -> App {
    App::with_settings(&format!("[local_model]\nhub = \"{hub}\"\npackage_index = \"\"\n{more}")).await
}

async fn act(client: &Client, id: &str, act: &str) -> Answer {
    client.post("/models/local", &json!({ "id": id, "act": act })).await
}

fn small(list: &Value) -> Value {
    list["items"].as_array().unwrap().iter().find(|model| model["id"] == MODEL).cloned().unwrap()
}

/// The model as it is once it is so.
async fn until(person: &Person, is_so: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let model = small(&person.get("/models/local").await.data());
        if is_so(&model) {
            return model;
        }
        assert!(begun.elapsed() < PATIENCE, "it is {model}");
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_fetched_stopped_gone_on_with_and_removed() {
    let (hub, url) = Hub::start().await;
    let app = app(&url, "").await;
    let ada = app.person("Ada").await;
    let first = small(&ada.get("/models/local").await.data());
    assert_eq!((&first["state"], &first["fetchedBytes"]), (&json!("absent"), &json!(0)));
    assert_eq!(first["licence"], "Apache-2.0");

    // What the hub has is another file.
    assert_eq!(act(&ada, MODEL, "install").await.status, 202);
    let failed = until(&ada, |model| model["problem"].is_string()).await;
    assert_eq!(failed["state"], "absent");
    assert!(failed["problem"].as_str().unwrap().contains("another file"), "{failed}");

    // It is on its way, nothing else is begun, and what has come is kept when it is stopped.
    hub.be(Manner::Stuck);
    assert_eq!(act(&ada, MODEL, "install").await.status, 202);
    let coming = until(&ada, |model| model["fetchedBytes"] == 1 << 20).await;
    assert_eq!((&coming["state"], &coming["problem"]), (&json!("fetching"), &Value::Null));
    assert_eq!(act(&ada, MODEL, "install").await.status, 202, "twice is once");
    let other = act(&ada, "qwen2.5-coder-0.5b", "install").await;
    assert_eq!(other.status, 409);
    assert!(other.error()["message"].as_str().unwrap().contains("SmolLM2 135M is being fetched"));
    assert_eq!(act(&ada, MODEL, "remove").await.status, 409);
    assert_eq!(act(&ada, MODEL, "stop").await.status, 202);
    let stopped = until(&ada, |model| model["state"] == "absent").await;
    assert_eq!((&stopped["fetchedBytes"], &stopped["problem"]), (&json!(1 << 20), &Value::Null));

    hub.be(Manner::Right);
    assert_eq!(act(&ada, MODEL, "install").await.status, 202);
    let installed = until(&ada, |model| model["state"] == "installed").await;
    assert_eq!(installed["fetchedBytes"], installed["bytes"]);
    assert_eq!(act(&ada, MODEL, "remove").await.status, 202);
    let removed = small(&ada.get("/models/local").await.data());
    assert_eq!((&removed["state"], &removed["fetchedBytes"]), (&json!("absent"), &json!(0)));

    let scope = app.platform.orgs.scope(ada.user, &ada.org).await.unwrap();
    let actions = app.platform.audit.actions(&scope).await.unwrap();
    for action in ["install_started", "install_stopped", "removed"] {
        assert!(actions.contains(&format!("local_model.{action}")), "{action} in {actions:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn only_those_who_may_look_after_models_do() {
    let (_, url) = Hub::start().await;
    let app = app(&url, "").await;
    let ada = app.person("Ada").await;
    let ben = app.person("Ben").await;
    app.join(&ben, &ada, Role::Member).await;
    let member = app.program(&ben, &ada.org, &[Scope::Everything]).await;
    assert_eq!(act(&member, MODEL, "install").await.refusal().2, "role");
    assert_eq!(member.get("/models/local").await.status, 200);
    assert_eq!(act(&ada, "gpt", "install").await.status, 404);

    let theirs = self::app(&url, "installs = \"operator\"\n").await;
    let cleo = theirs.person("Cleo").await;
    let (status, _, reason) = act(&cleo, MODEL, "install").await.refusal();
    assert_eq!((status, reason.as_str()), (403, "operator_only"));
}

/// What the evaluation of models (`make eval`) offers them is what Ala has.
#[tokio::test(flavor = "multi_thread")]
async fn the_evaluation_has_the_tools_as_they_are() {
    let app = App::start().await;
    let path = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../crates/local/eval/kit.json"));
    let mut kit: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    let tools = app.platform.tools.all().iter().map(
        |tool| json!({ "name": tool.name(), "description": tool.description(), "schema": tool.schema() }),
    );
    let now = Value::Array(tools.collect());
    if kit["tools"] != now {
        kit["tools"] = now;
        let new = path.with_extension("json.new");
        std::fs::write(&new, format!("{kit:#}\n")).unwrap();
        panic!("{} is behind the tools. Put {} in its place.", path.display(), new.display());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_install_that_was_killed_goes_on_where_it_was() {
    let (hub, url) = Hub::start().await;
    let place = tempfile::tempdir().unwrap();
    let install = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_alumia"));
        command.args(["model", "install", MODEL, "--data-dir"]).arg(place.path());
        command.env("ALUMIA_LOCAL_MODEL__HUB", &url).env("ALUMIA_LOCAL_MODEL__PACKAGE_INDEX", "");
        command.kill_on_drop(true).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    hub.be(Manner::Stuck);
    let mut killed = install();
    let partial = place.path().join("models").join(format!("{}.hub.partial", find(MODEL).unwrap().sha256));
    let begun = Instant::now();
    while std::fs::metadata(&partial).map_or(0, |file| file.len()) < 1 << 20 {
        assert!(begun.elapsed() < PATIENCE, "nothing comes");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    killed.kill().await.unwrap();
    hub.be(Manner::Right);
    assert!(install().wait().await.unwrap().success());
    assert_eq!(*hub.asked.lock().unwrap(), [0, 1 << 20]);
    assert!(Shelf::of(place.path()).open(find(MODEL).unwrap()).is_ok() && !partial.exists());
}
