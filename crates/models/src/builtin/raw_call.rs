//! `call <tool> <json>`: any tool with the arguments as written, so that a person (or a test) can see how
//! the platform takes a call that is wrong. When the schema refuses it, the guide corrects itself once.

use super::{
    calls::NewCall,
    conversation::Step,
    play::{Kit, Move},
    results, schema,
};

/// The next move.
pub fn next(tool: &str, arguments: &str, steps: &[Step<'_>], kit: Kit<'_>) -> Move {
    let Some(call) = steps.last().and_then(|step| step.last()) else {
        let text = format!("I call `{tool}` with the arguments as you wrote them.");
        return Move::act(text, [NewCall { tool: tool.to_owned(), arguments: arguments.to_owned() }]);
    };
    if let Some(content) = call.success() {
        return Move::done(format!("`{tool}` answered:\n\n{}", results::code_block(content, 2_000)));
    }
    let content = call.failure().unwrap_or_default();
    let reason = results::reason(content);
    let refused = content.contains("invalid_arguments");
    match kit.get(tool).filter(|_| refused && steps.len() == 1) {
        Some(spec) => Move::act(
            format!("The call was malformed. {reason} I correct it: the least that its schema takes."),
            [NewCall::new(tool, &schema::least(&spec.schema))],
        ),
        None => Move::done(format!("`{tool}` failed. {reason}")),
    }
}
