//! Workboards: blocks that were made as one layout and are known as one group.
//!
//! A workboard is no record of its own: each of its blocks says in its [`Position`](crate::blocks::Position)
//! which one it is part of (`groupId`), what that one is called (`groupLabel`) and its preset (`groupKind`).

use serde::{Deserialize, Serialize};

/// Most blocks of one workboard.
pub const MOST_PARTS: usize = 24;

/// What a workboard is for, which decides its layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Preset {
    /// Where things stand at a glance: key figures first, then charts and what needs attention.
    ExecutiveOverview,
    /// What came in and who does what next: the queue first, then rules, counts and exceptions.
    TriageQueue,
    /// What is known and how it hangs together: sources, findings, open questions, side by side.
    ResearchMap,
    /// One decision: the recommendation first, then options, trade-offs, risks, evidence.
    DecisionBrief,
    /// How something gets done: the timeline first, then tasks, owners, risks.
    ExecutionPlan,
    /// What is happening now: figures, charts and tables side by side.
    MonitorRoom,
    /// A text in the making: the draft first, then outline, sources, notes beside it.
    DraftStudio,
    /// A fault: what was seen first (log, code), then hypotheses, attempts, findings beside it.
    DebugConsole,
    /// What shall be built: the specification first, then data, interfaces, open points beside it.
    BuildSpec,
    /// A review: the verdict first, then findings by weight and what to change.
    ReviewRoom,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::ExecutiveOverview,
        Self::TriageQueue,
        Self::ResearchMap,
        Self::DecisionBrief,
        Self::ExecutionPlan,
        Self::MonitorRoom,
        Self::DraftStudio,
        Self::DebugConsole,
        Self::BuildSpec,
        Self::ReviewRoom,
    ];

    /// Its name on the wire, which is also a board's `groupKind`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ExecutiveOverview => "executive-overview",
            Self::TriageQueue => "triage-queue",
            Self::ResearchMap => "research-map",
            Self::DecisionBrief => "decision-brief",
            Self::ExecutionPlan => "execution-plan",
            Self::MonitorRoom => "monitor-room",
            Self::DraftStudio => "draft-studio",
            Self::DebugConsole => "debug-console",
            Self::BuildSpec => "build-spec",
            Self::ReviewRoom => "review-room",
        }
    }

    /// What people read.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ExecutiveOverview => "Executive overview",
            Self::TriageQueue => "Triage queue",
            Self::ResearchMap => "Research map",
            Self::DecisionBrief => "Decision brief",
            Self::ExecutionPlan => "Execution plan",
            Self::MonitorRoom => "Monitor room",
            Self::DraftStudio => "Draft studio",
            Self::DebugConsole => "Debug console",
            Self::BuildSpec => "Build spec",
            Self::ReviewRoom => "Review room",
        }
    }

    /// The preset of a `groupKind`; `None` for one that isn't ours.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::Preset;

    #[test]
    fn names_are_those_of_the_wire() {
        for preset in Preset::ALL {
            assert_eq!(serde_json::to_value(preset).unwrap(), preset.name());
            assert_eq!(Preset::named(preset.name()), Some(preset));
        }
        assert_eq!(Preset::named("Monitor-room"), None);
    }
}
