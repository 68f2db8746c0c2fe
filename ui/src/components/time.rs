//! Times and durations as people read them.

use alumia_protocol::Timestamp;
use leptos::prelude::*;

/// "640 ms", "4.2 s", "2 min 10 s".
pub fn duration(milliseconds: i64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0 => format!("{milliseconds} ms"),
        1..10 => format!("{}.{} s", seconds, milliseconds % 1_000 / 100),
        10..60 => format!("{seconds} s"),
        60..3_600 if seconds % 60 == 0 => format!("{} min", seconds / 60),
        60..3_600 => format!("{} min {} s", seconds / 60, seconds % 60),
        _ if seconds % 3_600 < 60 => format!("{} h", seconds / 3_600),
        _ => format!("{} h {} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// "4 KB".
pub fn bytes(size: u64) -> String {
    match size {
        0..1_000 => format!("{size} B"),
        1_000..1_000_000 => format!("{} KB", size / 1_000),
        _ => format!("{}.{} MB", size / 1_000_000, size % 1_000_000 / 100_000),
    }
}

/// Now, in the browser. On the server the epoch: what depends on it is drawn after hydration.
pub fn now() -> Timestamp {
    #[cfg(feature = "hydrate")]
    #[expect(clippy::cast_possible_truncation, reason = "milliseconds fit for 280,000 years")]
    return Timestamp((js_sys::Date::now() * 1_000.0) as i64);
    #[cfg(not(feature = "hydrate"))]
    Timestamp(0)
}

/// "just now", "5 min ago", "3 h ago", "2 days ago", then the date.
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    match now.millis_since(at) / 60_000 {
        0 => "just now".into(),
        minutes @ 1..60 => format!("{minutes} min ago"),
        minutes @ 60..1_440 => format!("{} h ago", minutes / 60),
        minutes @ 1_440..2_880 => format!("{} day ago", minutes / 1_440),
        minutes @ 2_880..14_400 => format!("{} days ago", minutes / 1_440),
        _ => date(at),
    }
}

/// "2026-11-23".
pub fn date(at: Timestamp) -> String {
    at.to_string().chars().take(10).collect()
}

/// "23 November 2026".
pub fn day(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ];
    let date = date(at);
    let mut parts = date.split('-').map(|part| part.parse::<usize>().unwrap_or_default());
    let (year, month, day) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    match MONTHS.get(month.wrapping_sub(1)) {
        Some(month) => format!("{day} {month} {year}"),
        None => date,
    }
}

/// A moment: its date from the server, how long ago it was once the page runs.
#[component]
pub fn Ago(at: Timestamp) -> impl IntoView {
    let text = RwSignal::new(date(at));
    Effect::new(move || text.set(ago(at, now())));
    view! { <time datetime=at.to_string() title=at.to_string()>{move || text.get()}</time> }
}

#[cfg(test)]
mod tests {
    use super::{ago, bytes, day, duration};
    use alumia_protocol::Timestamp;

    #[test]
    fn says_how_long_and_how_much() {
        assert_eq!(duration(640), "640 ms");
        assert_eq!(duration(4_260), "4.2 s");
        assert_eq!(duration(130_000), "2 min 10 s");
        assert_eq!(duration(7_260_000), "2 h 1 min");
        assert_eq!((duration(900_000).as_str(), duration(86_400_000).as_str()), ("15 min", "24 h"));
        assert_eq!(bytes(4_200), "4 KB");
        assert_eq!(bytes(2_340_000), "2.3 MB");
    }

    #[test]
    fn says_when() {
        let now = Timestamp(1_700_000_000_000_000);
        assert_eq!(ago(now.plus_seconds(60), now), "just now");
        assert_eq!(ago(now.plus_seconds(-300), now), "5 min ago");
        assert_eq!(ago(now.plus_seconds(-3 * 86_400), now), "3 days ago");
        assert_eq!(ago(now.plus_seconds(-30 * 86_400), now), "2023-10-15");
        assert_eq!(day(now), "14 November 2023");
    }
}
