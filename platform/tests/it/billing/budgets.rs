//! Limits of spending.

use super::support::*;
use alumia_platform::Error;
use alumia_protocol::{
    AgentId, Microcredits, ProjectId, RunId, SessionId, TargetId, UserId, WorkspaceId,
    billing::{BlockReason, BucketKind, BudgetLimit, BudgetPeriod, BudgetScope, ChargedTo},
};
use futures::future::join_all;

fn budget(scope: BudgetScope, target: Option<uuid::Uuid>, limit: i64, hard: bool) -> BudgetLimit {
    BudgetLimit {
        scope,
        target_id: target.map(TargetId),
        period: BudgetPeriod::Day,
        limit: Microcredits(limit),
        hard,
    }
}

#[tokio::test]
async fn each_scope_stops_its_own_and_nobody_else() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 10_000, None).await;
    let mine = ChargedTo {
        workspace_id: Some(WorkspaceId::new()),
        user_id: Some(UserId::new()),
        project_id: Some(ProjectId::new()),
        agent_id: Some(AgentId::new()),
        session_id: Some(SessionId::new()),
        run_id: Some(RunId::new()),
    };
    let targets = [
        (BudgetScope::Org, None),
        (BudgetScope::Workspace, mine.workspace_id.map(|id| id.0)),
        (BudgetScope::User, mine.user_id.map(|id| id.0)),
        (BudgetScope::Project, mine.project_id.map(|id| id.0)),
        (BudgetScope::Agent, mine.agent_id.map(|id| id.0)),
        (BudgetScope::Session, mine.session_id.map(|id| id.0)),
        (BudgetScope::Run, mine.run_id.map(|id| id.0)),
    ];
    for (scope, target) in targets {
        let limit = budget(scope, target, 100, true);
        // Those before are deleted, and the new one counts what they have seen.
        world.billing.set_budgets(&world.scope, vec![limit.clone()]).await.unwrap();
        let mut ask = world.ask(60);
        ask.charged_to = mine;
        let held = world.billing.reserve(&world.scope, ask.clone()).await.unwrap();
        ask.id = alumia_protocol::ReservationId::new();
        match world.billing.reserve(&world.scope, ask).await {
            Err(Error::PaymentRequired(blocked)) => {
                assert_eq!(blocked.reason, BlockReason::BudgetExhausted);
                assert_eq!((blocked.missing, blocked.budget.clone()), (Microcredits(20), Some(limit)));
            }
            other => panic!("{scope:?}: {other:?}"),
        }
        let stranger = world.reserve(60).await;
        assert_eq!(stranger.is_ok(), scope != BudgetScope::Org, "{scope:?}");
        if let Ok(stranger) = stranger {
            world.billing.release(&world.scope, stranger.id).await.unwrap();
        }
        world.billing.release(&world.scope, held.id).await.unwrap();
    }
    world.audit().await;
}

#[tokio::test]
async fn use_beyond_the_reservation_does_not_pass_a_hard_budget() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 1_000, None).await;
    world.billing.set_budgets(&world.scope, vec![budget(BudgetScope::Org, None, 100, true)]).await.unwrap();
    let (first, second) = (world.reserve(10).await.unwrap(), world.reserve(70).await.unwrap());
    let settled = world.settle(first.id, 500).await.unwrap();
    assert_eq!((settled.cost.0, settled.written_off.0), (30, 470));
    world.settle(second.id, 70).await.unwrap();
    let budgets = world.billing.budgets(&world.scope).await.unwrap();
    assert_eq!((budgets[0].spent.0, budgets[0].reserved.0), (100, 0));
    assert_eq!(reason(world.reserve(1).await), BlockReason::BudgetExhausted);
    world.audit().await;
}

#[tokio::test]
async fn a_soft_budget_only_gives_notice_and_each_period_begins_anew() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 10_000, None).await;
    world.billing.set_budgets(&world.scope, vec![budget(BudgetScope::Org, None, 100, false)]).await.unwrap();
    let notices = "SELECT CAST(COALESCE(SUM(percent), 0) AS BIGINT) FROM budget_notices WHERE org_id = $1";
    for (cost, sum) in [(49, 0), (1, 50), (29, 50), (1, 130), (19, 130), (1, 230), (500, 230)] {
        let held = world.reserve(cost).await.unwrap();
        world.settle(held.id, cost).await.unwrap();
        assert_eq!(world.number(notices).await, sum, "after {cost} more");
    }
    world.clock.advance(DAY);
    assert_eq!(world.billing.budgets(&world.scope).await.unwrap()[0].spent, Microcredits::ZERO);
    let held = world.reserve(85).await.unwrap();
    world.settle(held.id, 85).await.unwrap();
    assert_eq!(world.number(notices).await, 230 + 80, "one leap gives the highest notice alone");
}

