//! Finding blocks by words.

use alumia_protocol::{
    blocks::{Block, Content},
    show::{Feature, Shape, Show},
};
use serde_json::Value;

/// The blocks in which every word of the query stands, in the title or in what is shown; best first.
pub(super) fn search(blocks: Vec<Block>, query: &str, limit: usize) -> Vec<Block> {
    let query = query.trim().to_lowercase();
    let words: Vec<&str> = query.split_whitespace().collect();
    if words.is_empty() {
        return Vec::new();
    }
    let mut found: Vec<(u8, Block)> =
        blocks.into_iter().filter_map(|block| Some((rank(&block, &query, &words)?, block))).collect();
    found.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| y.updated_at.cmp(&x.updated_at)));
    found.into_iter().take(limit).map(|(_, block)| block).collect()
}

/// 0 is best.
fn rank(block: &Block, query: &str, words: &[&str]) -> Option<u8> {
    let title = block.title.to_lowercase();
    if title == query {
        return Some(0);
    }
    if title.starts_with(query) {
        return Some(1);
    }
    if words.iter().all(|word| title.contains(word)) {
        return Some(2);
    }
    let mut text = title;
    words_of(&block.content, &mut text)?;
    if text.contains(query) {
        return Some(3);
    }
    words.iter().all(|word| text.contains(word)).then_some(4)
}

/// What people read in a block, in lower case. Of what is drawn, coordinates and colours are nobody's words.
fn words_of(content: &Content, text: &mut String) -> Option<()> {
    let mut add = |word: &str| {
        text.push('\n');
        text.push_str(&word.to_lowercase());
    };
    match content {
        Content::Show(Show::Drawing(drawing)) => {
            add(&drawing.alt);
            for shape in &drawing.shapes {
                if let Shape::Text { text, .. } = shape {
                    add(text);
                }
            }
        }
        Content::Show(Show::Map(map)) => {
            for feature in &map.features {
                match feature {
                    Feature::Point { label, note, .. } => {
                        add(label);
                        add(note);
                    }
                    Feature::Line { label, .. } | Feature::Area { label, .. } => add(label),
                }
            }
        }
        Content::Show(Show::Timer(timer)) => {
            add("timer");
            add(&timer.ended);
        }
        content => collect(&serde_json::to_value(content).ok()?, text),
    }
    Some(())
}

/// All values, without the names of their fields.
fn collect(value: &Value, text: &mut String) {
    match value {
        Value::String(part) => {
            text.push('\n');
            text.push_str(&part.to_lowercase());
        }
        Value::Number(number) => {
            text.push('\n');
            text.push_str(&number.to_string());
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, text)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, text)),
        Value::Null | Value::Bool(_) => {}
    }
}
