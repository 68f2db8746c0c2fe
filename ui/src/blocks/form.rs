//! Fields for a person to fill in. What they submit goes to the block's session as a message, and the
//! values stay in the block.

use crate::{
    components::{
        button::{Button, Kind},
        toast::Toasts,
    },
    live::api,
};
use alumia_protocol::{
    MessageId,
    blocks::{Block, Content, UpdateBlock},
    dataspec::{DataSpec, Field, FieldKind, Form},
    sessions::{ChatRequest, NewMessage},
};
use leptos::{ev, prelude::*, task::spawn_local};
use std::collections::BTreeMap;

pub(super) fn view(spec: Form, block: Option<RwSignal<Block>>) -> AnyView {
    let values = RwSignal::new(
        spec.fields
            .iter()
            .map(|field| (field.name.clone(), field.value.clone().unwrap_or_default()))
            .collect::<BTreeMap<_, _>>(),
    );
    let busy = RwSignal::new(false);
    let toasts = use_context::<Toasts>();
    let id = block.map(|block| block.with_untracked(|block| block.id.to_string())).unwrap_or_default();
    let label = if spec.submit_label.is_empty() { "Submit".to_owned() } else { spec.submit_label.clone() };
    let fields = spec.fields.iter().cloned().map(|field| control(field, &id, values)).collect_view();
    let submit = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let (Some(block), false) = (block, busy.get_untracked()) else { return };
        let filled = fill(&spec, &values.get_untracked());
        busy.set(true);
        spawn_local(async move {
            let outcome = send(block, filled).await;
            busy.try_set(false);
            if let Some(toasts) = toasts {
                match outcome {
                    Ok(()) => toasts.say("Sent to the chat"),
                    Err(problem) => toasts.fail(problem.message),
                }
            }
        });
    };
    view! {
        <form class="block-form" on:submit=submit>
            {fields}
            <Button kind=Kind::Primary submit=true busy=busy disabled=Signal::stored(block.is_none())>{label}</Button>
        </form>
    }
    .into_any()
}

fn control(field: Field, block: &str, values: RwSignal<BTreeMap<String, String>>) -> impl IntoView {
    let Field { name, label, kind, options, required, .. } = field;
    let id = format!("{block}-{name}");
    let key = name.clone();
    let value = move || values.with(|values| values.get(&key).cloned().unwrap_or_default());
    let set = move |value: String| {
        values.update(|values| {
            values.insert(name.clone(), value);
        });
    };
    let input = match kind {
        FieldKind::Textarea => {
            view! {
                <textarea id=id.clone() rows="3" required=required prop:value=value on:input=move |event| set(event_target_value(&event))></textarea>
            }
            .into_any()
        }
        FieldKind::Select => {
            let present = value();
            let options = options
                .into_iter()
                .map(|option| view! { <option value=option.clone() selected=option == present>{option.clone()}</option> })
                .collect_view();
            view! {
                <select id=id.clone() required=required on:change=move |event| set(event_target_value(&event))>
                    <option value="">"Choose…"</option>
                    {options}
                </select>
            }
            .into_any()
        }
        FieldKind::Checkbox => {
            let checked = move || value() == "true";
            view! {
                <input id=id.clone() type="checkbox" prop:checked=checked on:change=move |event| set(event_target_checked(&event).to_string()) />
            }
            .into_any()
        }
        FieldKind::Text | FieldKind::Number | FieldKind::Date => {
            let kind = match kind {
                FieldKind::Number => "number",
                FieldKind::Date => "date",
                _ => "text",
            };
            view! {
                <input id=id.clone() type=kind step="any" required=required prop:value=value on:input=move |event| set(event_target_value(&event)) />
            }
            .into_any()
        }
    };
    view! {
        <div class="field">
            <label for=id>{label}{required.then(|| view! { <span class="muted">" (required)"</span> })}</label>
            <div class="field-control">{input}</div>
        </div>
    }
}

/// The form with what was filled in.
fn fill(spec: &Form, values: &BTreeMap<String, String>) -> Form {
    let mut filled = spec.clone();
    for field in &mut filled.fields {
        field.value = values.get(&field.name).filter(|value| !value.is_empty()).cloned();
    }
    filled
}

/// What the session reads: one line per field.
fn message(title: &str, form: &Form) -> String {
    let lines = form
        .fields
        .iter()
        .map(|field| format!("- {}: {}", field.label, field.value.as_deref().unwrap_or("(empty)")));
    std::iter::once(format!("{}:", if title.is_empty() { "Form" } else { title }))
        .chain(lines)
        .collect::<Vec<_>>()
        .join("\n")
}

async fn send(block: RwSignal<Block>, form: Form) -> api::Answer<()> {
    let present = block.get_untracked();
    let content = message(&present.title, &form);
    let change = UpdateBlock {
        version: present.version,
        title: None,
        content: Some(Content::Data(DataSpec::Form(form))),
        position: None,
    };
    block.try_set(api::update_block(present.id, &change).await?);
    let request = ChatRequest {
        session_id: present.session_id,
        agent_id: None,
        project_id: Some(present.project_id),
        message: NewMessage { id: MessageId::new(), content, attachments: vec![] },
        model: None,
    };
    api::chat(&request).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::{fill, message};
    use alumia_protocol::dataspec::DataSpec;
    use std::collections::BTreeMap;

    #[test]
    fn what_was_filled_in_reads_as_a_message() {
        let form = DataSpec::examples().into_iter().find_map(|spec| match spec {
            DataSpec::Form(form) => Some(form),
            _ => None,
        });
        let filled = fill(&form.unwrap(), &BTreeMap::from([("region".to_owned(), "North".to_owned())]));
        assert_eq!(message("Compare", &filled), "Compare:\n- Region: North\n- Since: (empty)");
    }
}
