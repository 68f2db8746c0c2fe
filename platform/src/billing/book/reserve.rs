//! Setting the worst case of a call aside.

use super::{Book, Moves, closed, overflow};
use crate::{
    Error, Result,
    billing::{
        Package,
        model::{Ask, MOST, Reservation, State, Used},
    },
};
use alumia_protocol::{
    Microcredits,
    billing::{BlockReason, Blocked, EntryKind, Operation, PackageLimit, Place},
};

const MINUTE: i64 = 60_000;

impl Book {
    pub(super) fn reserve(&mut self, ask: Ask) -> Result<Reservation> {
        if let Some(before) = self.reservations.get(&ask.id) {
            return if before.state == State::Open { Ok(before.clone()) } else { Err(closed()) };
        }
        if ask.amount.is_negative() || ask.amount > MOST {
            return Err(Error::internal(format!("{} can't be reserved", ask.amount)));
        }
        self.admit(&ask)?;
        let moves = Moves::new(EntryKind::Reserve, Some(ask.id));
        let parts = self.draw(&moves, ask.amount, Place::Reserved)?;
        for counted in self.budgets.iter_mut().filter(|counted| counted.applies(&ask.charged_to)) {
            let start = counted.start(self.now)?;
            counted.reserve(start, ask.amount)?;
        }
        let reservation = Reservation {
            id: ask.id,
            state: State::Open,
            operation: ask.operation,
            model: ask.model,
            amount: ask.amount,
            parts,
            cost: Microcredits::ZERO,
            written_off: Microcredits::ZERO,
            refunded: Microcredits::ZERO,
            // Until it is over, all the time that it may take.
            used: Used { millis: ask.millis, ..Used::default() },
            byok: false,
            charged_to: ask.charged_to,
            deadline: ask.deadline,
            created_at: self.now,
            closed_at: None,
        };
        if let Some(counted) = self.millis.get_mut(&ask.operation) {
            *counted = counted.saturating_add(ask.millis);
        }
        self.changes.reservations.insert(ask.id);
        self.reservations.insert(ask.id, reservation.clone());
        Ok(reservation)
    }

    /// Writes down a call that cost the organisation nothing here, because its own key paid.
    pub(super) fn note(&mut self, ask: Ask, used: Used) -> Reservation {
        let reservation = Reservation {
            id: ask.id,
            state: State::Settled,
            operation: ask.operation,
            model: ask.model,
            amount: Microcredits::ZERO,
            parts: Vec::new(),
            cost: Microcredits::ZERO,
            written_off: Microcredits::ZERO,
            refunded: Microcredits::ZERO,
            used: Used { cost: Microcredits::ZERO, ..used },
            byok: true,
            charged_to: ask.charged_to,
            deadline: ask.deadline,
            created_at: self.now,
            closed_at: Some(self.now),
        };
        self.changes.reservations.insert(ask.id);
        self.reservations.insert(ask.id, reservation.clone());
        reservation
    }

    /// Whether it can be paid: by the package, then by each budget, then by the credits that there are.
    fn admit(&self, ask: &Ask) -> Result<()> {
        self.includes(ask)?;
        if ask.amount == Microcredits::ZERO {
            return Ok(());
        }
        let blocked = |reason, message, missing| Blocked {
            reason,
            message,
            needed: ask.amount,
            missing,
            budget: None,
            package: None,
            lacks: None,
            included_in: Vec::new(),
        };
        for counted in self.budgets.iter().filter(|counted| counted.limit.hard) {
            if !counted.applies(&ask.charged_to) {
                continue;
            }
            let left = counted.left(counted.start(self.now)?)?;
            let missing = ask.amount.checked_sub(left).ok_or_else(overflow)?;
            if missing.is_positive() {
                let message = format!(
                    "A budget of {} is used up: this needs up to {}. Raise the budget, or wait for its next period.",
                    counted.limit.limit, ask.amount
                );
                let blocked = blocked(BlockReason::BudgetExhausted, message, missing);
                let budget = Some(counted.limit.clone());
                return Err(Error::PaymentRequired(Box::new(Blocked { budget, ..blocked })));
            }
        }
        let available = self.available()?;
        let missing = ask.amount.checked_sub(available).ok_or_else(overflow)?;
        if missing.is_positive() {
            let message =
                format!("This needs up to {}, and {available} are left. Buy credits to go on.", ask.amount);
            return Err(Error::PaymentRequired(Box::new(blocked(BlockReason::NoCredits, message, missing))));
        }
        Ok(())
    }

    /// Whether the package does.
    fn includes(&self, ask: &Ask) -> Result<()> {
        let package = &self.package;
        let lacks = |lacks, message, others| {
            let blocked = Blocked::by_package(lacks, package.id.clone(), message, others);
            Err(Error::PaymentRequired(Box::new(Blocked { needed: ask.amount, ..blocked })))
        };
        if let Some(tier) = ask.tier
            && !package.tiers.contains(&tier)
        {
            let message = format!(
                "The package {} doesn't include {} models. Choose another model or another package.",
                package.name,
                tier.word()
            );
            return lacks(
                PackageLimit::Models,
                message,
                self.packages.with(|other| other.tiers.contains(&tier)),
            );
        }
        let used = self.millis.get(&ask.operation).copied().unwrap_or_default();
        if let Some(minutes) = package.caps.minutes(ask.operation)
            && used.saturating_add(ask.millis.max(1)) > i64::from(minutes) * MINUTE
        {
            let (limit, of, this) = match ask.operation {
                Operation::Browser => (PackageLimit::BrowserMinutes, "browsers", "call"),
                _ => (PackageLimit::SandboxMinutes, "commands in the sandbox", "command"),
            };
            let left = (i64::from(minutes) * MINUTE - used).max(0) / 1_000;
            let message = format!(
                "The package {} includes {minutes} minutes of {of} a month. {left} seconds are free, and this \
                 {this} may take {}. Choose another package, or wait for the next month.",
                package.name,
                (ask.millis + 999) / 1_000
            );
            let more = |other: &Package| other.caps.minutes(ask.operation).is_none_or(|most| most > minutes);
            return lacks(limit, message, self.packages.with(more));
        }
        Ok(())
    }
}
