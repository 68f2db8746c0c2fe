//! What a person can ask the guide for.

use super::{conversation::unlabelled, second_opinion::SECOND_OPINION};

/// A message, understood.
#[derive(Debug, PartialEq, Eq)]
pub enum Command<'a> {
    /// The tour of the sample project.
    Tour,
    /// What the tour asks a second agent.
    SecondOpinion,
    /// A shell command in the sandbox.
    Run(&'a str),
    /// A page or file from the web.
    Fetch(&'a str),
    /// A file's numbers as a chart.
    Chart(&'a str),
    /// A file's rows as a table.
    Table(&'a str),
    /// What the project's folder holds.
    ListFiles,
    /// A note on the canvas.
    Note(&'a str),
    /// Numbers, slowly.
    Count(u32),
    /// Any tool, with the arguments exactly as written.
    Call { tool: &'a str, arguments: &'a str },
    /// Another agent says something that is no command.
    Told(&'a str),
    /// What the guide can do.
    Help,
    /// Anything else.
    Unknown,
}

/// Understands a message; unclear ones are [`Command::Unknown`]. Another agent's comes with its label.
pub fn parse(message: &str) -> Command<'_> {
    let words = unlabelled(message).trim();
    match understand(words) {
        Command::Unknown if words.len() < message.trim().len() => Command::Told(words),
        command => command,
    }
}

fn understand(message: &str) -> Command<'_> {
    if message == SECOND_OPINION {
        return Command::SecondOpinion;
    }
    let plain = message.trim_end_matches(['.', '!', '?']).to_lowercase();
    match plain.as_str() {
        "help" | "what can you do" => return Command::Help,
        "list files" | "list the files" | "show files" => return Command::ListFiles,
        "tour" | "start the tour" | "show me around" | "please show me around" => return Command::Tour,
        _ => {}
    }
    if let Some(text) = after(message, "note:") {
        return Command::Note(text);
    }
    let (word, rest) = message.split_once(char::is_whitespace).unwrap_or((message, ""));
    let rest = rest.trim();
    match (word.to_lowercase().as_str(), rest.is_empty()) {
        ("run", false) => Command::Run(rest),
        ("fetch", false) => Command::Fetch(rest),
        ("chart", false) => Command::Chart(rest),
        ("table", false) => Command::Table(rest),
        ("count", false) => after(rest, "to")
            .and_then(|number| number.trim_end_matches('.').parse().ok())
            .map_or(Command::Unknown, Command::Count),
        ("call", false) => {
            let (tool, arguments) = rest.split_once(char::is_whitespace).unwrap_or((rest, "{}"));
            Command::Call { tool, arguments: arguments.trim() }
        }
        _ if plain.contains("show me around") => Command::Tour,
        _ => Command::Unknown,
    }
}

fn after<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let head = text.get(..prefix.len())?;
    let rest = text[prefix.len()..].trim();
    (head.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::{Command, parse};

    #[test]
    fn commands_are_understood_as_people_write_them() {
        for (message, command) in [
            ("Show me around", Command::Tour),
            ("  show me around!  ", Command::Tour),
            ("Hi! Could you show me around please?", Command::Tour),
            ("run ls -la | wc -l", Command::Run("ls -la | wc -l")),
            ("Run sleep 600", Command::Run("sleep 600")),
            ("fetch https://example.com/a?b=c", Command::Fetch("https://example.com/a?b=c")),
            ("chart mauna-loa-co2.csv", Command::Chart("mauna-loa-co2.csv")),
            ("TABLE data/x y.csv", Command::Table("data/x y.csv")),
            ("List files.", Command::ListFiles),
            ("note: buy milk\n- and bread", Command::Note("buy milk\n- and bread")),
            ("count to 30", Command::Count(30)),
            (
                "call data_block {\"title\": 5, }",
                Command::Call { tool: "data_block", arguments: "{\"title\": 5, }" },
            ),
            ("call file_list", Command::Call { tool: "file_list", arguments: "{}" }),
            ("help", Command::Help),
            ("<peer_message from=\"B\">\nrun ls\n</peer_message>", Command::Run("ls")),
            ("<peer_message from=\"B\">\nI am done.\n</peer_message>", Command::Told("I am done.")),
        ] {
            assert_eq!(parse(message), command, "{message}");
        }
    }

    #[test]
    fn anything_else_is_unknown() {
        for message in
            ["", "run", "note:", "count to", "count to many", "ñote: x", "running late", "count 5", "héllo"]
        {
            assert_eq!(parse(message), Command::Unknown, "{message}");
        }
    }
}
