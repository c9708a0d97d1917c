//! Rules: what each matches, and what then happens.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{ApprovalPolicy, Priority, ProviderName, Timestamp, VerdictKind};

use crate::expr::Expr;
use crate::interval::IntervalInForce;
use crate::on_mute::OnMute;
use crate::template::Template;
use crate::zone::Zone;

/// Rule, compiled: a condition, a verdict and when it mutes.
#[derive(Clone, Debug)]
pub struct Rule {
    pub(crate) name: Arc<str>,
    pub(crate) priority: i64,
    pub(crate) description: Option<String>,
    pub(crate) enabled: bool,
    pub(crate) mute: Vec<Arc<str>>,
    pub(crate) active: Vec<Arc<str>>,
    pub(crate) on_mute: Option<OnMute>,
    pub(crate) on_error: OnError,
    pub(crate) verdict: Verdict,
    pub(crate) sets_priority: Option<Priority>,
    pub(crate) source: String,
    pub(crate) condition: Expr,
    pub(crate) display: String,
    pub(crate) zone: Zone,
}

/// Verdict about an action that a rule matches.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// The action goes unchanged.
    Allow,
    /// The action does not go.
    Deny,
    /// The action does not go.
    Suppress,
    /// The action goes unless another with the same dedup key went before.
    Deduplicate {
        /// Time for which the key is held.
        ttl: Duration,
    },
    /// The action goes through another provider.
    Reroute {
        /// Name of that provider.
        target: ProviderName,
    },
    /// The action goes unless too many went within a window.
    Throttle {
        /// Number of actions that may go within the window.
        max_count: u32,
        /// Length of the window.
        window: Duration,
    },
    /// The action goes with a changed payload, or with another priority.
    Modify {
        /// Merge patch of the payload; `None` where only the priority changes.
        changes: Option<Changes>,
    },
    /// The action goes after a delay.
    Schedule {
        /// How long it waits, from its acceptance on.
        delay: Duration,
    },
    /// The action starts a chain, and is not sent itself.
    Chain {
        /// Name of the chain.
        chain: Arc<str>,
    },
    /// The action goes once people have approved it.
    RequestApproval {
        /// Who decides, and by when.
        policy: Arc<ApprovalPolicy>,
    },
}

/// Merge patch whose texts may hold `{{ expressions }}`.
#[derive(Clone, Debug)]
pub struct Changes(pub(crate) Template);

/// Effect of an error in a rule's condition on the action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// The rule does not match.
    Skip,
    /// The action is held back as a dead letter.
    Hold,
}

/// Reason why a rule mutes at an instant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Muting {
    /// Name of the time interval.
    pub interval: Arc<str>,
    /// Key of the rule that names the interval: `mute_time_interval` or `active_time_interval`.
    pub reason: &'static str,
    /// Choice of what becomes of the action.
    pub on_mute: OnMute,
}

/// Most beginnings and ends of time intervals that are looked at for one at which a rule no longer mutes.
const MAX_CHANGES: usize = 256;

impl Rule {
    /// Name of the rule, unique among the rules in force.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Position among the rules: lower numbers come first.
    pub fn priority(&self) -> i64 {
        self.priority
    }

    /// Description for people, if the file has one.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// Verdict when it matches.
    pub fn verdict(&self) -> &Verdict {
        &self.verdict
    }

    /// Priority of an action that it matches, where it says so.
    pub fn sets_priority(&self) -> Option<Priority> {
        self.sets_priority
    }

    /// Names of time intervals within which a match is muted.
    pub fn mute_intervals(&self) -> &[Arc<str>] {
        &self.mute
    }

    /// Names of time intervals outside all of which a match is muted.
    pub fn active_intervals(&self) -> &[Arc<str>] {
        &self.active
    }

