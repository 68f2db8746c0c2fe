//! What packages cap by number. Whoever makes one more asks for the cap in the transaction that makes it, and counts.

use super::{Package, Packages, store};
use crate::{Error, Result, store::Tx};
use alumia_protocol::{
    Microcredits, OrgId, Timestamp,
    billing::{BlockReason, Blocked},
};

/// The packages' caps for who makes what they count; by default nothing is capped. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Allowance(Option<Packages>);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capped {
    Members,
    Projects,
}

/// How many of something an organisation may have.
#[derive(Clone, Debug)]
pub struct Room {
    most: Option<u32>,
    what: Capped,
    package: Package,
}

impl Allowance {
    /// What these packages include.
    pub const fn of(packages: Packages) -> Self {
        Self(Some(packages))
    }

    /// How many an organisation may have. Its account is the caller's until the transaction ends: of several who
    /// make one more at once, no more than fit do.
    pub(crate) async fn room(
        &self,
        tx: &mut Tx,
        org: OrgId,
        what: Capped,
        now: Timestamp,
    ) -> Result<Option<Room>> {
        let Some(packages) = &self.0 else { return Ok(None) };
        let mut package = store::lock_package(tx, org).await?;
        if package.is_none() {
            store::open_account(tx, org, &packages.first().id, now).await?;
            package = store::lock_package(tx, org).await?;
        }
        let package = package.map_or_else(|| packages.first(), |id| packages.get(&id)).clone();
        let most = match what {
            Capped::Members => package.caps.members,
            Capped::Projects => package.caps.projects,
        };
        Ok(Some(Room { most, what, package }))
    }
}

impl Room {
    /// That so many, the new one included, are no more than the package includes.
    ///
    /// # Errors
    /// `PaymentRequired` with the package.
    pub fn holds(&self, count: i64) -> Result<()> {
        let Some(most) = self.most.filter(|most| count > i64::from(*most)) else { return Ok(()) };
        let thing = match self.what {
            Capped::Members => "member",
            Capped::Projects => "project",
        };
        let plural = if most == 1 { "" } else { "s" };
        let message = format!(
            "The package {} includes {most} {thing}{plural}. Choose another package under Billing, or make room first.",
            self.package.name
        );
        Err(Error::PaymentRequired(Box::new(Blocked {
            reason: BlockReason::PackageBlocked,
            message,
            needed: Microcredits::ZERO,
            missing: Microcredits::ZERO,
            budget: None,
            package: Some(self.package.id.clone()),
        })))
    }
}
