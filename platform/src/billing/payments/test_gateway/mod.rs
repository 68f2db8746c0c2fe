//! A gateway that takes test money: cards that succeed, fail, need a second look, or whose event comes late, twice
//! or never. Its books lie in tables of their own, as a real one's lie elsewhere.
mod store;

pub use store::Event;

use super::gateway::{Begun, Charge, ChargeState, Gateway, Order, SavedCard, Standing};
use crate::{Error, Result, clock::Clock, store::Store};
use alumia_protocol::OrgId;
use async_trait::async_trait;
use std::sync::Arc;
use uuid::Uuid;

/// How late an event is that comes late.
const LATE_SECONDS: i64 = 20;

/// What a test card does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Card {
    /// Pays, and an event tells at once.
    Pays,
    Declined,
    /// Can be saved, and is declined whenever it is charged.
    DeclinedLater,
    /// Asks once more; paying again with it confirms.
    Challenged,
    /// Pays, and the event comes late.
    Late,
    /// Pays, and the event comes twice.
    Twice,
    /// Pays, and no event ever comes.
    Never,
}

impl Card {
    /// By its number.
    ///
    /// # Errors
    /// `Invalid` for a number that is no test card's.
    pub fn parse(number: &str) -> Result<Self> {
        let digits: String = number.chars().filter(|c| !c.is_whitespace()).collect();
        Ok(match digits.as_str() {
            "4242424242424242" => Self::Pays,
            "4000000000000002" => Self::Declined,
            "4000000000000341" => Self::DeclinedLater,
            "4000002760003184" => Self::Challenged,
            "4000000000000077" => Self::Late,
            "4000000000000085" => Self::Twice,
            "4000000000000093" => Self::Never,
            _ => {
                let message = "Use one of the test cards. No real money is taken here.";
                return Err(Error::invalid("card", message));
            }
        })
    }
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct TestGateway {
    store: Store,
    clock: Arc<dyn Clock>,
}

impl TestGateway {
    /// A gateway whose books are in this store.
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// What happens when somebody pays with this card.
    ///
    /// # Errors
    /// `NotFound`, or `Conflict` when it is paid already.
    pub async fn pay(&self, object_id: &str, card: Card) -> Result<()> {
        self.attempt(object_id, card, true).await
    }

    /// Keeps a card.
    ///
    /// # Errors
    /// `Invalid` for one that is no test card's, or that is declined.
    pub fn save_card(&self, number: &str) -> Result<SavedCard> {
        if Card::parse(number)? == Card::Declined {
            return Err(Error::invalid("testCard", "The card was declined. Try another card."));
        }
        let id: String = number.chars().filter(|c| !c.is_whitespace()).collect();
        let last4 = id.chars().skip(id.len().saturating_sub(4)).collect();
        Ok(SavedCard { id, last4 })
    }

    /// See [`Self::pay`]. Where nobody is `there`, it is tried once and no bank can be answered.
    async fn attempt(&self, object_id: &str, card: Card, there: bool) -> Result<()> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let state = store::lock(&mut tx, object_id).await?.ok_or(Error::NotFound("payment"))?;
        if !there && state != "open" {
            return Ok(());
        }
        if state == "succeeded" {
            return Err(Error::conflict("This payment is paid already."));
        }
        let (state, reason) = match card {
            Card::Challenged if !there => {
                ("declined", Some("The bank asks for a confirmation, and nobody was there to give it."))
            }
            Card::DeclinedLater | Card::Declined => {
                ("declined", Some("The card was declined. Try another card."))
            }
            Card::Challenged if state != "challenged" => {
                ("challenged", Some("The bank asks you to confirm. Pay again to confirm."))
            }
            _ => ("succeeded", None),
        };
        store::set_state(&mut tx, object_id, state, reason).await?;
        let event = format!("te_{}", Uuid::now_v7().simple());
        let times: &[i64] = match card {
            Card::Never => &[],
            Card::Late => &[LATE_SECONDS],
            Card::Twice => &[0, 0],
            Card::Pays | Card::Declined | Card::DeclinedLater | Card::Challenged => &[0],
        };
        for (nth, seconds) in (1..).zip(times) {
            let event = Event { id: event.clone(), nth, object_id: object_id.to_owned() };
            store::insert_event(&mut tx, &event, now.plus_seconds(*seconds)).await?;
        }
        Ok(tx.commit().await?)
    }

    /// Pays so much of a payment back.
    pub async fn refund(&self, object_id: &str, cents: i64) -> Result<()> {
        let mut tx = self.store.begin().await?;
        if !store::refund(&mut tx, object_id, cents).await? {
            return Err(Error::conflict("Less than that was paid."));
        }
        let id = format!("te_{}", Uuid::now_v7().simple());
        let event = Event { id, nth: 1, object_id: object_id.to_owned() };
        store::insert_event(&mut tx, &event, self.clock.now()).await?;
        Ok(tx.commit().await?)
    }

    /// Events whose time has come.
    pub async fn due(&self) -> Result<Vec<Event>> {
        store::due(&self.store, self.clock.now()).await
    }

    /// An event has been heard.
    pub async fn delivered(&self, event: &Event) -> Result<()> {
        let mut tx = self.store.begin().await?;
        store::delete_event(&mut tx, event).await?;
        Ok(tx.commit().await?)
    }
}

#[async_trait]
impl Gateway for TestGateway {
    fn id(&self) -> &'static str {
        "test"
    }

    fn takes_test_money(&self) -> bool {
        true
    }

    async fn begin(&self, order: &Order) -> Result<Begun> {
        let object_id = format!("tp_{}", order.id.0.simple());
        let mut tx = self.store.begin().await?;
        store::insert(&mut tx, &object_id, order, self.clock.now()).await?;
        tx.commit().await?;
        Ok(Begun { client_secret: format!("{object_id}_secret"), object_id })
    }

    async fn enrol(&self, org: OrgId) -> Result<String> {
        Ok(format!("tc_{}", org.0.simple()))
    }

    async fn standing(&self, _: &str) -> Result<Option<Standing>> {
        Ok(None)
    }

    async fn charge(&self, object_id: &str, card: &str) -> Result<Option<String>> {
        self.attempt(object_id, Card::parse(card)?, false).await.map(|()| None)
    }

    async fn look(&self, object_id: &str) -> Result<Option<Charge>> {
        let found = store::get(&self.store, object_id).await?;
        Ok(found.map(|row| Charge {
            state: if row.state == "succeeded" { ChargeState::Succeeded } else { ChargeState::Open },
            reason: row.reason,
            amount_cents: row.amount_cents,
            refunded_cents: row.refunded_cents,
            currency: row.currency,
        }))
    }
}
