//! A countdown or stopwatch. It ticks in every viewer's page by the viewer's own clock; what is stored is when it
//! began and what it had counted before.

use super::{
    clock,
    edits::{self, Edit, Edits, Unsaved},
};
use crate::{
    canvas::ticker::use_now,
    components::{
        button::{Button, Kind},
        icon::Icon,
        time,
    },
};
use alumia_protocol::{
    Timestamp,
    show::{Show, Timer, TimerMode},
};
use leptos::prelude::*;

pub(super) fn view(edits: Edits) -> AnyView {
    let timer = edits.pick(|show: &Show| edits::timer(show).map(Some));
    let now = use_now();
    // Digits that change with the second, and nothing else does with them.
    let digits = Memo::new(move |_| timer.with(|timer| timer.as_ref().map(|it| digits(it, now.get()))));
    let over = Memo::new(move |_| {
        let now = now.get();
        timer.with(|timer| timer.as_ref().is_some_and(|it| now != Timestamp(0) && it.is_over(now)))
    });
    let running = Memo::new(move |_| {
        let now = now.get();
        timer.with(|timer| timer.as_ref().is_some_and(|it| it.is_running(now)))
    });
    let begun = Memo::new(move |_| {
        timer.with(|timer| timer.as_ref().is_some_and(|it| it.elapsed > 0 || it.started_at.is_some()))
    });
    let mode = Memo::new(move |_| timer.with(|timer| timer.as_ref().map(|it| it.mode)));
    let standing =
        move || timer.with(|timer| timer.as_ref().map(|it| standing(it, running.get(), over.get())));
    let ended = move || {
        let words = timer.with(|timer| timer.as_ref().map(|it| it.ended.clone())).unwrap_or_default();
        let words = if words.trim().is_empty() { "Time is up".to_owned() } else { words };
        over.get().then(|| view! { <Icon name="check" />{words} })
    };
    let failed = RwSignal::new(None::<String>);
    let make = move |edit: Edit| failed.set(edits.make(edit).err());
    let turn = move |_| {
        let at = time::now();
        make(if running.get_untracked() { Edit::Pause(at) } else { Edit::Run(at) });
    };
    let buttons = move || {
        (edits.are_saved() && mode.get() != Some(TimerMode::Until)).then(|| {
            view! {
                <div class="timer-acts needs-script">
                    <Button kind=Kind::Primary disabled=over on:click=turn>
                        {move || match (running.get(), begun.get()) {
                            (true, _) => "Pause",
                            (false, true) => "Go on",
                            (false, false) => "Start",
                        }}
                    </Button>
                    <Button disabled=Signal::derive(move || !begun.get()) on:click=move |_| make(Edit::Reset)>
                        "Reset"
                    </Button>
                </div>
            }
        })
    };
    view! {
        <div class="block-timer" data-over=move || over.get().then_some("") data-running=move || running.get().then_some("")>
            <p class="timer-digits num" role="timer" aria-live="off">
                {move || digits.get().unwrap_or_default()}
            </p>
            <p class="timer-standing muted">{standing}</p>
            <p class="timer-ended" role="status">{ended}</p>
            {buttons}
            {move || failed.get().map(|why| view! { <p class="show-unsaved">{why}</p> })}
            <Unsaved edits />
        </div>
    }
    .into_any()
}

/// The digits at `now`. On the server, and until the page's script runs, nobody knows what time it is where they are
/// read: a timer that runs shows from where it does.
fn digits(timer: &Timer, now: Timestamp) -> String {
    if now == Timestamp(0) && timer.mode == TimerMode::Until {
        return "–:––".into();
    }
    let at = if now == Timestamp(0) { timer.started_at.unwrap_or_default() } else { now };
    let shown = timer.shown(at);
    let days = |seconds: u64| match seconds / 86_400 {
        0 => clock(seconds),
        1 => format!("1 day {}", clock(seconds % 86_400)),
        days => format!("{days} days {}", clock(seconds % 86_400)),
    };
    match timer.mode {
        // The last second is one, and over is over.
        TimerMode::Countdown | TimerMode::Until => days(shown.div_ceil(1_000)),
        TimerMode::Stopwatch => days(shown / 1_000),
    }
}

/// What the digits mean, also without script.
fn standing(timer: &Timer, running: bool, over: bool) -> String {
    let moment = |at: Timestamp| {
        let text = at.to_string();
        format!("{} {} UTC", time::day(at), text.get(11..16).unwrap_or_default())
    };
    let total = u64::from(timer.seconds.unwrap_or_default());
    match (timer.mode, timer.started_at) {
        (TimerMode::Until, _) => {
            let until = timer.until.map(moment).unwrap_or_default();
            if over { format!("Was until {until}") } else { format!("Until {until}") }
        }
        (TimerMode::Countdown, _) if over => format!("{} counted", clock(total)),
        (TimerMode::Countdown, Some(_)) => match timer.ends_at() {
            Some(at) => format!("Of {}, ends {}", clock(total), moment(at)),
            None => format!("Of {}", clock(total)),
        },
        (TimerMode::Countdown, None) if timer.elapsed > 0 => format!("Paused, of {}", clock(total)),
        (TimerMode::Countdown, None) => "Not started".into(),
        (TimerMode::Stopwatch, Some(at)) if running => format!("Running since {}", moment(at)),
        (TimerMode::Stopwatch, _) if timer.elapsed > 0 => "Paused".into(),
        (TimerMode::Stopwatch, _) => "Not started".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::{digits, standing};
    use alumia_protocol::{
        Timestamp,
        show::{Show, Timer, TimerMode},
    };

    fn timer() -> Timer {
        let timer = Show::examples().into_iter().find_map(|show| super::edits::timer(&show));
        Timer { seconds: Some(90), ..timer.unwrap() }
    }

    #[test]
    fn digits_are_right_to_the_second() {
        let start = Timestamp(1_700_000_000_000_000);
        let mut timer = timer();
        assert_eq!(digits(&timer, start), "1:30");
        timer.run(start);
        for (millis, shown) in [(0, "1:30"), (1, "1:30"), (1_000, "1:29"), (89_500, "0:01"), (90_000, "0:00")]
        {
            assert_eq!(digits(&timer, start.plus_micros(millis * 1_000)), shown, "{millis}");
        }
        assert_eq!(standing(&timer, true, false), "Of 1:30, ends 14 November 2023 22:14 UTC");
        // As the server renders it.
        assert_eq!(digits(&timer, Timestamp(0)), "1:30");
        let watch = Timer { mode: TimerMode::Stopwatch, seconds: None, ..timer.clone() };
        assert_eq!(digits(&watch, start.plus_seconds(90_061)), "1 day 1:01:01");
        let until = Timer { mode: TimerMode::Until, until: Some(start), started_at: None, ..watch };
        assert_eq!((digits(&until, Timestamp(0)).as_str(), digits(&until, start).as_str()), ("–:––", "0:00"));
    }
}
