//! `alumia admin billing reconcile`: looks after payments and compares the books.

use crate::{config::Config, serve};
use alumia_platform::Result;
use std::fmt::Write as _;

/// What to tell the operator, and whether all adds up.
pub async fn reconcile(config: &Config) -> Result<(String, bool)> {
    let platform = serve::build(config).await?;
    let looked = platform.payments.reconcile().await?;
    let differences = platform.payments.compare().await?;
    platform.store.close().await;
    let mut told = format!("{looked} payments were due to be looked at.\n");
    for difference in &differences {
        // Writing to a text can't fail.
        let _ = writeln!(told, "organization {}: {}", difference.org, difference.what);
    }
    if differences.is_empty() {
        told.push_str("Ledger, calls, payments and gateway agree.\n");
    }
    Ok((told, differences.is_empty()))
}
