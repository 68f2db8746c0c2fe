//! Anything may happen in any order: rules that hold all the same.

use super::tests::{
    chaos::{Chaos, approval, worn_out},
    world::World,
};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Everything that can happen to a run does happen in some of these, else they prove little.
#[test]
fn chaos_reaches_everything() {
    let mut seen: BTreeMap<&str, u32> = BTreeMap::new();
    let mut state = 1_u64;
    for _ in 0..1_500 {
        let mut chaos = Chaos::new();
        for _ in 0..220 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            chaos.step(u32::try_from(state >> 33).unwrap());
        }
        chaos.stop();
        chaos.check();
        for event in &chaos.rig.log {
            *seen.entry(event.data.kind()).or_default() += 1;
            if worn_out(&event.data).is_some() {
                *seen.entry("a tool is off").or_default() += 1;
            }
        }
    }
    for kind in [
        "run.started",
        "step.started",
        "message.completed",
        "message.discarded",
        "model.retrying",
        "context.compacted",
        "tool.started",
        "tool.completed",
        "tool.failed",
        "tool.retrying",
        "approval.requested",
        "approval.resolved",
        "usage.recorded",
        "billing.blocked",
        "run.completed",
        "run.failed",
        "run.cancelled",
        "a tool is off",
    ] {
        assert!(seen.get(kind).is_some_and(|times| *times >= 10), "{kind} is rare: {seen:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn prop_the_rules_hold_whatever_happens(dice in prop::collection::vec(any::<u32>(), 1..200)) {
        let mut chaos = Chaos::new();
        for dice in dice {
            chaos.step(dice);
        }
        chaos.stop();
        chaos.check();
        chaos.step(0);
    }

    #[test]
    fn prop_a_log_cut_anywhere_is_taken_to_an_end(
        dice in prop::collection::vec(any::<u32>(), 1..120),
        cut in any::<prop::sample::Index>(),
    ) {
        let mut chaos = Chaos::new();
        for dice in dice {
            chaos.step(dice);
        }
        let mut log = chaos.rig.log;
        log.truncate(cut.index(log.len() + 1));
        let world = World::after(log, Vec::new(), approval(u32::try_from(cut.index(4)).unwrap()), 0).run();
        prop_assert!(world.rig.end().is_some());
    }
}
