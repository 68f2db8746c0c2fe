//! What stands where a run waits to be paid.

use super::Chat;
use crate::components::{credits::credits, icon::Icon};
use alumia_protocol::billing::{BlockReason, Blocked};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

/// While the conversation waits: why, and what lets it go on. Afterwards a line.
#[component]
pub(super) fn UnpaidCard(blocked: Blocked) -> impl IntoView {
    let chat = expect_context::<Chat>();
    // The organisation is the first part of every path that shows a chat.
    let path = use_location().pathname.get_untracked();
    let href = format!("/{}/billing", path.split('/').nth(1).unwrap_or_default());
    let (title, action) = match blocked.reason {
        BlockReason::NoCredits => ("Out of credits", "Buy credits"),
        BlockReason::PackageBlocked => ("Not in your package", "See packages"),
        BlockReason::BudgetExhausted => ("A budget is used up", "See budgets"),
    };
    let missing =
        blocked.missing.is_positive().then(|| format!("{} are missing. ", credits(blocked.missing)));
    view! {
        {move || {
            if !chat.awaits_payment() {
                return view! { <p class="chat-line"><Icon name="wallet" />"This waited until it could be paid."</p> }.into_any();
            }
            view! {
                <div class="error-card" data-tone="blue" role="group" aria-label="This run waits to be paid">
                    <Icon name="wallet" />
                    <div>
                        <h3>{title}</h3>
                        <p>{blocked.message.clone()}</p>
                        <p class="muted">{missing.clone()}"It goes on by itself as soon as it can be paid."</p>
                        <a class="button small" href=href.clone()><Icon name="wallet" />{action}</a>
                    </div>
                </div>
            }
            .into_any()
        }}
    }
}
