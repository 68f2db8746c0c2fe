//! What the engine keeps in this process: its workers' runs, the tools' facts.

use super::{
    driver::Order,
    machine::{Catalog, ToolFacts},
    places::Places,
    store::Claimed,
};
use crate::{
    billing::{Packages, Rates},
    tools::{Tool, Tools},
};
use alumia_models::ToolSpec;
use alumia_protocol::{MessageId, RunId};
use serde_json::Value;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{Mutex as Turn, Notify, OwnedSemaphorePermit, Semaphore, mpsc};

/// Characters of what a title says about its call.
const SUMMARY: usize = 80;

/// A run on its way to a driver, with its place among those that go on at once.
pub struct Handed {
    pub run: Claimed,
    pub place: OwnedSemaphorePermit,
}

/// The worker of this process, while there is one.
#[derive(Clone)]
pub struct Worker {
    pub owner: Arc<str>,
    pub hand: mpsc::UnboundedSender<Handed>,
}

/// See the module.
pub struct Here {
    /// Tells the worker that there is something to claim.
    pub wake: Notify,
    /// Room for runs going on at once.
    pub places: Arc<Semaphore>,
    /// Room for runs of each organisation.
    pub places_of_orgs: Places,
    pub catalog: Arc<Catalog>,
    worker: Mutex<Option<Worker>>,
    running: Mutex<HashMap<RunId, mpsc::UnboundedSender<Order>>>,
    /// Descriptions of sets of tools as models read them.
    specs: Mutex<HashMap<Vec<&'static str>, Arc<[ToolSpec]>>>,
    /// The same message sent several times at once is looked at one by one.
    accepting: Vec<Turn<()>>,
    #[cfg(test)]
    pub trap: super::tests::Trap,
}

impl Here {
    pub fn new(tools: &Tools, packages: &Packages, workers: usize) -> Self {
        let (tools, rates) = (tools.clone(), packages.rates());
        // Where some package caps it, time is counted that costs nothing.
        let packages_here = packages.clone();
        let counted = move |operation| {
            packages_here.all().iter().any(|package| package.caps.minutes(operation).is_some())
        };
        let facts = move |name: &str, arguments: &Value| {
            let tool = tools.get(name)?;
            Some(facts(&**tool, (rates, tool.paid_by_time().is_some_and(&counted)), arguments))
        };
        Self {
            wake: Notify::new(),
            places: Arc::new(Semaphore::new(workers.clamp(1, Semaphore::MAX_PERMITS))),
            places_of_orgs: Places::new(packages),
            catalog: Arc::new(facts),
            worker: Mutex::default(),
            running: Mutex::default(),
            specs: Mutex::default(),
            accepting: (0..64).map(|_| Turn::new(())).collect(),
            #[cfg(test)]
            trap: super::tests::Trap::default(),
        }
    }

    pub fn worker(&self) -> Option<Worker> {
        lock(&self.worker).clone()
    }

    pub fn set_worker(&self, worker: Option<Worker>) {
        *lock(&self.worker) = worker;
    }

    /// Opens the way for orders to a run that a driver of this process has.
    pub fn register(&self, run: RunId) -> mpsc::UnboundedReceiver<Order> {
        let (orders, receiver) = mpsc::unbounded_channel();
        lock(&self.running).insert(run, orders);
        receiver
    }

    /// Closes the way to a driver that has ended; another one may have taken the run since.
    pub fn unregister(&self, run: RunId) {
        let mut running = lock(&self.running);
        if running.get(&run).is_some_and(mpsc::UnboundedSender::is_closed) {
            running.remove(&run);
        }
    }

    /// Whether any run goes on in this process.
    pub fn is_busy(&self) -> bool {
        !lock(&self.running).is_empty()
    }

    /// Tells a run of this process something; `false` when it isn't here.
    pub fn order(&self, run: RunId, order: Order) -> bool {
        lock(&self.running).get(&run).is_some_and(|orders| orders.send(order).is_ok())
    }

    /// Where messages with this id take turns.
    pub fn accepting(&self, message: MessageId) -> &Turn<()> {
        let place = usize::from(message.0.as_bytes()[15]) % self.accepting.len();
        &self.accepting[place]
    }

    /// These tools as models read them. Agents of the same kind share one description.
    pub fn specs(&self, tools: &[&Arc<dyn Tool>]) -> Arc<[ToolSpec]> {
        let names: Vec<&'static str> = tools.iter().map(|tool| tool.name()).collect();
        let mut specs = lock(&self.specs);
        if let Some(found) = specs.get(&names) {
            return found.clone();
        }
        // Sets change with people's switches: keep a bounded number of them.
        if specs.len() >= 64 {
            specs.clear();
        }
        let made: Arc<[ToolSpec]> = tools
            .iter()
            .map(|tool| ToolSpec {
                name: tool.name().into(),
                description: tool.description().into(),
                schema: tool.schema().clone(),
            })
            .collect();
        specs.insert(names, made.clone());
        made
    }
}

fn facts(tool: &dyn Tool, (rates, counted): (Rates, bool), arguments: &Value) -> ToolFacts {
    let title = tool.title();
    let summary = tool.summary(arguments).unwrap_or_default();
    let summary: String = summary.chars().filter(|c| !c.is_control()).take(SUMMARY).collect();
    let with = |title: &str| format!("{title} {summary}").trim_end().to_owned();
    ToolFacts {
        plain: with(title.plain),
        doing: with(title.doing),
        done: with(title.done),
        effect: tool.effect(),
        idempotent: tool.idempotent(),
        timeout: tool.timeout_for(arguments),
        second_price: tool
            .paid_by_time()
            .map(|operation| rates.second(operation))
            .filter(|price| counted || price.is_positive()),
        awaits_peers: tool.awaits_peers(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packages() -> Packages {
        Packages::new(&[], "personal").unwrap()
    }

    #[test]
    fn a_driver_that_ends_late_leaves_the_way_to_the_next_one_open() {
        let (here, run) = (Here::new(&Tools::new(Vec::new()), &packages(), 1), RunId::new());
        let first = here.register(run);
        let mut second = here.register(run);
        drop(first);
        here.unregister(run);
        assert!(here.is_busy() && here.order(run, Order::Stop));
        assert!(matches!(second.try_recv(), Ok(Order::Stop)));
        drop(second);
        here.unregister(run);
        assert!(!here.is_busy() && !here.order(run, Order::Stop));
    }
}
