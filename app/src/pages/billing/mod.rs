//! `/<org>/billing`: what there is, what it was used for, limits, own keys, payments.
//!
//! The parts are read apart, so that a payment that is on its way can be looked at again and again without touching
//! what somebody types elsewhere on the page.

mod auto_top_up;
mod budgets;
mod included;
mod overview;
mod own_keys;
mod payments;
mod receipt;
mod stripe;
mod usage;

pub use receipt::ReceiptPage;

use super::{PageError, Problem, settings::Reload};
use crate::{
    components::{card::EmptyState, icon::Icon},
    live::spending::Spending,
};
use alumia_protocol::{
    List,
    billing::{AutoTopUp, BillingOverview, Bucket, Budget, Catalog, Invoice, OwnKey, TopUpOffer},
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map, use_query_map};
use serde::{Deserialize, Serialize};

/// The balance, and what can be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Account {
    /// The balance and where it goes.
    pub overview: BillingOverview,
    /// Credits that were granted together, newest first; `None` for those who don't look after money.
    pub buckets: Option<Vec<Bucket>>,
    /// Packages and credits to buy.
    pub catalog: Catalog,
}

/// Usage, limits and keys.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Books {
    /// What credits were used for.
    pub usage: usage::Shown,
    /// Limits.
    pub budgets: Vec<Budget>,
    /// What a budget can be set for.
    pub targets: Vec<budgets::Target>,
    /// Keys of the organisation's own.
    pub keys: Vec<OwnKey>,
    /// Providers that take one.
    pub providers: Vec<String>,
    /// Whether the package takes keys of one's own.
    pub keys_included: bool,
}

/// Reads the balance, and what can be had.
#[server(prefix = "/fn", endpoint = "billing_account")]
pub async fn load_account(org: String, path: String, returned: bool) -> Result<Account, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    if returned && scope.require_treasurer().is_ok() {
        // Somebody comes back from the gateway's page. If it doesn't answer now, its event or the next look will.
        drop(platform.payments.look_at_subscription(&scope).await);
    }
    let buckets = match scope.require_treasurer() {
        Ok(()) => Some(platform.billing.buckets(&scope, None, 20).await?.items),
        Err(_) => None,
    };
    let overview = platform.billing.overview(&scope).await?;
    Ok(Account { overview, buckets, catalog: platform.payments.catalog() })
}

/// Reads usage, limits and keys; `None` for those who don't look after money.
#[server(prefix = "/fn", endpoint = "billing_books")]
pub async fn load_books(
    org: String,
    wanted: usage::Wanted,
    path: String,
) -> Result<Option<Books>, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    if scope.require_treasurer().is_err() {
        return Ok(None);
    }
    Ok(Some(Books {
        usage: usage::read(&platform, &scope, wanted).await?,
        budgets: platform.billing.budgets(&scope).await?,
        targets: budgets::targets(&platform, &scope).await?,
        keys: platform.own_keys.list(&scope).await?,
        providers: platform.own_keys.providers(),
        keys_included: platform.billing.overview(&scope).await?.package.own_keys,
    }))
}

/// Reads how automatic top-up stands, and what can be bought; `None` for those who don't look after money, and where
/// nobody takes any.
#[server(prefix = "/fn", endpoint = "billing_auto_top_up")]
pub async fn load_auto_top_up(
    org: String,
    path: String,
    returned: bool,
) -> Result<Option<(AutoTopUp, TopUpOffer)>, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    let offer = platform.payments.catalog().top_ups;
    if scope.require_treasurer().is_err() || offer.gateway.is_none() {
        return Ok(None);
    }
    if returned {
        // As above, for whoever went to save a card.
        drop(platform.payments.look_at_card(&scope).await);
    }
    Ok(Some((platform.payments.auto_top_up(&scope).await?, offer)))
}

/// Reads the newest payments; `None` for those who don't look after money.
#[server(prefix = "/fn", endpoint = "billing_payments")]
pub async fn load_payments(org: String, path: String) -> Result<Option<List<Invoice>>, PageError> {
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    if scope.require_treasurer().is_err() {
        return Ok(None);
    }
    Ok(Some(platform.payments.invoices(&scope, None, 50).await?))
}

/// Looks again how payments stand, and the balance.
#[derive(Clone, Copy)]
struct LookAgain(Callback<()>);

