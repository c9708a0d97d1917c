//! Documents: what operators write, such as silences and quotas. Few, small, and kept in memory by every gateway.

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
    pub const ALL: [Self; 4] = [
        Self::Silence,
        Self::TimeInterval,
        Self::Quota,
        Self::RuleToggle,
    ];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::TimeInterval => "time_interval",
            Self::Quota => "quota",
            Self::RuleToggle => "rule_toggle",
        }
    }

    /// The kind of a stored word; `None` for one that another version knows.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
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

/// What changed in the documents after a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentChanges {
    /// The revision that these changes lead to.
    pub revision: i64,
    /// Whether `documents` are all there are: what is not among them is gone.
    pub whole: bool,
    /// Documents that are new or changed, as they stand.
    pub documents: Vec<Document>,
    /// Kind and id of documents that were deleted.
    pub deleted: Vec<(DocumentKind, String)>,
}

/// Deletions that are remembered, in revisions. Who knows less reads everything.
pub(crate) const DELETIONS_KEPT: i64 = 10_000;

/// Whether who knows a revision has to read everything: it knows none, or too little, or one that the store has lost in a fail-over.
pub(crate) const fn is_whole(known: i64, revision: i64) -> bool {
    known < 0 || known < revision - DELETIONS_KEPT || known > revision
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
