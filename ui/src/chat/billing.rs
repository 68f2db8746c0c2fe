//! The card that says why a run can't be paid, and what gets it going again.

use super::Chat;
use crate::components::{credits, icon::Icon};
use alumia_protocol::{
    billing::{BlockReason, Blocked},
    sessions::SessionStatus,
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

#[component]
pub(super) fn BillingCard(blocked: Blocked) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let waits = Memo::new(move |_| chat.status() == Some(SessionStatus::AwaitingPayment));
    let path = use_location().pathname;
    let billing = move |rest: &str| {
        let org = path.with_untracked(|path| path.split('/').nth(1).unwrap_or_default().to_owned());
        format!("/{org}/billing{rest}")
    };
    let (title, first, words) = match blocked.reason {
        BlockReason::NoCredits => ("The credits don't reach", "?buy", "Buy credits"),
        BlockReason::BudgetExhausted => ("A budget is used up", "#budgets", "Change the budget"),
        BlockReason::PackageBlocked => ("Your package doesn't include this", "#packages", "See the packages"),
    };
    let (first, own) = (billing(first), billing("#own-keys"));
    let needed = blocked.needed.is_positive().then(|| {
        let missing = blocked
            .missing
            .is_positive()
            .then(|| format!(", {} are missing", credits::words(blocked.missing)));
        format!(
            "The next call may cost {} at most{}.",
            credits::words(blocked.needed),
            missing.unwrap_or_default()
        )
    });
    let message = blocked.message;
    move || {
        if !waits.get() {
            return view! { <p class="chat-line"><Icon name="wallet" />{format!("{title}. The run waited.")}</p> }.into_any();
        }
        view! {
            <div class="error-card" data-tone="blue" role="group" aria-label="Waiting for credits">
                <Icon name="wallet" />
                <div>
                    <h3>{title}</h3>
                    <p>{message.clone()}</p>
                    <p class="muted">{needed.clone()}" Work goes on by itself once it can be paid."</p>
                    <div class="settings-acts">
                        <a class="button primary small" href=first.clone()>{words}</a>
                        <a class="button small" href=own.clone()>"Add an own key"</a>
                    </div>
                </div>
            </div>
        }
        .into_any()
    }
}
