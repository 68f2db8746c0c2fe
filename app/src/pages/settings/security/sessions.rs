use super::{Section, account::reload_after};
use crate::{
    components::{
        button::Button,
        status::{Badge, Tone},
        time::Ago,
    },
    pages::{PageError, frame::CurrentOrg},
};
use alumia_protocol::security::BrowserSession;
use leptos::prelude::*;

/// Ends one session, or with no id all but this one.
#[server(prefix = "/fn", endpoint = "end_session")]
pub async fn end_session(org: String, id: String) -> Result<(), PageError> {
    let page = super::page_of(&org);
    let user = crate::server::signed_in(&page)?;
    let identity = crate::server::identity();
    if id.is_empty() {
        identity.end_other_sessions(user, &crate::server::session()).await?;
    } else {
        identity.end_session(user, &id).await?;
    }
    leptos_axum::redirect(&page);
    Ok(())
}

#[component]
pub(super) fn Sessions(sessions: Vec<BrowserSession>) -> impl IntoView {
    let action = ServerAction::<EndSession>::new();
    reload_after(action);
    let others = sessions.iter().any(|session| !session.current);
    let rows = sessions.into_iter().map(|session| view! { <Row session action /> }).collect_view();
    let all = others.then(|| {
        let org = expect_context::<CurrentOrg>().slug();
        view! {
            <ActionForm action=action>
                <input type="hidden" name="org" value=org />
                <input type="hidden" name="id" value="" />
                <Button submit=true>"Sign out everywhere else"</Button>
            </ActionForm>
        }
    });
    view! {
        <Section title="Sessions" lead="Browsers that are signed in to your account. End what you don't know.">
            <ul role="list" class="settings-list">{rows}</ul>
            {all}
        </Section>
    }
}

#[component]
fn Row(session: BrowserSession, action: ServerAction<EndSession>) -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    let BrowserSession { id, device, address, last_used_at, current, .. } = session;
    let end = if current {
        view! { <Badge tone=Tone::Green text="This browser".to_owned() /> }.into_any()
    } else {
        let label = format!("End the session of {device}");
        view! {
            <ActionForm action=action>
                <input type="hidden" name="org" value=org />
                <input type="hidden" name="id" value=id />
                <Button submit=true attr:aria-label=label>"End"</Button>
            </ActionForm>
        }
        .into_any()
    };
    view! {
        <li class="settings-row">
            <div class="settings-what">
                <strong class="truncate">{device}</strong>
                <span class="muted">{address}" · last used "<Ago at=last_used_at /></span>
            </div>
            {end}
        </li>
    }
}
