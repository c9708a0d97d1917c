//! Descriptions of all routes, in the order of the router's list.

use acteon_gateway::Quota;

use super::links::{OF_ACTION, OF_AUDIT, OF_INTERVAL, OF_LETTERS, OF_QUOTA, OF_SILENCE};
use super::operation::Operation;
use crate::http::extract::scope::Scoped;
use crate::http::filter::{Filters, Span};
use crate::http::replay::ReplayMany;
use crate::http::routes::audit::AuditQuery;
use crate::http::routes::dead_letters::LettersQuery;
use crate::http::routes::dispatch::DryRunQuery;
use crate::http::routes::intervals::{IntervalUpdate, NewInterval};
use crate::http::routes::quotas::{QuotaUpdate, QuotasQuery, UsageQuery};
use crate::http::routes::rules::{EvaluateRequest, ReloadRequest, SetEnabled};
use crate::http::routes::silences::{NewSilence, PreviewRequest, SilenceUpdate, SilencesQuery};

const WAIT: &[&str] = &["Prefer"];
const DISPATCH_HEADERS: &[&str] = &["Idempotency-Key", "Prefer"];
const LINES: &[&str] = &["application/x-ndjson"];
const METRICS_TEXT: &[&str] = &["text/plain", "application/openmetrics-text"];

const fn on(
    tag: &'static str,
    id: &'static str,
    summary: &'static str,
    schema: &'static str,
) -> Operation {
    Operation::new(tag, id, summary, schema)
}

pub(in crate::http) const DISPATCH: Operation = on(
    "actions",
    "dispatch",
    "Posts an action, and waits for its outcome",
    "Outcome",
)
.query::<DryRunQuery>()
.headers(DISPATCH_HEADERS)
.takes_action()
.may_be_pending()
.names_action()
.links(OF_ACTION)
.others(&[409]);
pub(in crate::http) const DISPATCH_BATCH: Operation = on(
    "actions",
    "dispatchBatch",
    "Posts up to 1000 actions, answered in their order",
    "Outcomes",
)
.query::<DryRunQuery>()
.headers(DISPATCH_HEADERS)
.takes_actions();
pub(in crate::http) const ACTION_GET: Operation = on(
    "actions",
    "getAction",
    "Shows one action as it stands",
    "ActionBody",
)
.query::<Scoped>()
.others(&[409])
.names_action();
pub(in crate::http) const AUDIT_LIST: Operation = on(
    "audit",
    "listAudit",
    "Lists the audit trail, newest first",
    "AuditPage",
)
.query::<AuditQuery>()
.links(OF_AUDIT);
pub(in crate::http) const AUDIT_EXPORT: Operation = on(
    "audit",
    "exportAudit",
    "Exports what the filters find, a JSON object a line",
    "Object",
)
.query::<Filters>()
.text(LINES);
pub(in crate::http) const AUDIT_REPLAY_MANY: Operation = on(
    "audit",
    "replayAudit",
    "Sends again what the filters find",
    "ReplayedMany",
)
.query::<ReplayMany>();
pub(in crate::http) const AUDIT_GET: Operation = on(
    "audit",
    "getAudit",
    "Shows one row of the audit trail",
    "AuditRecord",
)
.query::<Scoped>()
.others(&[409])
.names_action();
pub(in crate::http) const AUDIT_REPLAY: Operation = on(
    "audit",
    "replayAction",
    "Sends one action again",
    "Replayed",
)
.query::<Scoped>()
.headers(WAIT)
.others(&[409]);
pub(in crate::http) const DLQ_LIST: Operation = on(
    "dead letters",
    "listDeadLetters",
    "Lists dead letters, newest first",
    "DeadLetters",
)
.query::<LettersQuery>()
.links(OF_LETTERS);
pub(in crate::http) const DLQ_STATS: Operation = on(
    "dead letters",
    "countDeadLetters",
    "Counts dead letters",
    "DeadLetterCount",
)
.query::<Scoped>();
pub(in crate::http) const DLQ_DRAIN: Operation = on(
    "dead letters",
    "drainDeadLetters",
    "Hands out dead letters, and takes them off the list",
    "DrainedLetters",
);
pub(in crate::http) const DLQ_REPLAY_MANY: Operation = on(
    "dead letters",
    "replayDeadLetters",
    "Sends again the dead letters that the filters find",
    "ReplayedMany",
)
.query::<ReplayMany>();
pub(in crate::http) const DLQ_GET: Operation = on(
    "dead letters",
    "getDeadLetter",
    "Shows one dead letter",
    "ActionBody",
)
.query::<Scoped>()
.others(&[409]);
pub(in crate::http) const DLQ_DISCARD: Operation = on(
    "dead letters",
    "discardDeadLetter",
    "Takes one dead letter off the list",
    "Object",
)
.query::<Scoped>()
.no_content()
.others(&[409]);
pub(in crate::http) const DLQ_REPLAY: Operation = on(
    "dead letters",
    "replayDeadLetter",
    "Sends one dead letter again",
    "Replayed",
)
.query::<Scoped>()
.headers(WAIT)
.others(&[409]);
pub(in crate::http) const RULES_LIST: Operation = on(
    "rules",
    "listRules",
    "Lists the rules in their order",
    "Rules",
);
pub(in crate::http) const RULES_RELOAD: Operation = on(
    "rules",
    "reloadRules",
    "Reads the rules again",
    "RulesReloaded",
)
.may_take::<ReloadRequest>();
pub(in crate::http) const RULES_EVALUATE: Operation = on(
    "rules",
    "evaluateRules",
    "Decides about an action that is not there, and shows every step",
    "Evaluated",
)
.takes::<EvaluateRequest>();
pub(in crate::http) const RULES_COVERAGE: Operation = on(
    "rules",
    "getCoverage",
    "Tells which kinds of actions a rule decides about",
    "Coverage",
)
.query::<(Scoped, Span)>();
pub(in crate::http) const RULE_ENABLED: Operation = on(
    "rules",
    "setRuleEnabled",
    "Switches a rule on or off",
    "RuleSwitched",
)
.takes::<SetEnabled>();
pub(in crate::http) const SILENCES_LIST: Operation =
    on("silences", "listSilences", "Lists silences", "Silences").query::<SilencesQuery>();
