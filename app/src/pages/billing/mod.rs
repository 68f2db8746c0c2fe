//! `/<org>/billing`: credits, what they were used for, limits, own keys, payments.

mod budgets;
mod keys;
mod overview;
mod payments;
mod top_up;
mod usage;

use super::{PageError, Problem as PageProblem, frame::CurrentOrg};
use crate::{
    components::{
        button::{Button, Kind},
        toast::{Toasts, use_toasts},
    },
    live::api::Problem,
};
use alumia_protocol::billing::{BillingOverview, Bucket, Budget, Catalog, Invoice, OwnKey, UsageReport};
use budgets::Budgets;
use keys::Keys;
use leptos::{prelude::*, task::spawn_local};
use leptos_meta::Title;
use leptos_router::hooks::{use_location, use_params_map};
use overview::{Buckets, Overview, Packages};
use payments::Invoices;
use serde::{Deserialize, Serialize};
use top_up::TopUpDialog;
use usage::Usage;

/// What the page shows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BillingData {
    /// Everybody sees these.
    pub overview: BillingOverview,
    /// What can be had.
    pub catalog: Catalog,
    /// The rest is for whoever looks after money.
    pub books: Option<Books>,
}

/// What owners, admins and billing members see.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Books {
    /// Granted credits, newest first.
    pub buckets: Vec<Bucket>,
    /// Of the last thirty days, by model.
    pub usage: UsageReport,
    /// Limits.
    pub budgets: Vec<Budget>,
    /// Projects that a budget can be for: id, name.
    pub projects: Vec<(String, String)>,
    /// Keys for model providers.
    pub keys: Vec<OwnKey>,
    /// Providers that one can be added for.
    pub providers: Vec<String>,
    /// Payments, newest first.
    pub invoices: Vec<Invoice>,
}

/// Reads what the page shows.
#[server(prefix = "/fn", endpoint = "billing")]
pub async fn load_billing(org: String, path: String) -> Result<BillingData, PageError> {
    use alumia_platform::billing::reports::{CallFilter, Span};
    use alumia_protocol::{billing::UsageGroup, people::Role};
    let platform = expect_context::<alumia_platform::Platform>();
    let scope = crate::server::member(crate::server::signed_in(&path)?, &org).await?;
    let billing = &platform.billing;
    let overview = billing.overview(&scope).await?;
    let catalog = platform.payments.catalog();
    if !matches!(scope.role(), Role::Owner | Role::Admin | Role::Billing) {
        return Ok(BillingData { overview, catalog, books: None });
    }
    let span = Span::new(None, None, platform.clock.now())?;
    let projects = platform.projects.list(&scope, None, 100).await?.items;
    let books = Books {
        buckets: billing.buckets(&scope, None, 50).await?.items,
        usage: billing.usage(&scope, UsageGroup::Model, span, &CallFilter::default()).await?,
        budgets: billing.budgets(&scope).await?,
        projects: projects.into_iter().map(|project| (project.id.to_string(), project.name)).collect(),
        keys: platform.own_keys.list(&scope).await?,
        providers: platform.own_keys.providers(),
        invoices: platform.payments.invoices(&scope, None, 50).await?.items,
    };
    Ok(BillingData { overview, catalog, books: Some(books) })
}

/// What the page's parts share.
#[derive(Clone, Copy)]
struct Desk {
    org: StoredValue<String>,
    reload: Callback<()>,
    toasts: Toasts,
    busy: RwSignal<bool>,
    problem: RwSignal<Option<Problem>>,
}

impl Desk {
    fn org(self) -> String {
        self.org.get_value()
    }

    /// Does one thing at a time and keeps what went wrong.
    fn run<T: 'static>(
        self,
        call: impl Future<Output = Result<T, Problem>> + 'static,
        done: impl FnOnce(T) + 'static,
    ) {
        self.busy.set(true);
        self.problem.set(None);
        spawn_local(async move {
            let answer = call.await;
            self.busy.set(false);
            match answer {
                Ok(value) => done(value),
                Err(problem) => self.problem.set(Some(problem)),
            }
        });
    }

    /// What is wrong as a whole.
    fn trouble(self) -> Signal<Option<String>> {
        Signal::derive(move || self.problem.get().map(|problem| problem.message))
    }
}

/// `/<org>/billing`
#[component]
pub fn BillingPage() -> impl IntoView {
    let params = use_params_map();
    let path = use_location().pathname;
    let data = Resource::new_blocking(
        move || params.with(|params| params.get("org").unwrap_or_default()),
        move |org| load_billing(org, path.get_untracked()),
    );
    let toasts = use_toasts();
    let reload = Callback::new(move |()| data.refetch());
    view! {
        <Title text="Billing" />
        <main id="main" class="page" tabindex="-1">
            <Transition>
                {move || Suspend::new(async move {
                    match data.await {
                        Ok(data) => view! { <Inside data toasts reload /> }.into_any(),
                        Err(error) => view! { <PageProblem error /> }.into_any(),
                    }
                })}
            </Transition>
        </main>
    }
}

#[component]
fn Inside(data: BillingData, toasts: Toasts, reload: Callback<()>) -> impl IntoView {
    let org = expect_context::<CurrentOrg>().slug();
    let desk = Desk {
        org: StoredValue::new(org),
        reload,
        toasts,
        busy: RwSignal::new(false),
        problem: RwSignal::new(None),
    };
    let buying = RwSignal::new(false);
    let BillingData { overview, catalog, books } = data;
    let offer = catalog.top_ups.clone();
    let sells = books.is_some() && offer.gateway.is_some();
    let test = offer.gateway.as_deref() == Some("test");
    view! {
        <header class="page-head">
            <h1>"Billing"</h1>
            {sells
                .then(|| {
                    view! {
                        <span class="needs-script">
                            <Button
                                kind=Kind::Primary
                                icon="plus"
                                on:click=move |_| {
                                    desk.problem.set(None);
                                    buying.set(true);
                                }
                            >
                                "Buy credits"
                            </Button>
                        </span>
                    }
                })}
        </header>
        {test
            .then(|| {
                view! {
                    <p class="billing-test">
                        "Payments here are made with test money. Nobody is charged."
                    </p>
                }
            })}
        <Overview overview=overview.clone() />
        {books
            .map(|books| {
                view! {
                    <Usage desk report=books.usage />
                    <Budgets desk budgets=books.budgets projects=books.projects />
                    <Keys desk keys=books.keys providers=books.providers allowed=overview.package.own_keys />
                    <Invoices invoices=books.invoices />
                    <Buckets buckets=books.buckets />
                    {sells.then(|| view! { <TopUpDialog desk open=buying offer /> })}
                }
            })}
        <Packages catalog present=overview.package.id />
    }
}
