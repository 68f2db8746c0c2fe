//! The ledger as one would keep it on paper: no database, no batches, nothing shared with the real one.

use super::support::Sums;
use std::collections::BTreeMap;

/// Kinds in the order of their use.
pub const KINDS: usize = 5;

#[derive(Clone, Debug)]
pub struct Bucket {
    pub kind: usize,
    pub granted: i64,
    pub free: i64,
    pub held: i64,
    pub spent: i64,
    pub lost: i64,
    pub reversed: i64,
    pub ends: i64,
}

#[derive(Clone, Debug)]
pub struct Call {
    pub open: bool,
    pub agent: usize,
    pub amount: i64,
    parts: Vec<(usize, i64)>,
    pub cost: i64,
    pub refunded: i64,
    day: i64,
    pub deadline: i64,
}

/// What a call or the end of one comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Says {
    Done,
    NoCredits,
    OverBudget,
    Over,
}

/// One organisation with a hard budget a day, and one in all for the first of its agents.
#[derive(Default)]
pub struct Plain {
    pub now: i64,
    pub buckets: Vec<Bucket>,
    pub calls: Vec<Call>,
    pub a_day: i64,
    pub first_agent: i64,
}

impl Plain {
    fn over(&self, index: usize) -> bool {
        self.buckets[index].ends <= self.now
    }

    pub fn grant(&mut self, kind: usize, amount: i64, ends: i64) {
        let none =
            Bucket { kind, granted: amount, free: amount, held: 0, spent: 0, lost: 0, reversed: 0, ends };
        self.buckets.push(none);
    }

    /// Whatever looks at the books first takes what is over out of them.
    pub fn look(&mut self) {
        for index in 0..self.buckets.len() {
            if self.over(index) {
                let bucket = &mut self.buckets[index];
                bucket.lost += std::mem::take(&mut bucket.free);
            }
        }
    }

    fn free(&self) -> i64 {
        (0..self.buckets.len()).filter(|&index| !self.over(index)).map(|index| self.buckets[index].free).sum()
    }

    /// Takes from what ends first, then by kind, then by age.
    fn take(&mut self, mut amount: i64) -> Vec<(usize, i64)> {
        let mut order: Vec<usize> = (0..self.buckets.len()).filter(|&index| !self.over(index)).collect();
        order.sort_by_key(|&index| (self.buckets[index].ends, self.buckets[index].kind, index));
        let mut parts = Vec::new();
        for index in order {
            let part = self.buckets[index].free.min(amount);
            if part > 0 {
                self.buckets[index].free -= part;
                amount -= part;
                parts.push((index, part));
            }
        }
        assert_eq!(amount, 0, "taken without looking");
        parts
    }

    const fn day(at: i64) -> i64 {
        at / 86_400_000_000
    }

    fn used(&self, which: impl Fn(&Call) -> bool) -> i64 {
        let of = |call: &Call| if call.open { call.amount } else { call.cost - call.refunded };
        self.calls.iter().filter(|call| which(call)).map(of).sum()
    }

    /// What the budgets leave to a call of `agent` that was made on `day`.
    fn left(&self, agent: usize, day: i64) -> i64 {
        let of_day = self.a_day - self.used(|call| call.day == day);
        if agent == 0 { of_day.min(self.first_agent - self.used(|call| call.agent == 0)) } else { of_day }
    }

    pub fn reserve(&mut self, agent: usize, amount: i64, deadline: i64) -> Says {
        self.look();
        let day = Self::day(self.now);
        if amount > self.left(agent, day) {
            return Says::OverBudget;
        }
        if amount > self.free() {
            return Says::NoCredits;
        }
        let parts = self.take(amount);
        for (index, part) in &parts {
            self.buckets[*index].held += part;
        }
        self.calls.push(Call { open: true, agent, amount, parts, cost: 0, refunded: 0, day, deadline });
        Says::Done
    }

    /// `None` charges nothing.
    pub fn close(&mut self, place: usize, cost: Option<i64>) -> Says {
        self.look();
        let call = self.calls[place].clone();
        if !call.open {
            return Says::Over;
        }
        let cost = cost.unwrap_or(0);
        let mut rest = cost.min(call.amount);
        for (index, part) in call.parts {
            let (taken, over) = (part.min(rest), self.over(index));
            rest -= taken;
            let bucket = &mut self.buckets[index];
            bucket.held -= part;
            bucket.spent += taken;
            *(if over { &mut bucket.lost } else { &mut bucket.free }) += part - taken;
        }
        self.calls[place].open = false;
        self.calls[place].cost = cost.min(call.amount);
        let beyond = (cost - call.amount).max(0);
        let beyond = beyond.min(self.free()).min(self.left(call.agent, call.day)).max(0);
        for (index, part) in self.take(beyond) {
            self.buckets[index].spent += part;
        }
        self.calls[place].cost += beyond;
        Says::Done
    }

    pub fn refund(&mut self, place: usize, amount: i64) -> Says {
        self.look();
        let call = &mut self.calls[place];
        if amount > call.cost - call.refunded {
            return Says::Over;
        }
        call.refunded += amount;
        self.grant(3, amount, i64::MAX);
        Says::Done
    }

    /// So much of it is taken back in all, as far as it is there.
    pub fn reverse(&mut self, index: usize, total: i64) {
        self.look();
        let bucket = &mut self.buckets[index];
        let taken = bucket.free.min(total - bucket.reversed);
        bucket.free -= taken;
        bucket.reversed += taken;
    }

    /// What nobody settled in time is free again.
    pub fn sweep(&mut self) {
        for place in 0..self.calls.len() {
            if self.calls[place].open && self.calls[place].deadline <= self.now {
                self.close(place, None);
            }
        }
    }

    pub fn sums(&self) -> Sums {
        let mut sums = Sums::default();
        for (index, bucket) in self.buckets.iter().enumerate() {
            sums.granted += bucket.granted;
            let free = if self.over(index) { &mut sums.lost } else { &mut sums.free };
            *free += bucket.free;
            sums.held += bucket.held;
            sums.spent += bucket.spent;
            sums.lost += bucket.lost;
            sums.reversed += bucket.reversed;
        }
        sums
    }

    /// What is used of each day's budget, and of the first agent's.
    pub fn budgets(&self) -> (BTreeMap<i64, i64>, i64) {
        let mut days: BTreeMap<i64, i64> = BTreeMap::new();
        for call in &self.calls {
            *days.entry(call.day).or_default() +=
                if call.open { call.amount } else { call.cost - call.refunded };
        }
        (days, self.used(|call| call.agent == 0))
    }
}
