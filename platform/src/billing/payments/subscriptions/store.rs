use crate::{
    Result,
    billing::store::{time_or_null, word},
    store::{Columns as _, Store, Tx},
};
use alumia_protocol::{
    OrgId, Timestamp,
    billing::{Subscription, SubscriptionState},
};
use sqlx::{Row as _, any::AnyRow};

/// An organisation as a gateway's customer.
#[derive(Clone, Debug)]
pub struct Customer {
    pub org: OrgId,
    pub id: String,
    pub subscription: Option<Subscription>,
    pub begun_at: Timestamp,
    pub check_at: Option<Timestamp>,
    pub looks: i64,
    /// The page where somebody subscribes that was opened last.
    pub checkout: Option<String>,
}

fn customer(row: &AnyRow) -> Result<Customer> {
    let package: Option<String> = row.try_get("package")?;
    let subscription = match package {
        None => None,
        Some(package_id) => Some(Subscription {
            package_id,
            state: row.named::<SubscriptionState>("state")?,
            period_start: row.time("period_start")?,
            period_end: row.time("period_end")?,
            ends: row.number("ends")? == 1,
        }),
    };
    Ok(Customer {
        org: row.parsed("org_id")?,
        id: row.text("customer_id")?,
        subscription,
        begun_at: row.time("begun_at")?,
        check_at: time_or_null(row, "check_at")?,
        looks: row.number("looks")?,
        checkout: row.try_get("checkout_id")?,
    })
}

/// The organisation as a customer.
pub async fn of_org(store: &Store, gateway: &str, org: OrgId) -> Result<Option<Customer>> {
    let row = sqlx::query("SELECT * FROM gateway_customers WHERE org_id = $1 AND gateway = $2")
        .bind(org.to_string())
        .bind(gateway.to_owned())
        .fetch_optional(store.read())
        .await?;
    row.as_ref().map(customer).transpose()
}

/// What an organisation subscribed to last, at whichever gateway.
pub async fn of_account(store: &Store, org: OrgId) -> Result<Option<Subscription>> {
    let row = sqlx::query(
        "SELECT * FROM gateway_customers WHERE org_id = $1 AND package IS NOT NULL ORDER BY updated_at DESC LIMIT 1",
    )
    .bind(org.to_string())
    .fetch_optional(store.read())
    .await?;
    Ok(row.as_ref().map(customer).transpose()?.and_then(|customer| customer.subscription))
}

/// Notes what a gateway calls an organisation; what was noted first stays, and is answered.
pub async fn enrol(tx: &mut Tx, gateway: &str, org: OrgId, id: &str, now: Timestamp) -> Result<String> {
    let row = sqlx::query(
        "INSERT INTO gateway_customers (org_id, gateway, customer_id, begun_at, updated_at) \
         VALUES ($1, $2, $3, $4, $4) ON CONFLICT (org_id, gateway) DO UPDATE SET \
         customer_id = gateway_customers.customer_id RETURNING customer_id",
    )
    .bind(org.to_string())
    .bind(gateway.to_owned())
    .bind(id.to_owned())
    .bind(now.0)
    .fetch_one(&mut **tx)
    .await?;
    row.text("customer_id")
}

/// Notes that somebody goes to subscribe, or to change that; the customer is looked after from then on.
pub async fn begin(
    tx: &mut Tx,
    gateway: &str,
    id: &str,
    checkout: Option<&str>,
    now: Timestamp,
    check_at: Option<Timestamp>,
) -> Result<()> {
    sqlx::query(
        "UPDATE gateway_customers SET begun_at = $3, check_at = $4, checkout_id = COALESCE($5, checkout_id) \
         WHERE gateway = $1 AND customer_id = $2",
    )
    .bind(gateway.to_owned())
    .bind(id.to_owned())
    .bind(now.0)
    .bind(check_at.map(|at| at.0))
    .bind(checkout.map(str::to_owned))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// The customer that a gateway calls this, and nobody else's until the transaction ends.
pub async fn lock(tx: &mut Tx, gateway: &str, id: &str) -> Result<Option<Customer>> {
    let row = sqlx::query(
        "UPDATE gateway_customers SET updated_at = updated_at WHERE gateway = $1 AND customer_id = $2 RETURNING *",
    )
    .bind(gateway.to_owned())
    .bind(id.to_owned())
    .fetch_optional(&mut **tx)
    .await?;
    row.as_ref().map(customer).transpose()
}

pub async fn save(tx: &mut Tx, gateway: &str, customer: &Customer, now: Timestamp) -> Result<()> {
    let subscription = customer.subscription.as_ref();
    sqlx::query(
        "UPDATE gateway_customers SET package = $3, state = $4, period_start = $5, period_end = $6, ends = $7, \
         updated_at = $8, check_at = $9, looks = looks + 1 WHERE gateway = $1 AND customer_id = $2",
    )
    .bind(gateway.to_owned())
    .bind(&customer.id)
    .bind(subscription.map(|subscription| subscription.package_id.clone()))
    .bind(subscription.map(|subscription| word(&subscription.state)).transpose()?)
    .bind(subscription.map(|subscription| subscription.period_start.0))
    .bind(subscription.map(|subscription| subscription.period_end.0))
    .bind(i64::from(subscription.is_some_and(|subscription| subscription.ends)))
    .bind(now.0)
    .bind(customer.check_at.map(|at| at.0))
    .execute(&mut **tx)
    .await?;
    Ok(())
}

/// How often the gateway's word of a customer was done; `None` for one that isn't ours.
pub async fn looks(store: &Store, gateway: &str, id: &str) -> Result<Option<i64>> {
    let row = sqlx::query("SELECT looks FROM gateway_customers WHERE gateway = $1 AND customer_id = $2")
        .bind(gateway.to_owned())
        .bind(id.to_owned())
        .fetch_optional(store.read())
        .await?;
    row.map(|row| row.number("looks")).transpose()
}

/// Customers, those that were looked at last first.
pub async fn all(store: &Store, gateway: &str, most: i64) -> Result<Vec<Customer>> {
    let rows = sqlx::query(
        "SELECT * FROM gateway_customers WHERE gateway = $1 ORDER BY updated_at DESC, customer_id LIMIT $2",
    )
    .bind(gateway.to_owned())
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(customer).collect()
}

/// Customers that are due to be looked after, the longest due first.
pub async fn due(store: &Store, gateway: &str, now: Timestamp, most: i64) -> Result<Vec<String>> {
    let rows = sqlx::query(
        "SELECT customer_id FROM gateway_customers WHERE gateway = $1 AND check_at <= $2 ORDER BY check_at LIMIT $3",
    )
    .bind(gateway.to_owned())
    .bind(now.0)
    .bind(most)
    .fetch_all(store.read())
    .await?;
    rows.iter().map(|row| row.text("customer_id")).collect()
}
