//! `/docs/components`, in development: every component in every state.

use crate::components::{
    button::{Button, IconButton, Kind},
    card::{Card, EmptyState, Skeleton},
    dialog::Dialog,
    field::{FormError, Select, TextArea, TextField},
    icon::Icon,
    markdown::Markdown,
    menu::Menu,
    status::{Badge, Tone},
    switch::Switch,
    table::Table,
    tabs::Tabs,
    toast::use_toasts,
};
use crate::pages::frame::ThemeSwitch;
use leptos::prelude::*;
use leptos_meta::Title;

/// The page.
#[component]
pub fn Gallery() -> impl IntoView {
    view! {
        <Title text="Components" />
        <main id="main" class="page gallery" tabindex="-1">
            <header class="page-head"><h1>"Components"</h1><ThemeSwitch /></header>
            <Buttons />
            <Fields />
            <Floating />
            <Showing />
        </main>
    }
}

#[component]
fn Section(title: &'static str, children: Children) -> impl IntoView {
    view! { <section><h2>{title}</h2><div class="gallery-row">{children()}</div></section> }
}

#[component]
fn Buttons() -> impl IntoView {
    view! {
        <Section title="Buttons">
            <Button kind=Kind::Primary>"Primary"</Button>
            <Button icon="plus">"Secondary"</Button>
            <Button kind=Kind::Quiet>"Quiet"</Button>
            <Button kind=Kind::Danger icon="trash">"Danger"</Button>
            <Button kind=Kind::Primary busy=true>"Busy"</Button>
            <Button disabled=true>"Disabled"</Button>
            <IconButton icon="refresh" label="Refresh" />
            <IconButton icon="pin" label="Pin" disabled=true />
        </Section>
    }
}

#[component]
fn Fields() -> impl IntoView {
    let wrong = Signal::stored(Some("This address has an account already. Sign in instead.".to_owned()));
    view! {
        <Section title="Fields">
            <TextField label="Name" name="g-name" value="Ada" hint="As others see it." />
            <TextField label="Email" name="g-email" kind="email" value="ada@example.org" error=wrong />
            <TextField label="Password" name="g-password" kind="password" />
            <Select label="Visibility" name="g-select" options=vec![("a", "Everyone"), ("b", "Only you")] value="b" />
            <TextArea label="Description" name="g-text" hint="A sentence or two." />
            <Switch on=true label="On" />
            <Switch on=false label="Off" />
            <Switch on=true label="Can't be changed" disabled=true />
            <FormError message=Signal::stored(Some("Email or password is wrong.".to_owned())) />
        </Section>
    }
}

#[component]
fn Floating() -> impl IntoView {
    let open = RwSignal::new(false);
    let toasts = use_toasts();
    let label = view! { "Menu"<Icon name="chevron-down" /> };
    view! {
        <Section title="Dialog, menu, toast, tooltip">
            <Button on:click=move |_| open.set(true)>"Open dialog"</Button>
            <Dialog open title="Rename project">
                <div class="form">
                    <TextField label="Name" name="g-dialog-name" />
                    <Button kind=Kind::Primary on:click=move |_| open.set(false)>"Save"</Button>
                </div>
            </Dialog>
            <Menu label=label.into_any() name="Menu">
                <button type="button" class="menu-item"><Icon name="edit" />"Rename"</button>
                <button type="button" class="menu-item"><Icon name="copy" />"Duplicate"</button>
                <hr />
                <button type="button" class="menu-item danger"><Icon name="trash" />"Delete"</button>
            </Menu>
            <Button on:click=move |_| toasts.say("Saved.")>"Good news"</Button>
            <Button on:click=move |_| toasts.fail("Not saved. The server can't be reached.")>"Bad news"</Button>
            <span class="tip" tabindex="0" data-tip="A tip">"Tooltip"</span>
        </Section>
    }
}

#[component]
fn Showing() -> impl IntoView {
    let tab = RwSignal::new(0);
    let tones = [
        (Tone::Grey, "Idle"),
        (Tone::Amber, "Running"),
        (Tone::Blue, "Waiting for you"),
        (Tone::Green, "Done"),
        (Tone::Red, "Failed"),
    ];
    let text = "## Heading\n\nSome **bold** text, `code`, a [link](https://example.org).\n\n- one\n- two\n\n```python\nprint(1)\n```\n\n| Species | Count |\n| - | -: |\n| Adelie | 152 |\n| Gentoo | 124 |";
    view! {
        <Section title="Badges">
            {tones.map(|(tone, words)| view! { <Badge tone text=words.to_owned() /> }).collect_view()}
        </Section>
        <Section title="Tabs">
            <Tabs id="g" label="Example" tabs=vec!["Chat", "Canvas", "Files"] selected=tab />
            <div id="g-panel-0" role="tabpanel" aria-labelledby="g-tab-0">{move || format!("Panel {}", tab.get() + 1)}</div>
            <div id="g-panel-1" hidden></div>
            <div id="g-panel-2" hidden></div>
        </Section>
        <Section title="Card, table, empty, skeleton">
            <Card><h3>"A card"</h3><p class="muted">"With a hairline around it."</p></Card>
            <Table caption="Runs" columns=vec!["Run", "Time", "Cost"]>
                <tr><td>"Tour"</td><td class="num">"12.4 s"</td><td class="num">"0.00"</td></tr>
                <tr><td>"Report"</td><td class="num">"4 min 2 s"</td><td class="num">"1.25"</td></tr>
            </Table>
            <EmptyState icon="folder" title="No files yet"><p>"Drop a file on the chat."</p></EmptyState>
            <Skeleton />
        </Section>
        <Section title="Markdown"><Markdown text=Signal::stored(text.to_owned()) /></Section>
    }
}
