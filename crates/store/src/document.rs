//! Documents: what operators write, such as silences and quotas. Few, small, and kept in memory by every gateway.

/// Kind of a document: what operators can write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// Matchers and a time in which what they match is silenced.
    Silence,
    /// Calendar that rules go by.
    TimeInterval,
    /// Limit of a namespace and tenant in fixed windows.
    Quota,
    /// A rule switched on or off.
    RuleToggle,
    /// Text with expressions, which profiles use.
    Template,
    /// Fields of a payload, each with its template.
    TemplateProfile,
    /// Person who may be asked and mentioned.
    Person,
    /// People who are named together.
    PeopleGroup,
    /// Definition of a chain.
    Chain,
}

impl DocumentKind {
    /// All kinds, in the order in which they are declared.
    pub const ALL: [Self; 9] = [
        Self::Silence,
        Self::TimeInterval,
        Self::Quota,
        Self::RuleToggle,
        Self::Template,
        Self::TemplateProfile,
        Self::Person,
        Self::PeopleGroup,
        Self::Chain,
    ];

    /// Name of the kind as it is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Silence => "silence",
            Self::TimeInterval => "time_interval",
            Self::Quota => "quota",
            Self::RuleToggle => "rule_toggle",
            Self::Template => "template",
            Self::TemplateProfile => "template_profile",
            Self::Person => "person",
            Self::PeopleGroup => "people_group",
            Self::Chain => "chain",
        }
    }

    /// Kind of a stored name; `None` for one that only another version knows.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Document as it is stored. Only whoever writes its kind reads its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Kind of what the body says.
    pub kind: DocumentKind,
    /// Id, unique within the kind.
    pub id: String,
    /// Name, which no other document of the kind may have.
    pub name: String,
    /// Contents as a JSON object.
    pub body: String,
    /// Version, one higher after each change; 0 for a document that was never written.
    pub version: i64,
}

/// Changes of the documents after a revision.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DocumentChanges {
    /// Revision that these changes lead to.
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

/// Result of writing a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Put {
    /// It was written, with this version.
    Written(i64),
    /// It has another version by now.
    Changed,
    /// Another document has its name.
    NameTaken,
}
