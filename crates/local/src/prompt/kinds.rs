//! What can be done with the tools that a request offers, in words that a small model plans with.

use super::{form::Form, signature, step};
use alumia_models::ToolSpec;
use regex::{Regex, RegexBuilder};
use serde::Deserialize;
use serde_json::Value;
use std::{collections::BTreeSet, sync::LazyLock};

/// Tools that stand in no kind are offered up to this many, those first that the request's words speak of.
const OTHERS: usize = 8;

#[derive(Deserialize)]
struct Known {
    word: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    signs: String,
    #[serde(default)]
    surely: String,
    #[serde(default)]
    covers: Vec<String>,
    tools: Vec<String>,
    /// All of its tools are offered, not only the first that there is.
    #[serde(default)]
    all: bool,
    /// What there is to know besides.
    #[serde(default)]
    note: String,
    #[serde(default)]
    example: Vec<Example>,
}

#[derive(Deserialize)]
struct Example {
    ask: String,
    call: String,
    arguments: Value,
    #[serde(default)]
    result: String,
    #[serde(default)]
    answer: String,
}

/// An example as the model reads it.
pub struct Shown {
    pub ask: &'static str,
    /// The tool that is called.
    pub tool: &'static str,
    /// The call as it is written.
    pub call: String,
    /// The call's result, and the answer that is given then.
    pub then: Option<(&'static str, &'static str)>,
}

#[derive(Deserialize)]
struct Table {
    kind: Vec<Known>,
}

/// A kind with its signs as expressions.
struct Entry {
    known: Known,
    signs: Regex,
    surely: Option<Regex>,
}

impl Entry {
    fn new(known: Known) -> Option<Self> {
        let read = |signs: &str| {
            RegexBuilder::new(signs).case_insensitive(true).dot_matches_new_line(true).build().ok()
        };
        let surely = if known.surely.is_empty() { None } else { Some(read(&known.surely)?) };
        Some(Self { signs: read(&known.signs)?, surely, known })
    }
}

// Compiled in and read by tests.
static KNOWN: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let table = toml::from_str::<Table>(include_str!("kinds.toml")).map(|table| table.kind);
    table.unwrap_or_default().into_iter().filter_map(Entry::new).collect()
});

/// One kind of step.
#[derive(Clone)]
pub struct Kind<'a> {
    pub word: &'a str,
    pub about: String,
    pub tools: Vec<&'a ToolSpec>,
    entry: Option<&'static Entry>,
}

impl<'a> Kind<'a> {
    /// One that is a single tool.
    fn own(tool: &'a ToolSpec) -> Self {
        let about = signature::sentence(&tool.description, 80);
        Self { word: &tool.name, about, tools: vec![tool], entry: None }
    }

    pub fn has(&self, tool: &str) -> bool {
        self.tools.iter().any(|own| own.name == tool)
    }

    /// Whether a request may need it. `text` is English.
    pub fn may_serve(&self, text: &str) -> bool {
        self.entry.is_none_or(|entry| entry.signs.is_match(text))
    }

    /// Whether a request can't be answered without some step.
    pub fn surely_serves(&self, text: &str) -> bool {
        self.entry.and_then(|entry| entry.surely.as_ref()).is_some_and(|surely| surely.is_match(text))
    }

    /// Whether a step of that kind needn't be planned beside one of this.
    pub fn covers(&self, word: &str) -> bool {
        self.word == word || self.entry.is_some_and(|entry| entry.known.covers.iter().any(|own| own == word))
    }

    /// Its tools' names with the forms of their arguments.
    pub fn forms(&self) -> Vec<(&'a str, Form)> {
        self.tools.iter().map(|tool| (tool.name.as_str(), Form::of(&tool.schema))).collect()
    }

    /// How its tools are called, one line for each, and what else there is to know.
    pub fn manual(&self) -> String {
        let mut lines: Vec<String> =
            self.tools.iter().map(|tool| signature::line(tool, &Form::of(&tool.schema))).collect();
        lines.extend(self.entry.map(|entry| entry.known.note.clone()).filter(|note| !note.is_empty()));
        lines.join("\n")
    }

    /// Requests, each with the call that does it.
    pub fn examples(&self) -> impl Iterator<Item = Shown> {
        let examples = self.entry.map(|entry| entry.known.example.as_slice()).unwrap_or_default();
        examples.iter().filter_map(|Example { ask, call: name, arguments, result, answer }| {
            let tool = self.tools.iter().find(|tool| tool.name == *name)?;
            let call = step::call(name, arguments, &Form::of(&tool.schema));
            let then = (!answer.is_empty()).then_some((result.as_str(), answer.as_str()));
            Some(Shown { ask, tool: name, call, then })
        })
    }

    /// Its tools' names.
    pub fn names(&self) -> Vec<&'a str> {
        self.tools.iter().map(|tool| tool.name.as_str()).collect()
    }
}

