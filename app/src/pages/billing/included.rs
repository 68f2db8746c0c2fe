//! How much of what the package includes is used.

use crate::components::credits;
use alumia_protocol::billing::{PackageCaps, PackageOffer, PackageUse, size};
use leptos::prelude::*;

/// One thing that packages cap: its name, how much is used of how much in words, and the share in per cent where
/// there is an end.
fn lines(caps: PackageCaps, used: PackageUse) -> Vec<(&'static str, String, Option<i64>)> {
    let share = |used: i64, cap: i64| {
        if cap > 0 {
            i64::try_from(i128::from(used) * 100 / i128::from(cap)).unwrap_or(i64::MAX)
        } else {
            100
        }
    };
    let count = |number: i64| credits::thousands(number.unsigned_abs());
    let counted = |used: i64, cap: Option<u32>, unit: &str| match cap.map(i64::from) {
        Some(cap) => (format!("{} of {}{unit}", count(used), count(cap)), Some(share(used, cap))),
        None => (format!("{}{unit}, without an end", count(used)), None),
    };
    let named = |name, (words, share)| (name, words, share);
    let storage = match caps.storage_mb.map(|megabytes| i64::from(megabytes) << 20) {
        Some(cap) => {
            (format!("{} of {}", size(used.storage_bytes), size(cap)), Some(share(used.storage_bytes, cap)))
        }
        None => (format!("{}, without an end", size(used.storage_bytes)), None),
    };
    // A minute that has begun is told as one.
    let minutes = |millis: i64, cap| counted((millis + 59_999) / 60_000, cap, " minutes");
    let mut runs = counted(used.running_runs, caps.concurrent_runs, "");
    if used.queued_runs > 0 {
        runs.0 += &format!(", {} queued", count(used.queued_runs));
    }
    vec![
        named("Members", counted(used.members, caps.members, "")),
        named("Projects", counted(used.projects, caps.projects, "")),
        named("Files", storage),
        named("Sandbox this month", minutes(used.sandbox_millis, caps.sandbox_minutes)),
        named("Browsers this month", minutes(used.browser_millis, caps.browser_minutes)),
        named("Runs at once", runs),
    ]
}

/// The part of the page.
#[component]
pub fn Included(package: PackageOffer, used: PackageUse) -> impl IntoView {
    let rows = lines(package.caps, used)
        .into_iter()
        .map(|(name, words, share)| {
            let meter = share.map(|share| {
                let tone = match share {
                    100.. => "red",
                    80.. => "amber",
                    _ => "grey",
                };
                let style = format!("width: {}%", share.clamp(0, 100));
                view! { <span class="meter" data-tone=tone aria-hidden="true"><i style=style></i></span> }
            });
            view! {
                <div>
                    <dt>{name}</dt>
                    <dd class="num">{words}{meter}</dd>
                </div>
            }
        })
        .collect_view();
    view! {
        <section class="billing-part" id="included" aria-label="Used of the package">
            <h2>{format!("Used of the {} package", package.name)}</h2>
            <dl class="figures">{rows}</dl>
        </section>
    }
}

#[cfg(test)]
mod tests {
    use super::lines;
    use alumia_protocol::billing::{PackageCaps, PackageUse};

    #[test]
    fn it_says_how_much_of_how_much() {
        let used = PackageUse {
            members: 1,
            projects: 2,
            storage_bytes: 12 << 20,
            sandbox_millis: 36 * 60_000 + 1,
            browser_millis: 0,
            running_runs: 3,
            queued_runs: 2,
        };
        let caps = PackageCaps {
            projects: Some(20),
            storage_mb: Some(1_024),
            sandbox_minutes: Some(120),
            concurrent_runs: Some(3),
            ..PackageCaps::default()
        };
        let told: Vec<(String, Option<i64>)> =
            lines(caps, used).into_iter().map(|(_, words, share)| (words, share)).collect();
        let expected = [
            ("1, without an end", None),
            ("2 of 20", Some(10)),
            ("12 MB of 1 GB", Some(1)),
            ("37 of 120 minutes", Some(30)),
            ("0 minutes, without an end", None),
            ("3 of 3, 2 queued", Some(100)),
        ];
        assert_eq!(told, expected.map(|(words, share)| (words.to_owned(), share)));
    }
}