#[tokio::test]
async fn a_new_budget_counts_what_was_before_and_a_changed_one_goes_on() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 10_000, None).await;
    let agent = AgentId::new();
    let reserve = async |amount: i64| {
        let mut ask = world.ask(amount);
        ask.charged_to = of_agent(agent);
        world.billing.reserve(&world.scope, ask).await
    };
    let yesterday = reserve(400).await.unwrap();
    world.settle(yesterday.id, 400).await.unwrap();
    world.clock.advance(DAY);
    let (open, closed) = (reserve(30).await.unwrap(), reserve(30).await.unwrap());
    world.settle(closed.id, 20).await.unwrap();
    let limit = |limit| vec![budget(BudgetScope::Agent, Some(agent.0), limit, true)];
    let set = world.billing.set_budgets(&world.scope, limit(100)).await.unwrap();
    assert_eq!((set[0].spent.0, set[0].reserved.0), (20, 30));
    assert_eq!(reason(reserve(51).await), BlockReason::BudgetExhausted);
    world.settle(open.id, 30).await.unwrap();
    let raised = world.billing.set_budgets(&world.scope, limit(200)).await.unwrap();
    assert_eq!((raised[0].id, raised[0].spent.0), (set[0].id, 50));
    reserve(150).await.unwrap();
    let lowered = world.billing.set_budgets(&world.scope, limit(10)).await.unwrap();
    assert_eq!(lowered[0].reserved.0, 150);
    assert_eq!(reason(reserve(1).await), BlockReason::BudgetExhausted);
    world.audit().await;
}

#[tokio::test]
async fn a_run_keeps_to_its_agents_limit() {
    let world = World::poor().await;
    world.grant("a", BucketKind::TopUp, 10_000, None).await;
    let run = RunId::new();
    let reserve = async |amount: i64| {
        let mut ask = world.ask(amount);
        ask.charged_to.run_id = Some(run);
        ask.run_limit = Some(Microcredits(100));
        world.billing.reserve(&world.scope, ask).await
    };
    let held = reserve(80).await.unwrap();
    assert_eq!(reason(reserve(21).await), BlockReason::BudgetExhausted);
    world.settle(held.id, 50).await.unwrap();
    reserve(50).await.unwrap();
    assert_eq!(reason(reserve(1).await), BlockReason::BudgetExhausted);
}

#[tokio::test]
async fn budgets_that_make_no_sense_are_refused_by_field() {
    let world = World::poor().await;
    let org = budget(BudgetScope::Org, None, 5, true);
    for (limits, field) in [
        (vec![budget(BudgetScope::Org, None, -1, true)], "budgets[0].limit"),
        (vec![budget(BudgetScope::Org, None, i64::MAX, true)], "budgets[0].limit"),
        (vec![org.clone(), budget(BudgetScope::Agent, None, 1, true)], "budgets[1].targetId"),
        (vec![budget(BudgetScope::Org, Some(uuid::Uuid::now_v7()), 1, true)], "budgets[0].targetId"),
        (vec![org.clone(), org], "budgets[1]"),
    ] {
        match world.billing.set_budgets(&world.scope, limits).await {
            Err(Error::Invalid(fields)) => assert!(fields.contains_key(field), "{fields:?}"),
            other => panic!("{field}: {other:?}"),
        }
    }
    assert!(world.billing.budgets(&world.scope).await.unwrap().is_empty());
}

#[tokio::test]
async fn budgets_that_are_set_one_by_one_at_once_are_all_there() {
    let world = World::poor().await;
    let periods = [BudgetPeriod::Day, BudgetPeriod::Week, BudgetPeriod::Month, BudgetPeriod::Total];
    let put = |(period, hard)| {
        let limit = BudgetLimit { period, ..budget(BudgetScope::Org, None, 5, hard) };
        world.billing.put_budget(&world.scope, limit)
    };
    let all = periods.into_iter().flat_map(|period| [(period, true), (period, false)]);
    for done in join_all(all.map(put)).await {
        done.unwrap();
    }
    assert_eq!(world.billing.budgets(&world.scope).await.unwrap().len(), 8);
    // Another amount takes the place of the first; removing one leaves the others.
    let raised =
        world.billing.put_budget(&world.scope, budget(BudgetScope::Org, None, 7, true)).await.unwrap();
    let amounts: Vec<i64> =
        raised.iter().map(|budget| budget.limit.limit.0).filter(|limit| *limit == 7).collect();
    assert_eq!((raised.len(), amounts), (8, vec![7]));
    let gone = budget(BudgetScope::Org, None, 0, true);
    assert_eq!(world.billing.remove_budget(&world.scope, &gone).await.unwrap().len(), 7);
}
