//! The card that says why a run can't be paid, and what gets it going again.

use super::Chat;
use crate::components::{credits, icon::Icon};
use alumia_protocol::{
    billing::{BlockReason, Blocked, PackageLimit},
    sessions::SessionStatus,
};
use leptos::prelude::*;
use leptos_router::hooks::use_location;

#[component]
pub(super) fn BillingCard(blocked: Blocked) -> impl IntoView {
    let chat = expect_context::<Chat>();
    let waits = Memo::new(move |_| chat.status() == Some(SessionStatus::AwaitingPayment));
    let path = use_location().pathname;
    let elsewhere = move |rest: &str| {
        let org = path.with_untracked(|path| path.split('/').nth(1).unwrap_or_default().to_owned());
        format!("/{org}/{rest}")
    };
    let billing = move |rest: &str| elsewhere(&format!("billing{rest}"));
    let package = blocked.reason == BlockReason::PackageBlocked;
    let (title, first, words) = match blocked.reason {
        BlockReason::NoCredits => ("The credits don't reach", "?buy", "Buy credits"),
        BlockReason::BudgetExhausted => ("A budget is used up", "#budgets", "Change the budget"),
        BlockReason::PackageBlocked => (lacking(blocked.lacks), "#packages", "See the packages"),
    };
    // Another way than the first: a model that is included, or a key that pays.
    let (second, other) = match blocked.lacks {
        Some(PackageLimit::Models) => (elsewhere("settings/general"), Some("Choose another model")),
        Some(_) => (String::new(), None),
        None => (billing("#own-keys"), Some("Add an own key")),
    };
    let first = billing(first);
    let needed = if package {
        Some(included(blocked.lacks, &blocked.included_in))
    } else {
        blocked.needed.is_positive().then(|| {
            let missing = blocked
                .missing
                .is_positive()
                .then(|| format!(", {} are missing", credits::words(blocked.missing)));
            format!(
                "The next call may cost {} at most{}.",
                credits::words(blocked.needed),
                missing.unwrap_or_default()
            )
        })
    };
    let (label, goes_on) = if package {
        ("Waiting for the package", "Work goes on by itself once the package allows it.")
    } else {
        ("Waiting for credits", "Work goes on by itself once it can be paid.")
    };
    let message = blocked.message;
    move || {
        if !waits.get() {
            return view! { <p class="chat-line"><Icon name="wallet" />{format!("{title}. The run waited.")}</p> }.into_any();
        }
        view! {
            <div class="error-card" data-tone="blue" role="group" aria-label=label>
                <Icon name="wallet" />
                <div>
                    <h3>{title}</h3>
                    <p>{message.clone()}</p>
                    <p class="muted">{needed.clone()}" "{goes_on}</p>
                    <div class="settings-acts">
                        <a class="button primary small" href=first.clone()>{words}</a>
                        {package.then(|| view! {
                            <button type="button" class="button small" on:click=move |_| chat.resume()>"Try again"</button>
                        })}
                        {other.map(|words| view! { <a class="button small" href=second.clone()>{words}</a> })}
                    </div>
                </div>
            </div>
        }
        .into_any()
    }
}

const fn lacking(lacks: Option<PackageLimit>) -> &'static str {
    match lacks {
        Some(PackageLimit::Models) => "Your package doesn't include this model",
        Some(PackageLimit::SandboxMinutes) => "This month's sandbox minutes don't reach",
        Some(PackageLimit::BrowserMinutes) => "This month's browser minutes don't reach",
        Some(PackageLimit::Storage) => "Your package includes no more files",
        Some(PackageLimit::OwnKeys) => "Your package doesn't include own keys",
        Some(PackageLimit::Members) => "Your package includes no more members",
        Some(PackageLimit::Projects) => "Your package includes no more projects",
        None => "Your package doesn't include this",
    }
}

/// Which packages include it.
fn included(lacks: Option<PackageLimit>, packages: &[String]) -> String {
    let whole = matches!(lacks, Some(PackageLimit::Models | PackageLimit::OwnKeys) | None);
    let names = match packages {
        [] => return "No other package here includes it.".into(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    };
    let verb = if packages.len() == 1 { "includes" } else { "include" };
    format!("{names} {verb} {}.", if whole { "it" } else { "more" })
}

#[cfg(test)]
mod tests {
    use super::included;
    use alumia_protocol::billing::PackageLimit;

    #[test]
    fn it_names_the_packages_that_help() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let model = Some(PackageLimit::Models);
        assert_eq!(included(model, &names(&[])), "No other package here includes it.");
        assert_eq!(included(model, &names(&["Pro"])), "Pro includes it.");
        assert_eq!(included(model, &names(&["Pro", "Team", "Scale"])), "Pro, Team and Scale include it.");
        let minutes = Some(PackageLimit::SandboxMinutes);
        assert_eq!(included(minutes, &names(&["Pro", "Team"])), "Pro and Team include more.");
    }
}
