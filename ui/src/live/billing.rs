//! Credits through the API.

use super::api::{Answer, done, send};
use alumia_protocol::{
    List, OwnKeyId, PaymentId,
    billing::{
        Budget, BudgetLimit, Invoice, NewOwnKey, NewTopUp, OwnKey, SetBudgets, TestCard, TopUp, UsageReport,
    },
};
use gloo_net::http::Method;

/// What was used in the last thirty days, summed up by `group`.
pub async fn usage(org: &str, group: &str) -> Answer<UsageReport> {
    send(Method::GET, &format!("/billing/usage?org={org}&groupBy={group}"), None::<&()>).await
}

/// Begins to buy credits.
pub async fn begin_top_up(org: &str, credits: i64) -> Answer<TopUp> {
    let path = format!("/billing/top-ups/payment-intent?org={org}");
    send(Method::POST, &path, Some(&NewTopUp { credits })).await
}

/// Pays with a test card.
pub async fn pay_test_money(org: &str, payment: PaymentId, card: String) -> Answer<Invoice> {
    let path = format!("/billing/top-ups/{payment}/test-card?org={org}");
    send(Method::POST, &path, Some(&TestCard { card })).await
}

/// Sets all budgets that there shall be.
pub async fn set_budgets(org: &str, budgets: Vec<BudgetLimit>) -> Answer<List<Budget>> {
    send(Method::PUT, &format!("/billing/budgets?org={org}"), Some(&SetBudgets { budgets })).await
}

/// Adds a key for a model provider.
pub async fn add_key(org: &str, new: &NewOwnKey) -> Answer<OwnKey> {
    send(Method::POST, &format!("/billing/byok-keys?org={org}"), Some(new)).await
}

/// Removes one.
pub async fn remove_key(org: &str, key: OwnKeyId) -> Answer<()> {
    done(Method::DELETE, &format!("/billing/byok-keys/{key}?org={org}")).await
}
