//! Which tools are offered when there are many: each costs time to read, and the more there are the more a small
//! model mistakes one for another.

use alumia_models::{ModelMessage, Part, Role, ToolSpec};
use std::collections::BTreeSet;

/// Tools that are offered at once.
const MOST: usize = 12;

/// The tools for this conversation, in the order of the request: all where they are few; where the person names some
/// outright, those and what was called already; else those that were called, those that the person's words speak of,
/// and then the first ones.
pub fn select<'a>(tools: &'a [ToolSpec], messages: &[ModelMessage]) -> Vec<&'a ToolSpec> {
    if tools.len() <= MOST {
        return tools.iter().collect();
    }
    let called: BTreeSet<&str> = messages
        .iter()
        .flat_map(|message| &message.parts)
        .filter_map(|part| match part {
            Part::ToolCall { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    let asked: BTreeSet<String> = messages
        .iter()
        .filter(|message| message.role == Role::User)
        .flat_map(|message| &message.parts)
        .filter_map(|part| match part {
            Part::Text(text) => Some(words(text)),
            _ => None,
        })
        .flatten()
        .collect();
    let said = |name: &str| {
        let mut texts = messages
            .iter()
            .filter(|message| message.role == Role::User)
            .flat_map(|message| &message.parts)
            .filter_map(|part| if let Part::Text(text) = part { Some(text.as_str()) } else { None });
        texts.any(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name))
    };
    // A word with an underscore is no word of anybody's but a tool's name.
    let named = |tool: &ToolSpec| tool.name.contains('_') && said(&tool.name);
    if tools.iter().any(named) {
        return tools.iter().filter(|tool| named(tool) || called.contains(tool.name.as_str())).collect();
    }
    let fit = |tool: &ToolSpec| {
        if called.contains(tool.name.as_str()) {
            return usize::MAX;
        }
        let name = words(&tool.name).intersection(&asked).count();
        let description = words(&tool.description).intersection(&asked).count();
        name * 4 + description
    };
    let mut ranked: Vec<(usize, usize)> = tools.iter().map(fit).enumerate().collect();
    ranked.sort_by_key(|(place, fit)| (std::cmp::Reverse(*fit), *place));
    ranked.truncate(MOST);
    ranked.sort_unstable();
    ranked.into_iter().map(|(place, _)| &tools[place]).collect()
}

/// What comes before the name of a tool that somebody wants called.
const ORDERS: [&str; 3] = ["call", "use", "run"];

/// Tools that the person has just told the model to call, by their names: "call the tool `file_list`". Small models
/// would rather talk about it.
pub fn told<'a>(messages: &[ModelMessage], tools: &[&'a ToolSpec]) -> Vec<&'a str> {
    let Some(ModelMessage { role: Role::User, parts }) = messages.last() else { return vec![] };
    let texts = parts.iter().filter_map(|part| if let Part::Text(text) = part { Some(text) } else { None });
    let text = texts.map(|text| text.to_lowercase()).collect::<Vec<_>>().join("\n");
    let words: Vec<&str> =
        text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty()).collect();
    let is_told = |name: &str| {
        name.contains('_')
            && words.iter().enumerate().any(|(at, word)| {
                *word == name && words[at.saturating_sub(3)..at].iter().any(|word| ORDERS.contains(word))
            })
    };
    tools.iter().map(|tool| tool.name.as_str()).filter(|name| is_told(name)).collect()
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

    fn said(text: &str) -> ModelMessage {
        ModelMessage { role: Role::User, parts: vec![Part::Text(text.into())] }
    }

    #[test]
    fn few_tools_are_all_offered() {
        let tools = [tool("a", ""), tool("b", "")];
        assert_eq!(select(&tools, &[said("hello")]).len(), 2);
    }

    #[test]
    fn of_many_those_that_fit_and_those_in_use_are_offered() {
        let mut tools: Vec<_> = (0..MOST).map(|at| tool(&format!("other_{at}"), "does nothing")).collect();
        tools.push(tool("send_letter", "Posts a letter."));
        tools.push(tool("paint", "Makes colours."));
        let call = Part::ToolCall { id: "1".into(), name: "paint".into(), arguments: json!({}) };
        let messages =
            [said("please send two letters"), ModelMessage { role: Role::Assistant, parts: vec![call] }];
        let names: Vec<_> = select(&tools, &messages).into_iter().map(|tool| tool.name.clone()).collect();
        assert_eq!(names.len(), MOST);
        assert!(names.contains(&"send_letter".into()) && names.contains(&"paint".into()), "{names:?}");
        assert_eq!(names[0], "other_0", "the order of the request is kept, so that the cache serves");
        let messages = [said("call other_3 now, and then paint"), messages[1].clone()];
        let names: Vec<_> = select(&tools, &messages).into_iter().map(|tool| tool.name.clone()).collect();
        assert_eq!(names, ["other_3", "paint"], "what is named outright, and what is in use");
    }

    #[test]
    fn what_the_person_orders_is_known_from_what_is_talked_about() {
        let (list, paint) = (tool("file_list", ""), tool("paint", ""));
        let told = |text: &str| super::told(&[said(text)], &[&list, &paint]);
        assert_eq!(told("Call the tool file_list."), ["file_list"]);
        assert_eq!(told("please use `file_list` now"), ["file_list"]);
        for talk in ["What does file_list do?", "Use your head and paint.", "call me file_lister", ""] {
            assert!(told(talk).is_empty(), "{talk}");
        }
    }
}
