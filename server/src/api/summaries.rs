//! What each route does, in a sentence: summaries of the API's description.

/// Handler to sentence, in the order of the routes.
const SUMMARIES: &[(&str, &str)] = &[
    ("auth::sign_up", "Makes an account with an organization and signs it in."),
    ("auth::sign_in", "Signs in."),
    ("auth::sign_out", "Ends this browser session."),
    ("auth::step_up::by_code", "Steps up with a code of the authenticator app, or a recovery code."),
    ("auth::totp::enroll", "Begins to set up an authenticator app."),
    ("auth::totp::confirm", "Makes the app count, by a code of it; answers the recovery codes, this once."),
    ("auth::totp::remove", "Removes the authenticator app and its recovery codes."),
    ("auth::totp::renew_codes", "Makes ten new recovery codes; the old ones no longer work."),
    ("auth::passkeys::list", "Your passkeys, oldest first."),
    ("auth::passkeys::rename", "Gives a passkey another name."),
    ("auth::passkeys::remove", "Removes a passkey; 409 for the only way into the account."),
    ("auth::passkeys::start_register", "Begins to add a passkey."),
    ("auth::passkeys::finish_register", "Adds the passkey."),
    ("auth::passkeys::start_sign_up", "Begins an account that a passkey opens; makes nothing yet."),
    ("auth::passkeys::finish_sign_up", "Makes the account with the passkey and signs it in."),
    ("auth::passkeys::start_login", "Begins a sign-in with a passkey."),
    ("auth::passkeys::finish_login", "Signs in with a passkey."),
    ("auth::passkeys::start_step_up", "Begins a step-up with a passkey."),
    ("auth::passkeys::finish_step_up", "Steps up with a passkey."),
    ("auth::sessions::list", "Browsers that are signed in to your account, the last used first."),
    ("auth::sessions::end_others", "Ends all your browser sessions but this one."),
    ("auth::sessions::end", "Ends one of your browser sessions."),
    ("auth::account::change_password", "Sets a new password for the present one; ends your other sessions."),
    ("auth::account::forgot", "Has a link sent to set a new password, if there is such an account."),
    ("auth::account::reset", "Sets a new password by the link, once; ends all sessions."),
    ("auth::account::change_email", "Has a link sent to a new address, which counts once it is followed."),
    ("auth::account::verify", "Sends the letter again that asks to confirm your address."),
    ("auth::account::confirm_email", "Confirms an address by the link, once."),
    ("keys::list", "Your own API keys that aren't revoked, newest first."),
    ("keys::mint", "Makes an API key; the secret is in this answer alone."),
    ("keys::rotate", "Gives an API key a new secret; the old one is dead at once or after a grace."),
    ("keys::revoke", "Revokes an API key; 409 when it was revoked before."),
    ("openapi::get", "This description."),
    ("me::me", "The caller with their organizations."),
    ("orgs::create", "Makes one more organization, with the caller as its owner."),
    ("orgs::deleted", "Your deleted organizations that can still be brought back."),
    ("orgs::restore", "Brings a deleted organization back. For its owners."),
    ("orgs::get", "The organization's settings."),
    ("orgs::update", "Changes name, slug or default model; 409 for a slug that is taken."),
    ("orgs::delete", "Closes the organization at once; an owner can bring it back for 30 days."),
    ("orgs::leave", "Leaves the organization; 409 for its last owner."),
    ("orgs::members", "Members, the longest there first."),
    ("orgs::change_role", "Gives a member another role; 409 for the last owner."),
    ("orgs::remove", "Ends a membership, and what the person has open here, at once."),
    ("orgs::add", "Sends an invitation, like the route for invitations."),
    ("orgs::invites", "Invitations that wait, the newest first."),
    (
        "orgs::invite",
        "Sends an invitation; the answer holds its link, this once. 409 for a member and whoever has one.",
    ),
    ("orgs::resend", "Gives an invitation a new link, good for a week; the old one is dead."),
    ("orgs::revoke", "Takes an invitation back."),
    ("orgs::view", "What an invitation's link offers; 409 when it was used or is too old."),
    ("orgs::accept", "Joins, as the person whose address was invited."),
    ("orgs::join", "Makes the invited address's account, joins and signs in."),
    ("workspaces::list", "Workspaces that the caller sees, the default one first."),
    ("workspaces::create", "Makes a workspace."),
    ("workspaces::switch", "Works in this workspace from now on; null for all."),
    ("workspaces::get", "One workspace."),
    ("workspaces::rename", "Renames a workspace."),
    ("workspaces::delete", "Deletes a workspace: 400 for the default one, 409 while it holds projects."),
    ("workspaces::members", "Who belongs to a workspace."),
    ("workspaces::add_member", "Lets a member of the organization into a workspace."),
    ("workspaces::remove_member", "Takes somebody out of a workspace, at once."),
    ("audit::list", "The audit log, newest first; format=csv for all of it as a table."),
    ("billing::reports::overview", "The organization's credits at a glance."),
    ("billing::catalog", "Packages, credits to buy, and what is paid by time."),
    ("billing::reports::buckets", "What was granted, newest first; limit 1 to 500."),
    ("billing::reports::ledger", "Every movement of credits, newest first; limit 1 to 500."),
    ("billing::reports::usage", "What was used, summed up by groupBy; format=csv for a table."),
    ("billing::reports::calls", "Calls that were paid, newest first; format=csv for all of them as a table."),
    ("billing::budgets", "Budgets with what is used of each."),
    ("billing::set_budgets", "Sets all budgets that there shall be; those that are missing are removed."),
    (
        "billing::byok::list",
        "Keys of the organization's own for model providers, without the keys themselves.",
    ),
    ("billing::byok::add", "Adds a key for a provider, proved by a call; calls by it cost no credits."),
    ("billing::byok::remove", "Removes a provider's key."),
    ("billing::auto_top_up::get", "Credits that are bought by themselves when few are left."),
    (
        "billing::auto_top_up::set",
        "Turns automatic top-up on, or changes it; cardPage is where a card is to be saved first.",
    ),
    ("billing::auto_top_up::end", "Turns automatic top-up off; its limits and its card are kept."),
    ("billing::payments::invoices", "Payments and their receipts, newest first; limit 1 to 100."),
    ("billing::payments::begin", "Begins to buy credits."),
    ("billing::subscriptions::checkout", "A page of the gateway's where a package is subscribed to."),
    (
        "billing::subscriptions::portal",
        "A page of the gateway's where the subscription is changed, paid and ended.",
    ),
    ("billing::payments::pay_test_money", "Pays with a test card, where test money is taken."),
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
