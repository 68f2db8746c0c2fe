//! What each route does, in a sentence: summaries of the API's description.

/// Handler to sentence, in the order of the routes.
const SUMMARIES: &[(&str, &str)] = &[
    ("auth::sign_up", "Makes an account with an organization and signs it in."),
    ("auth::sign_in", "Signs in."),
    ("auth::sign_out", "Ends this browser session."),
    ("keys::list", "Your own API keys that aren't revoked, newest first."),
    ("keys::mint", "Makes an API key; the secret is in this answer alone."),
    ("keys::rotate", "Gives an API key a new secret; the old one is dead at once or after a grace."),
    ("keys::revoke", "Revokes an API key; 409 when it was revoked before."),
    ("openapi::get", "This description."),
    ("me::me", "The caller with their organizations."),
    ("models::list", "Every model, and whether it is usable now."),
    ("agents::list", "The agents of the organization."),
    ("agents::get", "One agent, by id or by slug."),
    ("agents::set_tool", "Turns one tool of an agent on or off."),
    ("projects::list", "Projects, most recently changed first; limit 1 to 100."),
    ("projects::create", "Makes a project."),
    ("projects::get", "One project."),
    ("projects::update", "Changes a project; absent fields stay."),
    ("projects::delete", "Deletes a project."),
    ("projects::snapshot", "Everything that a project's page shows."),
    ("projects::stream", "All events of a project, from a snapshot or after a position."),
    ("blocks::list", "Blocks of the canvas, oldest first; limit 1 to 500."),
    ("blocks::create", "Puts a block on the canvas."),
    ("blocks::place", "Moves nodes of the canvas, all or none."),
    ("files::list", "What a folder of the project holds, folders first."),
    ("files::read", "A file's bytes."),
    ("files::write", "Stores a file, at most 100 MB."),
    ("blocks::get", "One block."),
    ("blocks::update", "Changes a block; 409 with the present one when the version is stale."),
    ("blocks::delete", "Deletes a block."),
    ("sessions::list", "Conversations, most recently changed first, 50 a page."),
    ("sessions::create", "Begins a conversation."),
    ("sessions::get", "One conversation."),
    ("sessions::update", "Renames a conversation."),
    ("sessions::delete", "Deletes a conversation."),
    ("sessions::messages", "Finished messages, oldest first; limit 1 to 500."),
    ("chat::say", "Says something in a conversation; the run goes on by itself."),
    ("sessions::events", "Durable events after a position, oldest first; limit 1 to 500."),
    ("sessions::edit_queued", "Edits a waiting message; 409 once it has joined the run."),
    ("sessions::remove_queued", "Takes a waiting message back; 409 once it has joined the run."),
    ("sessions::approve", "Answers an approval request."),
    ("sessions::cancel_call", "Ends one running tool call."),
    (
        "chat::chat",
        "Says something and streams the run's events until it ends; the same message id again gives the same run.",
    ),
    ("chat::attach", "What is going on in a conversation, until its run ends."),
    ("chat::stop", "Stops a conversation's run."),
    ("chat::resume", "Goes on with a waiting or failed conversation."),
    ("auth::step_up::get", "Until when this session counts as stepped up, and with what it could be."),
];

/// The sentence of a handler; a test asks for each route's.
pub fn summary(handler: &str) -> &'static str {
    SUMMARIES.iter().find(|(name, _)| *name == handler).map_or("", |(_, words)| words)
}

#[cfg(test)]
mod tests {
    use super::SUMMARIES;
    use crate::api::routes;

    #[test]
    fn every_route_has_a_sentence_and_every_sentence_a_route() {
        let routes = routes();
        for route in &routes {
            assert!(route.about.ends_with('.'), "write a sentence for {} in api/summaries.rs", route.name);
        }
        for (name, _) in SUMMARIES {
            assert!(routes.iter().any(|route| route.name == *name), "{name} is no route's handler any more");
        }
    }
}
