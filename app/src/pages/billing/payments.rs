//! Payments and their receipts.

use crate::components::{
    credits::{money, number},
    status::{Badge, Tone},
    table::Table,
    time::date,
};
use alumia_protocol::billing::{Invoice, PaymentState};
use leptos::prelude::*;

/// Payments, newest first.
#[component]
pub fn Invoices(invoices: Vec<Invoice>) -> impl IntoView {
    if invoices.is_empty() {
        return ().into_any();
    }
    let rows = invoices.into_iter().map(|invoice| view! { <Row invoice /> }).collect_view();
    view! {
        <section class="billing-section" aria-labelledby="invoices-head">
            <h2 id="invoices-head">"Invoices and receipts"</h2>
            <Table caption="Payments" columns=vec!["Date", "Credits", "Price", "State", "Reference for support"]>
                {rows}
            </Table>
        </section>
    }
    .into_any()
}

#[component]
fn Row(invoice: Invoice) -> impl IntoView {
    let (tone, words) = match invoice.state {
        PaymentState::Processing => (Tone::Amber, "processing"),
        PaymentState::Paid => (Tone::Blue, "paid, credits pending"),
        PaymentState::Done => (Tone::Green, "done"),
        PaymentState::Failed => (Tone::Red, "failed"),
        PaymentState::Refunded => (Tone::Grey, "refunded"),
    };
    let test = invoice.test_money.then_some(" (test money)");
    let back = (invoice.refunded_cents > 0 && invoice.state != PaymentState::Refunded)
        .then(|| format!("{} paid back", money(invoice.refunded_cents, &invoice.currency)));
    view! {
        <tr>
            <td>{date(invoice.created_at)}</td>
            <td class="num">{number(invoice.credits)}</td>
            <td class="num">{money(invoice.amount_cents, &invoice.currency)}{test}</td>
            <td>
                <Badge tone=Signal::stored(tone) text=Signal::stored(words.to_owned()) />
                {invoice.reason.clone().or(back).map(|why| view! { <p class="muted">{why}</p> })}
            </td>
            <td><code class="billing-reference">{invoice.id.to_string()}</code></td>
        </tr>
    }
}
