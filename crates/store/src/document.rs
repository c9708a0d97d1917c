//! Documents: what operators write, such as silences and quotas. Few, small, and kept in memory by every gateway.

use acteon_core::Timestamp;

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// A silence.
    Silence,
    /// A time interval.
    TimeInterval,
    /// A quota.
    Quota,
    /// A rule switched on or off.
    RuleToggle,
}

impl DocumentKind {
    /// Every kind.
    pub const ALL: [Self; 4] = [Self::Silence, Self::TimeInterval, Self::Quota, Self::RuleToggle];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::TimeInterval => "time_interval",
            Self::Quota => "quota",
            Self::RuleToggle => "rule_toggle",
        }
    }
}

/// A document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its kind.
    pub kind: DocumentKind,
    /// Unique within its kind.
    pub id: String,
    /// What two documents of a kind may not share.
    pub name: String,
    /// JSON.
    pub body: String,
    /// Grows with every change; 0 for one that was never written.
    pub version: i64,
}

/// What came of writing a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was written, with this version.
    Written(i64),
    /// It has another version by now.
    Changed,
    /// Another document has its name.
    NameTaken,
}

/// When documents and history of a time are no longer kept.
#[derive(Clone, Debug, Default)]
pub struct Retention {
    /// What was accepted before this instant goes.
    pub before: Timestamp,
    /// Other instants for some tenants.
    pub tenants: Vec<(String, Timestamp)>,
}
