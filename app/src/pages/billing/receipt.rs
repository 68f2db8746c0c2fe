//! `/<org>/billing/receipts/<id>`: one payment, to print or to keep.

use crate::{
    components::{
        credits,
        icon::Icon,
        status::{Badge, Tone},
        time,
    },
    pages::{PageError, Problem},
};
use alumia_protocol::{
    billing::{Invoice, PaymentState},
    people::Org,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};

/// Reads a payment, and who it is for.
#[server(prefix = "/fn", endpoint = "receipt")]
pub async fn load_receipt(org: String, id: String, path: String) -> Result<(Invoice, Org), PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    scope.require_treasurer()?;
    let id: alumia_protocol::PaymentId =
        id.parse().map_err(|_| alumia_platform::Error::NotFound("payment"))?;
    Ok((platform.payments.invoice(&scope, id).await?, platform.orgs.get(&scope).await?))
}

/// The page.
#[component]
pub fn ReceiptPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let param = move |name: &'static str| params.with(|params| params.get(name).unwrap_or_default());
    let data = Resource::new_blocking(
        move || (param("org"), param("id")),
        move |(org, id)| load_receipt(org, id, path.get_untracked()),
    );
    view! {
        <Title text="Receipt" />
        <main id="main" class="page receipt" tabindex="-1">
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok((invoice, org)) => view! { <Receipt invoice org /> }.into_any(),
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Receipt(invoice: Invoice, org: Org) -> impl IntoView {
    let money = |cents: i64| credits::money(cents, &invoice.currency);
    let title = if matches!(invoice.state, PaymentState::Done | PaymentState::Refunded) {
        "Receipt"
    } else {
        "Invoice"
    };
    let (tone, words) = super::payments::state(invoice.state);
    let back = (invoice.refunded_cents > 0).then(|| {
        view! { <div><dt>"Paid back"</dt><dd>{money(invoice.refunded_cents)}</dd></div> }
    });
    let test = invoice.test_money.then(|| {
        view! { <p class="test-money"><Badge tone=Tone::Amber text="Test money".to_owned() />" Nothing was charged."</p> }
    });
    let how = if invoice.automatic { " for Alumia, bought automatically" } else { " for Alumia" };
    let back_to = format!("/{}/billing#payments", org.slug);
    view! {
        <header class="page-head">
            <h1>{title}</h1>
            <div class="settings-acts">
                <a class="button quiet" href=back_to><Icon name="arrow-left" />"Billing"</a>
                <button type="button" class="button needs-script" on:click=move |_| drop(window().print())>
                    <Icon name="document" />
                    "Print"
                </button>
            </div>
        </header>
        <dl class="card receipt-lines">
            <div><dt>"For"</dt><dd>{org.name}</dd></div>
            <div><dt>"What"</dt><dd>{credits::words(invoice.credits)}{how}</dd></div>
            <div><dt>"Price"</dt><dd>{money(invoice.amount_cents)}</dd></div>
            {back}
            <div><dt>"State"</dt><dd><Badge tone=tone text=words.to_owned() /></dd></div>
            <div><dt>"Begun"</dt><dd>{time::day(invoice.created_at)}</dd></div>
            <div><dt>"Last changed"</dt><dd>{time::day(invoice.updated_at)}</dd></div>
            <div><dt>"Reference"</dt><dd><code class="reference">{invoice.id.to_string()}</code></dd></div>
        </dl>
        {test}
    }
}