/// All that can be done with these tools. `asked` is the person's words, which tell tools of no kind apart where
/// there are many.
pub fn of<'a>(tools: &'a [ToolSpec], asked: &str) -> Vec<Kind<'a>> {
    let named = |name: &String| tools.iter().find(|tool| tool.name == *name);
    let mut kinds = Vec::new();
    for entry in KNOWN.iter().filter(|entry| !entry.known.word.is_empty()) {
        let known = &entry.known;
        let there = known.tools.iter().filter_map(named).take(if known.all { usize::MAX } else { 1 });
        let tools: Vec<_> = there.collect();
        if !tools.is_empty() {
            kinds.push(Kind { word: &known.word, about: known.about.clone(), tools, entry: Some(entry) });
        }
    }
    let stands = |tool: &&ToolSpec| KNOWN.iter().any(|entry| entry.known.tools.contains(&tool.name));
    let asked = words(asked);
    let fit = |tool: &ToolSpec| {
        let common = |text: &str| words(text).intersection(&asked).count();
        common(&tool.name) * 4 + common(&tool.description)
    };
    let mut others: Vec<_> = tools.iter().filter(|tool| !stands(tool)).collect();
    if others.len() > OTHERS {
        others.sort_by_key(|tool| std::cmp::Reverse(fit(tool)));
        others.truncate(OTHERS);
    }
    kinds.extend(others.into_iter().map(Kind::own));
    kinds
}

/// What comes before the name of a tool that somebody wants called.
const ORDERS: [&str; 3] = ["call", "use", "run"];

/// Tools that a person tells the model to call, by their names and in that order: "call the tool `file_list`".
pub fn told<'a>(tools: &'a [ToolSpec], text: &str) -> Vec<Kind<'a>> {
    let text = text.to_lowercase();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let ordered = |at: usize| words[at.saturating_sub(3)..at].iter().any(|word| ORDERS.contains(word));
    let mut named: Vec<&ToolSpec> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        // A word with an underscore is no word of anybody's but a tool's name.
        let tool = tools.iter().find(|tool| tool.name == *word && word.contains('_') && ordered(at));
        named.extend(tool.filter(|tool| !named.contains(tool)));
    }
    named.into_iter().map(Kind::own).collect()
}

/// Words of four letters and more, without a plural's end.
fn words(text: &str) -> BTreeSet<String> {
    let split = text.split(|c: char| !c.is_alphanumeric());
    split
        .filter(|word| word.chars().count() >= 4)
        .map(|word| word.to_lowercase().trim_end_matches('s').to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tool(name: &str, description: &str) -> ToolSpec {
        ToolSpec { name: name.into(), description: description.into(), schema: json!({}) }
    }

    fn names(kinds: &[Kind<'_>]) -> Vec<String> {
        kinds.iter().map(|kind| kind.word.to_owned()).collect()
    }

    #[test]
    fn the_table_can_be_read_whole() {
        let table: Table = toml::from_str(include_str!("kinds.toml")).unwrap();
        assert_eq!(table.kind.len(), KNOWN.len(), "every kind's signs are a regular expression");
        for kind in &table.kind {
            assert!(kind.example.iter().all(|example| kind.tools.contains(&example.call)), "{}", kind.word);
        }
    }

    #[test]
    fn a_kind_counts_with_its_tools_and_others_are_their_own() {
        let tools = [
            tool("show", "Shows."),
            tool("file_read", "Reads."),
            tool("data_block", "Makes a block."),
            tool("browser_open", "Opens."),
            tool("weather", "Tells the weather. And more."),
        ];
        let kinds = of(&tools, "");
        assert_eq!(names(&kinds), ["read", "show", "weather"]);
        assert!(kinds[1].has("data_block") && !kinds[1].has("show"), "one is enough");
        assert_eq!(kinds[2].about, "Tells the weather");
        assert!(kinds[0].may_serve("Look at a.txt") && !kinds[0].may_serve("Hello"));
        assert!(kinds[2].may_serve("Hello"), "nothing is known of it");
        assert!(kinds[0].surely_serves("Is a.txt long?") && !kinds[0].surely_serves("Is this file long?"));
        assert!(kinds[1].covers("blocks") && !kinds[1].covers("read"));
    }

    #[test]
    fn of_many_others_those_that_fit_are_offered() {
        let mut tools: Vec<_> = (0..OTHERS).map(|at| tool(&format!("other_{at}"), "does nothing")).collect();
        tools.push(tool("send_letter", "Posts a letter."));
        let kinds = names(&of(&tools, "please send two letters"));
        assert_eq!((kinds.len(), kinds[0].as_str()), (OTHERS, "send_letter"));
    }

    #[test]
    fn what_the_person_orders_is_known_from_what_is_talked_about() {
        let tools = [tool("file_list", ""), tool("paint", ""), tool("browser_open", "")];
        let told = |text: &str| names(&super::told(&tools, text));
        assert_eq!(told("Call the tool file_list."), ["file_list"]);
        assert_eq!(told("use browser_open, and then call `file_list`"), ["browser_open", "file_list"]);
        for talk in ["What does file_list do?", "Use your head and paint.", "call me file_lister", ""] {
            assert!(told(talk).is_empty(), "{talk}");
        }
    }
}
