//! Writing what changed in books.

use crate::{
    Result,
    billing::{
        book::{Book, Counter, Kept},
        model::Reservation,
        store::word,
    },
    store::{
        Tx,
        many::{pieces, rows},
    },
};
use alumia_protocol::{BudgetId, OrgId, Timestamp};
use std::collections::{BTreeSet, HashMap};

/// Writes what changed in these books.
pub(in crate::billing) async fn save(tx: &mut Tx, books: &HashMap<OrgId, Book>) -> Result<()> {
    for (org, book) in books.iter().filter(|(_, book)| book.changes.account) {
        sqlx::query(
            "UPDATE billing_accounts SET package = $2, anchor = $3, granted_until = $4, paid_until = $5 \
             WHERE org_id = $1",
        )
        .bind(org.to_string())
        .bind(&book.account.package)
        .bind(book.account.anchor.0)
        .bind(book.account.granted_until.0)
        .bind(book.account.paid_until.map(|until| until.0))
        .execute(&mut **tx)
        .await?;
    }
    save_buckets(tx, books).await?;
    save_reservations(tx, books).await?;
    save_counters(tx, books).await?;
    save_entries(tx, books).await
}

async fn save_buckets(tx: &mut Tx, books: &HashMap<OrgId, Book>) -> Result<()> {
    let changed: Vec<(OrgId, &Kept)> = books
        .iter()
        .flat_map(|(org, book)| {
            let changed = book.buckets.iter().filter(|kept| book.changes.buckets.contains(&kept.bucket.id));
            changed.map(|kept| (*org, kept))
        })
        .collect();
    for piece in pieces(&changed) {
        let sql = rows(
            "INSERT INTO credit_buckets (org_id, id, kind, grant_key, granted, consumed, reserved, expired, \
             reversed, expires_at, created_at) VALUES ",
            piece.len(),
            11,
            " ON CONFLICT (org_id, id) DO UPDATE SET consumed = excluded.consumed, reserved = excluded.reserved, \
             expired = excluded.expired, reversed = excluded.reversed",
        );
        let mut query = sqlx::query(sql);
        for (org, Kept { key, bucket }) in piece {
            query = query
                .bind(org.to_string())
                .bind(bucket.id.to_string())
                .bind(word(&bucket.kind)?)
                .bind(key)
                .bind(bucket.granted.0)
                .bind(bucket.consumed.0)
                .bind(bucket.reserved.0)
                .bind(bucket.expired.0)
                .bind(bucket.reversed.0)
                .bind(bucket.expires_at.map(|at| at.0))
                .bind(bucket.created_at.0);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

async fn save_reservations(tx: &mut Tx, books: &HashMap<OrgId, Book>) -> Result<()> {
    let changed: Vec<(OrgId, &Reservation)> = books
        .iter()
        .flat_map(|(org, book)| {
            let ids = book.changes.reservations.iter();
            ids.filter_map(|id| Some((*org, book.reservations.get(id)?)))
        })
        .collect();
    for piece in pieces(&changed) {
        let sql = rows(
            "INSERT INTO reservations (org_id, id, state, operation, model, amount, parts, cost, written_off, \
             refunded, input_tokens, cached_tokens, output_tokens, millis, workspace_id, user_id, project_id, \
             agent_id, session_id, run_id, deadline, created_at, closed_at, byok) VALUES ",
            piece.len(),
            24,
            " ON CONFLICT (org_id, id) DO UPDATE SET state = excluded.state, cost = excluded.cost, \
             written_off = excluded.written_off, refunded = excluded.refunded, \
             input_tokens = excluded.input_tokens, cached_tokens = excluded.cached_tokens, \
             output_tokens = excluded.output_tokens, millis = excluded.millis, closed_at = excluded.closed_at",
        );
        let mut query = sqlx::query(sql);
        for (org, held) in piece {
            let (to, usage) = (&held.charged_to, &held.used.usage);
            query = query
                .bind(org.to_string())
                .bind(held.id.to_string())
                .bind(word(&held.state)?)
                .bind(word(&held.operation)?)
                .bind(&held.model)
                .bind(held.amount.0)
                .bind(serde_json::to_string(&held.parts)?)
                .bind(held.cost.0)
                .bind(held.written_off.0)
                .bind(held.refunded.0)
                .bind(usage.input_tokens)
                .bind(usage.cached_tokens)
                .bind(usage.output_tokens)
                .bind(held.used.millis)
                .bind(to.workspace_id.map(|id| id.to_string()))
                .bind(to.user_id.map(|id| id.to_string()))
                .bind(to.project_id.map(|id| id.to_string()))
                .bind(to.agent_id.map(|id| id.to_string()))
                .bind(to.session_id.map(|id| id.to_string()))
                .bind(to.run_id.map(|id| id.to_string()))
                .bind(held.deadline.0)
                .bind(held.created_at.0)
                .bind(held.closed_at.map(|at| at.0))
                .bind(i64::from(held.byok));
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}

async fn save_counters(tx: &mut Tx, books: &HashMap<OrgId, Book>) -> Result<()> {
    let mut changed: Vec<(OrgId, BudgetId, Timestamp, Counter)> = Vec::new();
    for (org, book) in books {
        for counted in &book.budgets {
            let Some(id) = counted.id else { continue };
            let touched: BTreeSet<_> = counted.touched.iter().collect();
            for start in touched {
                let counter = counted.counters.get(start).copied().unwrap_or_default();
                changed.push((*org, id, *start, counter));
            }
        }
    }
    for piece in pieces(&changed) {
        let sql = rows(
            "INSERT INTO budget_periods (org_id, budget_id, starts_at, spent, reserved) VALUES ",
            piece.len(),
            5,
            " ON CONFLICT (org_id, budget_id, starts_at) \
             DO UPDATE SET spent = excluded.spent, reserved = excluded.reserved",
        );
        let mut query = sqlx::query(sql);
        for (org, id, start, counter) in piece {
            query = query
                .bind(org.to_string())
                .bind(id.to_string())
                .bind(start.0)
                .bind(counter.spent.0)
                .bind(counter.reserved.0);
        }
        query.execute(&mut **tx).await?;
    }
    for (org, book) in books {
        for notice in &book.changes.notices {
            sqlx::query(
                "INSERT INTO budget_notices (org_id, budget_id, starts_at, percent, at) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            )
            .bind(org.to_string())
            .bind(notice.budget.to_string())
            .bind(notice.starts_at.0)
            .bind(notice.percent)
            .bind(book.now.0)
            .execute(&mut **tx)
            .await?;
        }
    }
    Ok(())
}

async fn save_entries(tx: &mut Tx, books: &HashMap<OrgId, Book>) -> Result<()> {
    let all: Vec<_> = books
        .iter()
        .flat_map(|(org, book)| book.changes.entries.iter().map(move |entry| (*org, entry)))
        .collect();
    for piece in pieces(&all) {
        let sql = rows(
            "INSERT INTO ledger_entries (org_id, id, transaction_id, kind, source, target, bucket_id, \
             reservation_id, amount, at) VALUES ",
            piece.len(),
            10,
            "",
        );
        let mut query = sqlx::query(sql);
        for (org, entry) in piece {
            query = query
                .bind(org.to_string())
                .bind(entry.id.to_string())
                .bind(entry.transaction_id.to_string())
                .bind(word(&entry.kind)?)
                .bind(word(&entry.source)?)
                .bind(word(&entry.target)?)
                .bind(entry.bucket_id.map(|id| id.to_string()))
                .bind(entry.reservation_id.map(|id| id.to_string()))
                .bind(entry.amount.0)
                .bind(entry.at.0);
        }
        query.execute(&mut **tx).await?;
    }
    Ok(())
}