/// `/<org>/billing`
#[component]
pub fn BillingPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let query = use_query_map();
    let org = Memo::new(move |_| params.with(|params| params.get("org").unwrap_or_default()));
    let wanted = Memo::new(move |_| query.with(usage::Wanted::of));
    let returned = Memo::new(move |_| query.with(|query| query.get("returned").is_some()));
    let account = Resource::new_blocking(
        move || (org.get(), returned.get()),
        move |(org, returned)| load_account(org, path.get_untracked(), returned),
    );
    let books = Resource::new_blocking(
        move || (org.get(), wanted.get()),
        move |(org, wanted)| load_books(org, wanted, path.get_untracked()),
    );
    let auto_top_up = Resource::new_blocking(
        move || (org.get(), returned.get()),
        move |(org, returned)| load_auto_top_up(org, path.get_untracked(), returned),
    );
    let payments =
        Resource::new_blocking(move || org.get(), move |org| load_payments(org, path.get_untracked()));
    let spending = expect_context::<Spending>();
    provide_context(Reload(Callback::new(move |()| {
        account.refetch();
        books.refetch();
        auto_top_up.refetch();
    })));
    provide_context(LookAgain(Callback::new(move |()| {
        account.refetch();
        payments.refetch();
        spending.moved();
    })));
    // The rail was drawn before the gateway was asked.
    Effect::new(move || {
        if returned.get() && account.get().is_some() {
            spending.moved();
        }
    });
    let asked = Memo::new(move |_| query.with(|query| query.get("buy").is_some()));
    let open = RwSignal::new(asked.get_untracked());
    // A link from elsewhere in the app comes here without a new document.
    Effect::new(move || {
        if asked.get() {
            open.set(true);
        }
    });
    view! {
        <Title text="Billing" />
        <main id="main" class="page billing" tabindex="-1">
            <header class="page-head">
                <h1>"Billing"</h1>
                <Transition>
                    {move || Suspend::new(async move {
                        let account = account.await.ok()?;
                        let buying = account.buckets.is_some() && account.catalog.top_ups.gateway.is_some();
                        buying.then(|| view! { <BuyLink org=org.get_untracked() open /> })
                    })}
                </Transition>
            </header>
            <Transition>
                {move || Suspend::new(async move {
                    match account.await {
                        Ok(account) => {
                            let Account { overview, buckets, .. } = account;
                            view! {
                                <overview::Overview overview />
                                {buckets.map(|buckets| view! { <overview::Buckets buckets /> })}
                            }
                            .into_any()
                        }
                        Err(error) => view! { <Problem error /> }.into_any(),
                    }
                })}
            </Transition>
            <Transition>
                {move || Suspend::new(async move {
                    match books.await {
                        Ok(books) => view! { <Inside books org=org.get_untracked() /> }.into_any(),
                        // The balance's part says why.
                        Err(_) => ().into_any(),
                    }
                })}
            </Transition>
            <Transition>
                {move || Suspend::new(async move {
                    let (now, offer) = auto_top_up.await.ok().flatten()?;
                    Some(view! { <auto_top_up::AutoTopUps now offer org=org.get_untracked() /> })
                })}
            </Transition>
            <Transition>
                {move || Suspend::new(async move {
                    let invoices = payments.await.ok().flatten()?;
                    Some(view! { <payments::Payments invoices org=org.get_untracked() /> })
                })}
            </Transition>
            <Transition>
                {move || Suspend::new(async move {
                    let Account { overview, catalog, buckets } = account.await.ok()?;
                    Some(view! {
                        <overview::Packages
                            packages=catalog.packages
                            current=overview.package.id
                            subscription=overview.subscription
                            org=org.get_untracked()
                            manages=buckets.is_some()
                        />
                    })
                })}
            </Transition>
            <payments::Buying org open />
        </main>
    }
}

#[component]
fn BuyLink(org: String, open: RwSignal<bool>) -> impl IntoView {
    let begin = move |event: leptos::ev::MouseEvent| {
        event.prevent_default();
        open.set(true);
    };
    view! {
        <a class="button primary" href=format!("/{org}/billing?buy") on:click=begin>
            <Icon name="plus" />
            "Buy credits"
        </a>
    }
}

#[component]
fn Inside(books: Option<Books>, org: String) -> impl IntoView {
    let Some(Books { usage, budgets, targets, keys, providers, keys_included }) = books else {
        return view! {
            <EmptyState icon="lock" title="The books are for those who look after money">
                <p>"Owners, admins and billing members see usage, budgets and payments here. Ask one of them."</p>
            </EmptyState>
        }
        .into_any();
    };
    view! {
        <usage::Usage shown=usage org=org.clone() />
        <budgets::Budgets budgets targets org=org.clone() />
        <own_keys::OwnKeys keys providers included=keys_included org />
    }
    .into_any()
}
