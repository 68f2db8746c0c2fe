//! What packages cap by number. Whoever makes one more asks for the cap in the transaction that makes it, and counts.

use super::{Package, Packages, store};
use crate::{Error, Result, store::Tx};
use alumia_protocol::{
    OrgId, Timestamp,
    billing::{Blocked, PackageLimit, size},
};

/// The packages' caps for who makes what they count; by default nothing is capped. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Allowance(Option<Packages>);

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capped {
    Members,
    Projects,
    /// Bytes of files.
    Storage,
}

/// Bytes of what packages count as a megabyte.
const MEGABYTE: i64 = 1 << 20;

impl Capped {
    /// How many a package includes.
    fn most(self, package: &Package) -> Option<i64> {
        let caps = package.caps;
        match self {
            Self::Members => caps.members.map(i64::from),
            Self::Projects => caps.projects.map(i64::from),
            Self::Storage => caps.storage_mb.map(|megabytes| i64::from(megabytes) * MEGABYTE),
        }
    }
}

/// How many of something an organisation may have.
#[derive(Clone, Debug)]
pub struct Room {
    most: Option<i64>,
    what: Capped,
    package: Package,
    packages: Packages,
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
        Ok(Some(Room { most: what.most(&package), what, package, packages: packages.clone() }))
    }
}

impl Room {
    /// That so many, the new one included, are no more than the package includes.
    ///
    /// # Errors
    /// `PaymentRequired` with the package.
    pub fn holds(&self, count: i64) -> Result<()> {
        if self.most.is_none_or(|most| count <= most) { Ok(()) } else { Err(self.refusal()) }
    }

    /// How many more there may be; `None` for as many as one likes.
    pub fn left(&self, count: i64) -> Option<i64> {
        self.most.map(|most| (most - count).max(0))
    }

    /// That there is no room for more.
    pub fn refusal(&self) -> Error {
        let most = self.most.unwrap_or(i64::MAX);
        let plural = if most == 1 { "" } else { "s" };
        let (lacks, what) = match self.what {
            Capped::Members => (PackageLimit::Members, format!("{most} member{plural}")),
            Capped::Projects => (PackageLimit::Projects, format!("{most} project{plural}")),
            Capped::Storage => (PackageLimit::Storage, format!("{} of files", size(most))),
        };
        let make_room = match self.what {
            Capped::Storage => "delete what nobody needs: projects, or files in /work of a sandbox",
            Capped::Members | Capped::Projects => "make room first",
        };
        let message = format!(
            "The package {} includes {what}. Choose another package under Billing, or {make_room}.",
            self.package.name
        );
        let more = |other: &Package| self.what.most(other).is_none_or(|other| other > most);
        let (id, others) = (self.package.id.clone(), self.packages.with(more));
        Error::PaymentRequired(Box::new(Blocked::by_package(lacks, id, message, others)))
    }
}
