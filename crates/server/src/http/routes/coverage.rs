//! `GET /v1/rules/coverage`: which kinds of actions a rule decides, and which rules decide nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use acteon_core::Timestamp;
use acteon_core::limits::MAX_LOOK;
use acteon_rules::RuleSet;
use acteon_store::CoverageRow;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::error::Refusal;
use crate::http::extract::caller::MayRead;
use crate::http::extract::query::Query;
use crate::http::extract::scope::Scoped;
use crate::http::filter::Span;
use crate::http::state::AppState;

/// Time before now that is looked at by default.
const DEFAULT_SPAN: Duration = Duration::from_hours(7 * 24);

#[derive(Default)]
struct Counts {
    total: usize,
    covered: usize,
    rules: BTreeSet<Arc<str>>,
}

pub(in crate::http) async fn get(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, Span { from, to })): Query<(Scoped, Span)>,
) -> Result<Json<Value>, Refusal> {
    let to = to.unwrap_or_else(|| state.clock.now());
    let from = from.unwrap_or(to - DEFAULT_SPAN);
    let mut filter = acteon_store::HistoryFilter::of(asked.of(&caller));
    (filter.from, filter.to) = (Some(from), Some(to));
    let _turn = state.reads.take().await?;
    let (rows, capped) = state.gateway.coverage(filter, MAX_LOOK).await?;
    let (rules, span) = (state.gateway.rules(), (from, to));
    let counted = state
        .gateway
        .aside(move || body(&rows, capped, &rules, span))
        .await;
    counted.map(Json).ok_or_else(|| {
        Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "INTERNAL",
            "the count broke off",
        )
    })
}

fn body(
    rows: &[CoverageRow],
    capped: bool,
    rules: &RuleSet,
    (from, to): (Timestamp, Timestamp),
) -> Value {
    let mut counts: BTreeMap<[Arc<str>; 4], Counts> = BTreeMap::new();
    for row in rows {
        let key = [&row.namespace, &row.tenant, &row.provider, &row.action_type].map(Arc::clone);
        let counts = counts.entry(key).or_default();
        counts.total += 1;
        if let Some(rule) = &row.rule {
            counts.covered += 1;
            counts.rules.insert(Arc::clone(rule));
        }
    }
    let fully = counts
        .values()
        .filter(|counts| counts.covered == counts.total)
        .count();
    let not_at_all = counts.values().filter(|counts| counts.covered == 0).count();
    let used: BTreeSet<&Arc<str>> = counts.values().flat_map(|counts| &counts.rules).collect();
    let idle: Vec<&Arc<str>> = rules
        .rules()
        .map(|(rule, _)| rule.name())
        .filter(|name| !used.contains(name))
        .collect();
    let entries: Vec<Value> = counts
        .iter()
        .map(|(key, counts)| entry(key, counts))
        .collect();
    json!({
        "scanned_from": from, "scanned_to": to, "total_actions": rows.len(), "scan_is_capped": capped,
        "unique_combinations": counts.len(), "fully_covered": fully, "partially_covered": counts.len() - fully - not_at_all,
        "uncovered": not_at_all, "rules_loaded": rules.len(), "entries": entries, "unmatched_rules": idle,
    })
}

fn entry([namespace, tenant, provider, action_type]: &[Arc<str>; 4], counts: &Counts) -> Value {
    json!({
        "namespace": namespace, "tenant": tenant, "provider": provider, "action_type": action_type, "total": counts.total,
        "covered": counts.covered, "uncovered": counts.total - counts.covered, "matched_rules": counts.rules,
    })
}
