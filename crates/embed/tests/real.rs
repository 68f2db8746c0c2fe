//! The real weights. `ALUMIA_TEST_MODELS` names a folder with them, which `scripts/test` sets up.

use alumia_embed::{DIMENSIONS, EncodeError, Encoder};
use std::path::PathBuf;

#[expect(clippy::disallowed_methods, reason = "where tests find weights is no setting of the server")]
fn weights() -> PathBuf {
    let folder = std::env::var("ALUMIA_TEST_MODELS").expect("ALUMIA_TEST_MODELS is set by scripts/test");
    let digest = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db";
    PathBuf::from(folder).join(format!("{digest}.safetensors"))
}

fn encoder() -> Encoder {
    Encoder::load(&weights()).unwrap()
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

fn dot(one: &[f32], other: &[f32]) -> f32 {
    one.iter().zip(other).map(|(one, other)| one * other).sum()
}

/// The figures are those of the model's published example (the quick start of the Sentence Transformers library);
/// the first numbers are what the weights give when the layers are written out with NumPy in double precision.
#[test]
fn sentences_are_as_near_as_published() {
    let texts =
        owned(&["The weather is lovely today.", "It's so sunny outside!", "He drove to the stadium."]);
    let vectors = encoder().embed(&texts).unwrap();
    for (one, other, near) in
        [(0, 0, 1.0), (0, 1, 0.6660), (0, 2, 0.1046), (1, 2, 0.1411), (1, 1, 1.0), (2, 2, 1.0)]
    {
        let found = dot(&vectors[one], &vectors[other]);
        assert!((found - near).abs() < 1e-4, "{one}, {other}: {found}");
    }
    for (found, wanted) in vectors[0].iter().zip([0.019_195_73, 0.120_085_38, 0.159_598_33, 0.067_065_89]) {
        assert!((found - wanted).abs() < 1e-5, "{found}, {wanted}");
    }
}

#[test]
fn company_changes_nothing() {
    let encoder = encoder();
    let long = "A long story about a lighthouse. ".repeat(60);
    let mut texts = owned(&["Lighthouse", "", &long, "\u{200b}\0", "Der Leuchtturm \u{1f600}"]);
    texts.extend((0..8).map(|number| format!("Number {number}")));
    let together = encoder.embed(&texts).unwrap();
    assert_eq!(together.len(), texts.len());
    for (text, vector) in texts.iter().zip(&together) {
        let alone = &encoder.embed(std::slice::from_ref(text)).unwrap()[0];
        assert_eq!(alone.len(), DIMENSIONS);
        assert!((dot(alone, vector) - 1.0).abs() < 1e-5, "{text:?}");
    }
    assert!(encoder.embed(&[]).unwrap().is_empty());
}

#[test]
fn what_comes_after_the_most_tokens_counts_nothing() {
    let begins = "river ".repeat(300);
    let vectors = encoder().embed(&[begins.clone(), begins + "The committee rejected the budget."]).unwrap();
    assert!((dot(&vectors[0], &vectors[1]) - 1.0).abs() < 1e-5);
}

#[test]
fn another_file_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("x.safetensors");
    assert!(matches!(Encoder::load(&file), Err(EncodeError::Read(_))));
    let empty = b"\x02\0\0\0\0\0\0\0{}".as_slice();
    let huge = b"\xff\xff\xff\xff\xff\xff\xff\x7f{}".as_slice();
    for content in [b"".as_slice(), b"GGUF", empty, huge] {
        std::fs::write(&file, content).unwrap();
        assert!(matches!(Encoder::load(&file), Err(EncodeError::Weights(_))), "{content:?}");
    }
}