pub(in crate::http) const SILENCE_CREATE: Operation = on(
    "silences",
    "createSilence",
    "Makes a silence",
    "SilenceBody",
)
.takes::<NewSilence>()
.created()
.links(OF_SILENCE)
.others(&[409]);
pub(in crate::http) const SILENCE_PREVIEW: Operation = on(
    "silences",
    "previewSilence",
    "Tells what a silence would have held back",
    "SilencePreview",
)
.takes::<PreviewRequest>();
pub(in crate::http) const SILENCE_GET: Operation =
    on("silences", "getSilence", "Shows one silence", "SilenceBody").query::<Scoped>();
pub(in crate::http) const SILENCE_UPDATE: Operation = on(
    "silences",
    "updateSilence",
    "Changes the end or the comment of a silence",
    "SilenceBody",
)
.query::<Scoped>()
.takes::<SilenceUpdate>()
.others(&[409]);
pub(in crate::http) const SILENCE_EXPIRE: Operation =
    on("silences", "expireSilence", "Ends a silence now", "Object")
        .query::<Scoped>()
        .no_content()
        .others(&[409]);
pub(in crate::http) const INTERVALS_LIST: Operation = on(
    "time intervals",
    "listTimeIntervals",
    "Lists time intervals",
    "TimeIntervals",
)
.query::<Scoped>();
pub(in crate::http) const INTERVAL_CREATE: Operation = on(
    "time intervals",
    "createTimeInterval",
    "Makes a time interval",
    "TimeIntervalBody",
)
.takes::<NewInterval>()
.created()
.links(OF_INTERVAL)
.others(&[409]);
pub(in crate::http) const INTERVAL_GET: Operation = on(
    "time intervals",
    "getTimeInterval",
    "Shows one time interval",
    "TimeIntervalBody",
);
pub(in crate::http) const INTERVAL_UPDATE: Operation = on(
    "time intervals",
    "updateTimeInterval",
    "Changes a time interval",
    "TimeIntervalBody",
)
.takes::<IntervalUpdate>()
.others(&[409]);
pub(in crate::http) const INTERVAL_DELETE: Operation = on(
    "time intervals",
    "deleteTimeInterval",
    "Deletes a time interval",
    "Object",
)
.no_content()
.others(&[409]);
pub(in crate::http) const QUOTAS_LIST: Operation =
    on("quotas", "listQuotas", "Lists quotas", "Quotas").query::<QuotasQuery>();