    /// Time interval by which it mutes at `now`. One that `interval` does not know mutes nothing:
    /// no message is lost to a name.
    pub fn muting<'i>(
        &self,
        interval: impl Fn(&str) -> Option<IntervalInForce<'i>>,
        now: Timestamp,
    ) -> Option<Muting> {
        let on_mute = |name: &str| {
            self.on_mute
                .or_else(|| interval(name)?.on_mute())
                .unwrap_or(OnMute::Drop)
        };
        let matching = self
            .mute
            .iter()
            .find(|name| interval(name).is_some_and(|interval| interval.matches(now)));
        if let Some(name) = matching {
            return Some(Muting {
                interval: Arc::clone(name),
                reason: "mute_time_interval",
                on_mute: on_mute(name),
            });
        }
        let inside = self
            .active
            .iter()
            .any(|name| interval(name).is_none_or(|interval| interval.matches(now)));
        let first = self.active.first().filter(|_| !inside)?;
        Some(Muting {
            interval: Arc::clone(first),
            reason: "active_time_interval",
            on_mute: on_mute(first),
        })
    }

    /// First instant after `now` at which it does not mute; `None` where none is in sight.
    pub fn mutes_until<'i>(
        &self,
        interval: impl Fn(&str) -> Option<IntervalInForce<'i>>,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let named: Vec<IntervalInForce<'_>> = self
            .mute
            .iter()
            .chain(&self.active)
            .filter_map(|name| interval(name))
            .collect();
        let next = |at: &Timestamp| {
            named
                .iter()
                .filter_map(|interval| interval.next_change(*at))
                .min()
        };
        std::iter::successors(next(&now), next)
            .take(MAX_CHANGES)
            .find(|at| self.muting(&interval, *at).is_none())
    }

    /// File and line that it was read from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Condition, written in CEL.
    pub fn condition(&self) -> &str {
        &self.display
    }
}

impl Verdict {
    /// Verdict without its parameters.
    pub const fn kind(&self) -> VerdictKind {
        match self {
            Self::Allow => VerdictKind::Allow,
            Self::Deny => VerdictKind::Deny,
            Self::Suppress => VerdictKind::Suppress,
            Self::Deduplicate { .. } => VerdictKind::Deduplicate,
            Self::Reroute { .. } => VerdictKind::Reroute,
            Self::Throttle { .. } => VerdictKind::Throttle,
            Self::Modify { .. } => VerdictKind::Modify,
            Self::Schedule { .. } => VerdictKind::Schedule,
            Self::Chain { .. } => VerdictKind::Chain,
            Self::RequestApproval { .. } => VerdictKind::RequestApproval,
        }
    }

    /// Provider that the action goes through in place of its own.
    pub const fn target(&self) -> Option<&ProviderName> {
        match self {
            Self::Reroute { target } => Some(target),
            Self::Allow
            | Self::Deny
            | Self::Suppress
            | Self::Deduplicate { .. }
            | Self::Throttle { .. }
            | Self::Modify { .. }
            | Self::Schedule { .. }
            | Self::Chain { .. }
            | Self::RequestApproval { .. } => None,
        }
    }

    /// Policy of the approval that it asks for.
    pub const fn approval(&self) -> Option<&Arc<ApprovalPolicy>> {
        match self {
            Self::RequestApproval { policy } => Some(policy),
            Self::Allow
            | Self::Deny
            | Self::Suppress
            | Self::Deduplicate { .. }
            | Self::Reroute { .. }
            | Self::Throttle { .. }
            | Self::Modify { .. }
            | Self::Schedule { .. }
            | Self::Chain { .. } => None,
        }
    }

    /// Name of the chain that the action starts.
    pub fn chain(&self) -> Option<&Arc<str>> {
        match self {
            Self::Chain { chain } => Some(chain),
            Self::RequestApproval { .. }
            | Self::Allow
            | Self::Deny
            | Self::Suppress
            | Self::Deduplicate { .. }
            | Self::Reroute { .. }
            | Self::Throttle { .. }
            | Self::Modify { .. }
            | Self::Schedule { .. } => None,
        }
    }

    /// Template of what is merged into the payload.
    pub(crate) const fn changes(&self) -> Option<&Changes> {
        match self {
            Self::Modify { changes } => changes.as_ref(),
            Self::Allow
            | Self::Deny
            | Self::Suppress
            | Self::Deduplicate { .. }
            | Self::Reroute { .. }
            | Self::Throttle { .. }
            | Self::Schedule { .. }
            | Self::Chain { .. }
            | Self::RequestApproval { .. } => None,
        }
    }
}
