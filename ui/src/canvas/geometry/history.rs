//! Undo and redo.

/// How many changes can be taken back.
const DEPTH: usize = 200;

/// A change that knows its opposite.
pub trait Change: Sized {
    /// What takes it back.
    #[must_use]
    fn reversed(&self) -> Self;

    /// This change followed by `next` as one, when they belong together: the nudges of one key press
    /// after the other. `Err(next)` when they don't.
    fn joined(&mut self, next: Self) -> Result<(), Self> {
        Err(next)
    }
}

/// Changes that were made and those that were taken back.
#[derive(Clone, Debug, PartialEq)]
pub struct History<C> {
    done: Vec<C>,
    undone: Vec<C>,
}

impl<C> Default for History<C> {
    fn default() -> Self {
        Self { done: vec![], undone: vec![] }
    }
}

impl<C: Change + Clone> History<C> {
    /// Remembers a change; what was taken back before can't be redone any more. `join` makes it part of
    /// the last one where that is possible.
    pub fn push(&mut self, change: C, join: bool) {
        self.undone.clear();
        let change = match self.done.last_mut() {
            Some(last) if join => match last.joined(change) {
                Ok(()) => return,
                Err(change) => change,
            },
            _ => change,
        };
        self.done.push(change);
        if self.done.len() > DEPTH {
            self.done.remove(0);
        }
    }

    /// What to do to take the last change back.
    pub fn undo(&mut self) -> Option<C> {
        let change = self.done.pop()?;
        let reversed = change.reversed();
        self.undone.push(change);
        Some(reversed)
    }

    /// What to do to make the last change that was taken back again.
    pub fn redo(&mut self) -> Option<C> {
        let change = self.undone.pop()?;
        self.done.push(change.clone());
        Some(change)
    }

    /// Forgets the changes that `gone` says make no sense any more.
    pub fn forget(&mut self, gone: impl Fn(&C) -> bool) {
        self.done.retain(|change| !gone(change));
        self.undone.retain(|change| !gone(change));
    }

    /// Whether there is something to undo.
    pub fn can_undo(&self) -> bool {
        !self.done.is_empty()
    }

    /// Whether there is something to redo.
    pub fn can_redo(&self) -> bool {
        !self.undone.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, DEPTH, History};

    #[derive(Clone, Debug, PartialEq)]
    struct Step(i32, i32);

    impl Change for Step {
        fn reversed(&self) -> Self {
            Self(self.1, self.0)
        }

        fn joined(&mut self, next: Self) -> Result<(), Self> {
            if self.1 != next.0 {
                return Err(next);
            }
            self.1 = next.1;
            Ok(())
        }
    }

    #[test]
    fn goes_back_and_forth() {
        let mut history = History::default();
        history.push(Step(0, 1), false);
        history.push(Step(1, 2), false);
        assert_eq!(history.undo(), Some(Step(2, 1)));
        assert_eq!(history.undo(), Some(Step(1, 0)));
        assert_eq!(history.undo(), None);
        assert_eq!(history.redo(), Some(Step(0, 1)));
        history.push(Step(1, 9), false);
        assert!(!history.can_redo());
        assert_eq!(history.undo(), Some(Step(9, 1)));
    }

    #[test]
    fn nudges_are_taken_back_together() {
        let mut history = History::default();
        history.push(Step(0, 1), true);
        history.push(Step(1, 2), true);
        history.push(Step(7, 8), true);
        assert_eq!(history.undo(), Some(Step(8, 7)));
        assert_eq!(history.undo(), Some(Step(2, 0)));
        assert!(!history.can_undo());
    }

    #[test]
    fn forgets_the_oldest_and_what_is_gone() {
        let mut history = History::default();
        for at in 0..=i32::try_from(DEPTH).unwrap() {
            history.push(Step(at, -at), false);
        }
        assert_eq!(history.done.len(), DEPTH);
        assert_eq!(history.done[0], Step(1, -1));
        history.forget(|step| step.0 > 1);
        assert_eq!(history.done.len(), 1);
    }
}
