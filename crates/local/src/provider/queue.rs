//! One answer at a time, in the order of asking, and everybody knows their place.

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::watch;

/// A line of those who ask.
#[derive(Clone, Debug)]
pub struct Queue {
    line: Arc<Mutex<Line>>,
    moved: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Line {
    next: u64,
    here: BTreeSet<u64>,
}

/// A place in the line. Dropping it leaves the line.
#[derive(Debug)]
pub struct Place {
    number: u64,
    queue: Queue,
}

impl Queue {
    pub fn new() -> Self {
        Self { line: Arc::default(), moved: watch::Sender::new(()) }
    }

    /// At the end of the line.
    pub fn join(&self) -> Place {
        let mut line = self.line();
        let number = line.next;
        line.next += 1;
        line.here.insert(number);
        Place { number, queue: self.clone() }
    }

    /// How many are in the line, the one whose turn it is included.
    pub fn len(&self) -> usize {
        self.line().here.len()
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// How many are ahead; with none it is this one's turn.
    pub fn ahead(&self) -> usize {
        self.queue.line().here.range(..self.number).count()
    }

    /// Waits until there are fewer ahead than `ahead`.
    pub async fn moved(&self, ahead: usize) -> usize {
        let mut moved = self.queue.moved.subscribe();
        loop {
            let now = self.ahead();
            if now < ahead || moved.changed().await.is_err() {
                return now;
            }
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.line().here.remove(&self.number);
        self.queue.moved.send_replace(());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn whoever_leaves_lets_the_others_move_up() {
        let queue = Queue::new();
        let (first, second, third) = (queue.join(), queue.join(), queue.join());
        assert_eq!([first.ahead(), second.ahead(), third.ahead()], [0, 1, 2]);
        let waiting = tokio::spawn(async move {
            let then = third.moved(2).await;
            (then, third.moved(then).await)
        });
        tokio::task::yield_now().await;
        drop(second);
        tokio::task::yield_now().await;
        drop(first);
        assert_eq!(waiting.await.unwrap().1, 0);
        assert_eq!(queue.len(), 0);
    }
}
