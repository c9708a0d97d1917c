//! `/v1/upcoming` and `/v1/recurring/preview`: what will go, and what would.

use std::sync::Arc;
use std::time::Duration;

use acteon_api::{OccurrenceBody, RecurringPreview, UpcomingAction, UpcomingActions};
use acteon_core::Timestamp;
use acteon_flows::{OnDays, occurrence_id};
use acteon_gateway::{RecurringAction, RecurringError, Upcoming};
use acteon_schedule::{Cron, DayKind, time_zone};
use axum::Json;
use axum::extract::State;
use jiff::tz::TimeZone;

use crate::http::error::Refusal;
use crate::http::extract::caller::MayRead;
use crate::http::extract::query::{FromQuery, Parameters, Query, refusal};
use crate::http::extract::scope::Scoped;
use crate::http::filter::{Span, limit, word};
use crate::http::recurring::body::DEFAULT_ZONE;
use crate::http::recurring::fields::DAYS;
use crate::http::state::AppState;

/// Most occurrences that one request looks ahead to.
pub(in crate::http) const MAX_AHEAD: usize = 100;

/// Occurrences of a preview whose caller does not say.
const DEFAULT_AHEAD: usize = 5;

/// Rows of a list whose caller does not say.
const DEFAULT_PAGE: usize = 100;

/// Length of a span whose caller does not say.
const DEFAULT_SPAN: Duration = Duration::from_hours(7 * 24);

/// Number of occurrences to look ahead to, if any.
pub(in crate::http) struct Ahead(pub(in crate::http) Option<usize>);

impl FromQuery for Ahead {
    fn names() -> Vec<&'static str> {
        vec!["next"]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let in_range = |text: &str| {
            text.parse()
                .ok()
                .filter(|count| (1..=MAX_AHEAD).contains(count))
        };
        parameters
            .parsed("next", "a number from 1 to 100", in_range)
            .map(Self)
    }
}

/// Expression to look ahead with, without making anything.
pub(in crate::http) struct PreviewQuery {
    cron_expression: String,
    cron: Cron,
    timezone: String,
    zone: TimeZone,
    calendar: Option<OnDays>,
    from: Option<Timestamp>,
    next: usize,
}

impl FromQuery for PreviewQuery {
    fn names() -> Vec<&'static str> {
        vec![
            "cron_expression",
            "timezone",
            "calendar",
            "on",
            "from",
            "next",
        ]
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let wrong = |name: &str, error: &dyn std::fmt::Display| {
            refusal(format!("the query parameter {name:?} {error}"))
        };
        let given = |name| parameters.get(name).filter(|text| !text.trim().is_empty());
        let cron_expression =
            given("cron_expression").ok_or_else(|| wrong("cron_expression", &"is missing"))?;
        let cron =
            Cron::parse(cron_expression).map_err(|error| wrong("cron_expression", &error))?;
        let timezone = given("timezone").unwrap_or(DEFAULT_ZONE);
        let zone = time_zone(timezone).map_err(|error| wrong("timezone", &error))?;
        let on = word(parameters, "on", DAYS)?.and_then(|word| DayKind::parse(&word));
        let calendar = match (given("calendar"), on) {
            (None, None) => None,
            (Some(name), Some(on)) => Some(OnDays {
                name: name.to_owned(),
                workdays: on == DayKind::Workday,
            }),
            (Some(_), None) => return Err(wrong("on", &"is missing beside calendar")),
            (None, Some(_)) => return Err(wrong("calendar", &"is missing beside on")),
        };
        Ok(Self {
            cron_expression: cron_expression.to_owned(),
            cron,
            timezone: timezone.to_owned(),
            zone,
            calendar,
            from: parameters.time("from")?,
            next: Ahead::read(parameters)?.0.unwrap_or(DEFAULT_AHEAD),
        })
    }
}

