//! Whether the embedder finds what a question asks for.

use alumia_models::Embedder;
use serde::Deserialize;
use std::{
    error::Error,
    fmt::Write as _,
    path::Path,
    time::{Duration, Instant},
};

#[derive(Deserialize)]
struct Passages {
    passage: Vec<Passage>,
}

#[derive(Deserialize)]
struct Passage {
    ask: String,
    text: String,
}

/// A Markdown table of what came out.
pub async fn markdown(embedder: &dyn Embedder, file: &Path) -> Result<String, Box<dyn Error>> {
    let Passages { passage: passages } = toml::from_str(&std::fs::read_to_string(file)?)?;
    let began = Instant::now();
    let texts = embedder.embed(passages.iter().map(|passage| passage.text.clone()).collect()).await?;
    let cold = began.elapsed();
    let (mut first, mut three, mut reciprocal) = (0, 0, 0.0);
    let (mut missed, mut longest) = (String::new(), Duration::ZERO);
    for (right, passage) in passages.iter().enumerate() {
        let began = Instant::now();
        let ask = embedder.embed(vec![passage.ask.clone()]).await?.remove(0);
        longest = longest.max(began.elapsed());
        let near = |text: &[f32]| text.iter().zip(&ask).map(|(one, other)| one * other).sum::<f32>();
        let mut order: Vec<usize> = (0..texts.len()).collect();
        order.sort_by(|&one, &other| near(&texts[other]).total_cmp(&near(&texts[one])));
        let rank = order.iter().position(|&at| at == right).unwrap_or(order.len()) + 1;
        first += usize::from(rank == 1);
        three += usize::from(rank <= 3);
        reciprocal += 1.0 / f64::from(u32::try_from(rank)?);
        if rank > 1 {
            let _ = writeln!(missed, "- {} (place {rank}; first: {})", passage.ask, passages[order[0]].text);
        }
    }
    let all = passages.len();
    let mean = reciprocal / f64::from(u32::try_from(all)?);
    Ok(format!(
        "### {}\n\n| passages found | |\n| --- | --- |\n| first | {first} of {all} |\n| among the first three | {three} of {all} \
         |\n| mean reciprocal rank | {mean:.2} |\n\n{all} passages with loading in {:.2} s, one question in {:.0} ms at \
         most. Failures:\n\n{missed}",
        embedder.model(),
        cold.as_secs_f64(),
        longest.as_secs_f64() * 1_000.0
    ))
}
