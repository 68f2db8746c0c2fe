//! Embeddings through the real model. `ALUMIA_TEST_MODELS` names a folder with its weights, which `scripts/test` sets
//! up.

mod support;

use alumia_local::{LocalEmbedder, weights::find};
use alumia_models::{Embedder as _, ModelError};
use std::{fs, time::Duration};
use support::{place, settings};

const MODEL: &str = "all-minilm-l6-v2";
const IDLE: Duration = Duration::from_secs(600);

fn embedder(place: &support::Place, idle: Duration) -> LocalEmbedder {
    LocalEmbedder::new(settings(place, idle)).unwrap()
}

fn texts(of: &[&str]) -> Vec<String> {
    of.iter().map(|&text| text.to_owned()).collect()
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

#[tokio::test]
async fn what_is_alike_in_meaning_is_near() {
    let place = place(MODEL);
    let embedder = embedder(&place, IDLE);
    assert_eq!((embedder.model(), embedder.dimensions(), embedder.unavailable()), (MODEL, 384, None));
    let vectors = embedder
        .embed(texts(&["Invoices are kept for ten years.", "How long do we store bills?", "The cat sleeps."]))
        .await
        .unwrap();
    assert!(vectors.iter().all(|vector| vector.len() == embedder.dimensions()));
    assert!(dot(&vectors[0], &vectors[1]) > dot(&vectors[0], &vectors[2]) + 0.3);
    assert!(embedder.embed(Vec::new()).await.unwrap().is_empty());
}

#[tokio::test]
async fn many_at_once_keep_their_order_and_one_that_leaves_mixes_nothing_up() {
    let place = place(MODEL);
    let embedder = embedder(&place, IDLE);
    let numbers: Vec<String> = (0..80).map(|number| format!("Line {number} of the report")).collect();
    let left = embedder.embed(numbers.clone());
    // Dropped while its process computes.
    assert!(tokio::time::timeout(Duration::from_millis(300), left).await.is_err());
    let (all, one) = tokio::join!(embedder.embed(numbers.clone()), embedder.embed(vec![numbers[71].clone()]));
    let (all, one) = (all.unwrap(), one.unwrap());
    assert_eq!(all.len(), numbers.len());
    assert!((dot(&all[71], &one[0]) - 1.0).abs() < 1e-5);
}

#[tokio::test]
async fn a_dead_process_and_a_damaged_file_are_said_and_overcome() {
    let place = place(MODEL);
    let embedder = embedder(&place, IDLE);
    embedder.embed(texts(&["x"])).await.unwrap();
    let worker = embedder.process_id().await.unwrap();
    let killed = std::process::Command::new("kill").args(["-9", &worker.to_string()]).status().unwrap();
    assert!(killed.success());
    // Seen at once, or while it is asked.
    if let Err(error) = embedder.embed(texts(&["x"])).await {
        assert!(
            matches!(&error, ModelError::Overloaded { detail, .. } if detail.contains("killed")),
            "{error:?}"
        );
    }
    assert_eq!(embedder.embed(texts(&["x"])).await.unwrap().len(), 1);

    // What is in memory stays right when its file is cut.
    let file = place.shelf.path(find(MODEL).unwrap());
    let whole = fs::read(&file).unwrap();
    fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(4_096).unwrap();
    assert_eq!(embedder.embed(texts(&["x"])).await.unwrap().len(), 1);
    let other = LocalEmbedder::new(settings(&place, IDLE)).unwrap();
    let unusable = |error: ModelError| match error {
        ModelError::Unusable { detail } => detail,
        other => panic!("{other:?}"),
    };
    assert!(unusable(other.embed(texts(&["x"])).await.unwrap_err()).contains("damaged"));
    fs::remove_file(&file).unwrap();
    assert!(other.unavailable().unwrap().contains("alumia model install all-minilm-l6-v2"));
    assert!(unusable(other.embed(texts(&["x"])).await.unwrap_err()).contains("isn't installed"));
    fs::write(&file, whole).unwrap();
    assert_eq!(other.embed(texts(&["x"])).await.unwrap().len(), 1);
}

#[tokio::test]
async fn it_leaves_the_memory_when_nobody_asks() {
    let place = place(MODEL);
    let embedder = embedder(&place, Duration::from_millis(300));
    embedder.embed(texts(&["x"])).await.unwrap();
    assert!(embedder.process_id().await.is_some());
    for _ in 0..100 {
        if embedder.process_id().await.is_none() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it stays in memory");
}