pub(in crate::http) const QUOTA_CREATE: Operation =
    on("quotas", "createQuota", "Makes a quota", "QuotaBody")
        .takes::<Quota>()
        .created()
        .links(OF_QUOTA)
        .others(&[409]);
pub(in crate::http) const QUOTA_GET: Operation = on(
    "quotas",
    "getQuota",
    "Shows one quota with its usage",
    "QuotaBody",
)
.query::<UsageQuery>();
pub(in crate::http) const QUOTA_UPDATE: Operation =
    on("quotas", "updateQuota", "Changes a quota", "QuotaBody")
        .query::<Scoped>()
        .takes::<QuotaUpdate>()
        .others(&[409]);
pub(in crate::http) const QUOTA_DELETE: Operation =
    on("quotas", "deleteQuota", "Deletes a quota", "Object")
        .query::<Scoped>()
        .no_content()
        .others(&[409]);
pub(in crate::http) const QUOTA_USAGE: Operation = on(
    "quotas",
    "getQuotaUsage",
    "Tells how much of a quota is used",
    "QuotaUsage",
)
.query::<UsageQuery>();
pub(in crate::http) const PROVIDERS_HEALTH: Operation = on(
    "operations",
    "getProvidersHealth",
    "Checks every provider",
    "ProvidersHealthBody",
);
pub(in crate::http) const BREAKERS_LIST: Operation = on(
    "operations",
    "listCircuitBreakers",
    "Lists circuit breakers",
    "Breakers",
)
.others(&[404]);
pub(in crate::http) const BREAKER_TRIP: Operation = on(
    "operations",
    "tripCircuitBreaker",
    "Opens a circuit breaker by hand",
    "BreakerMoved",
);
pub(in crate::http) const BREAKER_RESET: Operation = on(
    "operations",
    "resetCircuitBreaker",
    "Closes a circuit breaker by hand",
    "BreakerMoved",
);
pub(in crate::http) const LANES_LIST: Operation = on(
    "operations",
    "listLanes",
    "Lists lanes and their pace",
    "Lanes",
);
pub(in crate::http) const LANE_RESET: Operation = on(
    "operations",
    "resetLane",
    "Forgets pause and pace of a lane",
    "LaneBody",
);
pub(in crate::http) const RELOAD: Operation = on(
    "operations",
    "reload",
    "Reads configuration, API keys and rules again",
    "Reloaded",
);
pub(in crate::http) const HEALTH: Operation = on(
    "operations",
    "getHealth",
    "Alive, with counters for those who may look",
    "HealthBody",
)
.with_or_without_key();
pub(in crate::http) const LIVE: Operation =
    on("operations", "getLive", "The process answers", "HealthBody").for_anybody();
pub(in crate::http) const READY: Operation = on(
    "operations",
    "getReady",
    "Whether to send requests here",
    "ReadyBody",
)
.or_unavailable("ReadyBody")
.with_or_without_key();
pub(in crate::http) const METRICS: Operation = on(
    "operations",
    "getMetrics",
    "Metrics in the text format of Prometheus",
    "Object",
)
.with_or_without_key()
.text(METRICS_TEXT);
pub(in crate::http) const METRICS_PROMETHEUS: Operation = on(
    "operations",
    "getMetricsPrometheus",
    "The same as /metrics",
    "Object",
)
.with_or_without_key()
.text(METRICS_TEXT);
pub(in crate::http) const DOCUMENT: Operation =
    on("operations", "getOpenApi", "This document", "Object").for_anybody();