pub(in crate::http) async fn preview(
    MayRead(_): MayRead,
    State(state): State<Arc<AppState>>,
    Query(asked): Query<PreviewQuery>,
) -> Result<Json<RecurringPreview>, Refusal> {
    let _turn = state.reads.take().await?;
    let recurrence = asked.cron.in_zone(asked.zone.clone());
    let from = asked.from.unwrap_or_else(|| state.clock.now());
    let on = asked.calendar.as_ref();
    let found = state
        .gateway
        .preview_recurring(recurrence, on, from, asked.next)
        .map_err(|error| match error {
            RecurringError::Calendar(message) => refusal(format!(
                "the query parameter \"calendar\" is wrong: {message}"
            )),
            error => error.into(),
        })?;
    let occurrences: Vec<_> = found
        .into_iter()
        .map(|at| occurrence(at, &asked.zone))
        .collect();
    Ok(Json(RecurringPreview {
        cron_expression: asked.cron_expression,
        timezone: asked.timezone,
        count: occurrences.len(),
        occurrences,
        warnings: Vec::from_iter(state.gateway.calendar_notice(on)),
    }))
}

/// Next occurrences of a recurring action that goes on.
pub(in crate::http) fn occurrences_of(
    state: &AppState,
    found: &RecurringAction,
    count: usize,
) -> Result<Vec<OccurrenceBody>, Refusal> {
    let zone = time_zone(&found.recurring.definition.timezone)
        .map_err(|error| Refusal::field("timezone", error.to_string()))?;
    let next = state.gateway.next_occurrences(found, count)?;
    Ok(next.into_iter().map(|at| occurrence(at, &zone)).collect())
}

fn occurrence(at: Timestamp, zone: &TimeZone) -> OccurrenceBody {
    let local = jiff::Timestamp::from_millisecond(at.as_millis()).map_or(at.to_string(), |at| {
        at.to_zoned(zone.clone())
            .strftime("%Y-%m-%dT%H:%M:%S%:z")
            .to_string()
    });
    OccurrenceBody {
        at: at.to_string(),
        local,
    }
}

/// Part of what will go.
pub(in crate::http) struct UpcomingPage {
    span: Span,
    limit: usize,
}

impl FromQuery for UpcomingPage {
    fn names() -> Vec<&'static str> {
        [&Span::names()[..], &["limit"]].concat()
    }

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        Ok(Self {
            span: Span::read(parameters)?,
            limit: limit(parameters, DEFAULT_PAGE)?,
        })
    }
}

/// Parameters of a list of what will go.
pub(in crate::http) type UpcomingQuery = (Scoped, UpcomingPage);

pub(in crate::http) async fn list(
    MayRead(caller): MayRead,
    State(state): State<Arc<AppState>>,
    Query((asked, page)): Query<UpcomingQuery>,
) -> Result<Json<UpcomingActions>, Refusal> {
    let _turn = state.reads.take().await?;
    let from = page.span.from.unwrap_or_else(|| state.clock.now());
    let to = page.span.to.unwrap_or(from + DEFAULT_SPAN);
    let found = state
        .gateway
        .upcoming(&asked.of(&caller), (from, to), page.limit)
        .await?;
    let upcoming = found.upcoming.iter().map(upcoming_action);
    let upcoming: Vec<_> = upcoming.collect::<Result<_, _>>()?;
    Ok(Json(UpcomingActions {
        count: upcoming.len(),
        upcoming,
        more: found.more,
        waiting: found.waiting.into_iter().collect(),
    }))
}

fn upcoming_action(upcoming: &Upcoming) -> Result<UpcomingAction, RecurringError> {
    let at = upcoming.at();
    Ok(match upcoming {
        Upcoming::Scheduled(action) => UpcomingAction {
            at: at.to_string(),
            kind: "scheduled".to_owned(),
            action_id: action.action_id.to_string(),
            namespace: action.namespace.to_string(),
            tenant: action.tenant.to_string(),
            provider: action.provider.to_string(),
            action_type: action.action_type.to_string(),
            recurring_id: None,
            name: None,
        },
        Upcoming::Occurrence { of, .. } => {
            let definition = &of.recurring.definition;
            UpcomingAction {
                at: at.to_string(),
                kind: "recurring".to_owned(),
                action_id: occurrence_id(&of.id, at)?.to_string(),
                namespace: of.namespace.to_string(),
                tenant: of.tenant.to_string(),
                provider: definition.provider.to_string(),
                action_type: definition.action_type.to_string(),
                recurring_id: Some(of.id.clone()),
                name: definition.name.clone(),
            }
        }
    })
}
