//! The end of a reservation, and giving a charge back.

use super::{Book, Moves, closed, overflow};
use crate::{
    Error, Result,
    billing::model::{Grant, Reservation, State, Used},
};
use alumia_protocol::{
    Microcredits, ReservationId,
    billing::{Bucket, BucketKind, EntryKind, Place},
};

impl Book {
    /// Settles what was `used`, or releases all. What is used beyond the reservation is charged as far as
    /// credits and hard budgets reach; the rest is written off, which the books show and nobody pays.
    pub(super) fn close(&mut self, id: ReservationId, used: Option<Used>) -> Result<Reservation> {
        let reservation = self.reservations.get(&id).ok_or(Error::NotFound("reservation"))?;
        if reservation.state != State::Open {
            return Err(closed());
        }
        let mut reservation = reservation.clone();
        let cost = used.map_or(Microcredits::ZERO, |used| used.cost);
        if cost.is_negative() {
            return Err(Error::internal(format!("a call can't cost {cost}")));
        }
        let within = cost.min(reservation.amount);
        let moves = Moves::new(EntryKind::Settle, Some(id));
        let free = Moves { kind: EntryKind::Release, ..moves };
        let mut rest = within;
        for &(bucket, part) in &reservation.parts {
            let taken = part.min(rest);
            rest = rest.checked_sub(taken).ok_or_else(overflow)?;
            let back = part.checked_sub(taken).ok_or_else(overflow)?;
            let index =
                self.bucket(bucket).ok_or_else(|| Error::internal("a bucket that holds credits is gone"))?;
            self.shift(index, &moves, Place::Reserved, Place::Spent, taken)?;
            let over = self.buckets[index].bucket.is_over(self.now);
            let target = if over { Place::Expired } else { Place::Available };
            self.shift(index, &free, Place::Reserved, target, back)?;
        }
        let beyond = cost.checked_sub(within).ok_or_else(overflow)?;
        let charged = self.charge_beyond(&reservation, &moves, within, beyond)?;
        let written_off = beyond.checked_sub(charged).ok_or_else(overflow)?;
        if written_off.is_positive() {
            self.write(&moves, Place::WrittenOff, Place::Spent, None, written_off);
        }
        reservation.cost = within.checked_add(charged).ok_or_else(overflow)?;
        reservation.written_off = written_off;
        reservation.state = if used.is_some() { State::Settled } else { State::Released };
        reservation.used = used.unwrap_or_default();
        reservation.closed_at = Some(self.now);
        for counted in self.budgets.iter_mut().filter(|counted| counted.applies(&reservation.charged_to)) {
            let start = counted.start(reservation.created_at)?;
            let notice = counted.close(start, reservation.amount, reservation.cost)?;
            self.changes.notices.extend(notice);
        }
        self.changes.reservations.insert(id);
        self.reservations.insert(id, reservation.clone());
        Ok(reservation)
    }

    /// Charges as much of `beyond` as there is; returns how much that was.
    fn charge_beyond(
        &mut self,
        reservation: &Reservation,
        moves: &Moves,
        within: Microcredits,
        beyond: Microcredits,
    ) -> Result<Microcredits> {
        if !beyond.is_positive() {
            return Ok(Microcredits::ZERO);
        }
        let mut charge = beyond.min(self.available()?);
        for counted in self.budgets.iter().filter(|counted| counted.limit.hard) {
            if !counted.applies(&reservation.charged_to) {
                continue;
            }
            let start = counted.start(reservation.created_at)?;
            if counted.counters.contains_key(&start) {
                // The reservation is still counted, and its charge is not yet.
                let left = counted.left(start)?.checked_add(reservation.amount);
                let left = left.and_then(|left| left.checked_sub(within)).ok_or_else(overflow)?;
                charge = charge.min(left).max(Microcredits::ZERO);
            }
        }
        self.draw(moves, charge, Place::Spent)?;
        Ok(charge)
    }

    /// Gives a charge back as a bucket of its own, at most as much as was charged.
    pub(super) fn refund(&mut self, id: ReservationId, amount: Microcredits) -> Result<Bucket> {
        let reservation = self.reservations.get(&id).ok_or(Error::NotFound("reservation"))?;
        let refunded = reservation.refunded.checked_add(amount).ok_or_else(overflow)?;
        if !amount.is_positive() || refunded > reservation.cost {
            return Err(Error::conflict(format!(
                "{amount} can't be given back: {} were charged and {} of them are back already.",
                reservation.cost, reservation.refunded
            )));
        }
        let mut reservation = reservation.clone();
        reservation.refunded = refunded;
        let grant = Grant {
            key: format!("refund:{id}:{}", refunded.0),
            kind: BucketKind::Refund,
            amount,
            expires_at: None,
        };
        let bucket = self.put(grant, EntryKind::Refund, Place::Spent, Some(id))?;
        for counted in self.budgets.iter_mut().filter(|counted| counted.applies(&reservation.charged_to)) {
            let start = counted.start(reservation.created_at)?;
            counted.refund(start, amount)?;
        }
        self.changes.reservations.insert(id);
        self.reservations.insert(id, reservation);
        Ok(bucket)
    }
}
