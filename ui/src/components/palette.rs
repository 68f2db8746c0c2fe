//! The command palette: everything by name, from the keyboard alone.

use super::icon::Icon;
use leptos::{ev, html, prelude::*};

/// One thing that the palette offers.
#[derive(Clone)]
pub struct Command {
    /// What it is called.
    pub title: String,
    /// What kind of thing it is: "Page", "Project" …
    pub group: &'static str,
    /// An icon.
    pub icon: &'static str,
    /// What happens.
    pub run: Callback<()>,
}

/// How well `title` answers `query`: the parts of the query in order, best where words begin. `None`
/// when it doesn't.
pub fn score(query: &str, title: &str) -> Option<i32> {
    let title: Vec<char> = title.to_lowercase().chars().collect();
    let mut from = 0;
    let mut total = 0;
    let mut last = None;
    for wanted in query.to_lowercase().chars().filter(|letter| !letter.is_whitespace()) {
        let place = from + title[from..].iter().position(|letter| *letter == wanted)?;
        let word_start = place == 0 || !title[place - 1].is_alphanumeric();
        let in_a_row = last.is_some_and(|last| last + 1 == place);
        total += if word_start { 8 } else { 0 } + if in_a_row { 5 } else { 0 };
        total -= i32::try_from(place - from).unwrap_or(i32::MAX / 2).min(8);
        last = Some(place);
        from = place + 1;
    }
    Some(total)
}

/// The palette itself. ⌘K or Ctrl+K anywhere opens and closes it.
#[component]
pub fn Palette(
    /// Whether it shows.
    open: RwSignal<bool>,
    /// What it offers.
    #[prop(into)]
    commands: Signal<Vec<Command>>,
) -> impl IntoView {
    let dialog = NodeRef::<html::Dialog>::new();
    let input = NodeRef::<html::Input>::new();
    let query = RwSignal::new(String::new());
    let selected = RwSignal::new(0_usize);
    let found = Memo::new_with_compare(
        move |_| {
            let query = query.get();
            let mut found: Vec<(i32, Command)> = commands
                .get()
                .into_iter()
                .filter_map(|command| score(&query, &command.title).map(|score| (score, command)))
                .collect();
            if query.is_empty() {
                // Groups stay together, in the order in which their first member came.
                let groups: Vec<&str> = found.iter().map(|(_, command)| command.group).collect();
                found.sort_by_key(|(_, command)| groups.iter().position(|group| *group == command.group));
            } else {
                found.sort_by_key(|(score, _)| -score);
            }
            found.into_iter().map(|(_, command)| command).collect::<Vec<_>>()
        },
        |_, _| true,
    );
    let close = move || open.set(false);
    let run = move |index: usize| {
        let command = found.with_untracked(|found| found.get(index).cloned());
        if let Some(command) = command {
            close();
            command.run.run(());
        }
    };
    Effect::new(move || {
        let Some(dialog) = dialog.get() else { return };
        if open.get() && !dialog.open() {
            query.set(String::new());
            selected.set(0);
            drop(dialog.show_modal());
            if let Some(input) = input.get_untracked() {
                input.set_value("");
                drop(input.focus());
            }
        } else if !open.get() && dialog.open() {
            dialog.close();
        }
    });
    Effect::new(move || {
        let keys = window_event_listener(ev::keydown, move |event| {
            let shortcut = (event.meta_key() || event.ctrl_key()) && event.key().eq_ignore_ascii_case("k");
            if shortcut && !event.shift_key() && !event.alt_key() {
                event.prevent_default();
                open.update(|open| *open = !*open);
            }
        });
        on_cleanup(move || keys.remove());
    });
    let keys = move |event: ev::KeyboardEvent| {
        let count = found.with_untracked(Vec::len);
        match event.key().as_str() {
            "ArrowDown" if count > 0 => selected.update(|at| *at = (*at + 1) % count),
            "ArrowUp" if count > 0 => selected.update(|at| *at = (*at + count - 1) % count),
            "Enter" => run(selected.get_untracked()),
            _ => return,
        }
        event.prevent_default();
        let id = format!("command-{}", selected.get_untracked());
        if let Some(option) = document().get_element_by_id(&id) {
            let options = web_sys::ScrollIntoViewOptions::new();
            options.set_block(web_sys::ScrollLogicalPosition::Nearest);
            option.scroll_into_view_with_scroll_into_view_options(&options);
        }
    };
    let rows = move || {
        let mut group = "";
        let searching = !query.with(String::is_empty);
        found
            .get()
            .into_iter()
            .enumerate()
            .map(|(index, command)| {
                let head = (!searching && command.group != group)
                    .then(|| view! { <li class="palette-group" role="presentation">{command.group}</li> });
                group = command.group;
                view! {
                    {head}
                    <li
                        id=format!("command-{index}")
                        class="palette-item"
                        role="option"
                        aria-selected=move || (selected.get() == index).to_string()
                        on:pointermove=move |_| selected.set(index)
                        on:click=move |_| run(index)
                    >
                        <Icon name=command.icon />
                        <span class="truncate">{command.title}</span>
                        {searching.then(|| view! { <span class="palette-kind">{command.group}</span> })}
                    </li>
                }
            })
            .collect_view()
    };
    view! {
        <dialog
            node_ref=dialog
            class="dialog palette"
            aria-label="Search and commands"
            on:close=move |_| close()
            on:click=move |event| {
                if event.target() == event.current_target() {
                    close();
                }
            }
        >
            <div class="dialog-box">
                <div class="palette-search">
                    <Icon name="search" />
                    <input
                        node_ref=input
                        type="text"
                        role="combobox"
                        placeholder="Search projects, agents and actions"
                        aria-label="Search projects, agents and actions"
                        aria-expanded="true"
                        aria-controls="palette-list"
                        aria-autocomplete="list"
                        aria-activedescendant=move || format!("command-{}", selected.get())
                        autocomplete="off"
                        spellcheck="false"
                        on:input=move |event| {
                            query.set(event_target_value(&event));
                            selected.set(0);
                        }
                        on:keydown=keys
                    />
                    <kbd>"Esc"</kbd>
                </div>
                <ul id="palette-list" class="palette-list" role="listbox" aria-label="Results">
                    {rows}
                </ul>
                <p class="palette-none" role="status">
                    {move || found.with(Vec::is_empty).then_some("Nothing by that name. Try fewer letters.")}
                </p>
            </div>
        </dialog>
    }
}

#[cfg(test)]
mod tests {
    use super::score;

    #[test]
    fn finds_by_initials_and_prefers_the_start_of_words() {
        assert!(score("nc", "New chat").is_some());
        assert!(score("tt", "Toggle theme") > score("tt", "Battery status"));
        assert!(score("xyz", "New chat").is_none());
        assert_eq!(score("", "anything"), Some(0));
    }
}
