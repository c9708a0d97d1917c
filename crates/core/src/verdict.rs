//! Kinds of verdicts: what a rule can say about an action, without the rule's parameters.

/// Kind of a verdict, under whose name it is stored, counted and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VerdictKind {
    /// The action goes unchanged; also where no rule matched.
    Allow,
    /// The action does not go.
    Deny,
    /// The action does not go.
    Suppress,
    /// The action goes unless another with the same dedup key went before.
    Deduplicate,
    /// The action goes through another provider.
    Reroute,
    /// The action goes unless too many went within a window.
    Throttle,
    /// The action goes with another payload or priority.
    Modify,
    /// The action goes after a delay.
    Schedule,
    /// The action starts a chain, and is not sent itself.
    Chain,
    /// The action goes once people have approved it.
    RequestApproval,
}

impl VerdictKind {
    /// Every kind, in the order in which messages list them.
    pub const ALL: [Self; 10] = [
        Self::Allow,
        Self::Deny,
        Self::Suppress,
        Self::Deduplicate,
        Self::Reroute,
        Self::Throttle,
        Self::Modify,
        Self::Schedule,
        Self::Chain,
        Self::RequestApproval,
    ];

    /// Names in the wire format of verdicts that are not built.
    pub const LATER: [&str; 2] = ["group", "state_machine"];

    /// Name of the kind in rules files, in the store and on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Deny => "deny",
            Self::Suppress => "suppress",
            Self::Deduplicate => "deduplicate",
            Self::Reroute => "reroute",
            Self::Throttle => "throttle",
            Self::Modify => "modify",
            Self::Schedule => "schedule",
            Self::Chain => "chain",
            Self::RequestApproval => "request_approval",
        }
    }

    /// Kind of this name; `None` for any other word.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }

    /// Whether the action ends here and is not sent.
    pub const fn refuses(self) -> bool {
        match self {
            Self::Deny | Self::Suppress => true,
            Self::Allow
            | Self::Deduplicate
            | Self::Reroute
            | Self::Throttle
            | Self::Modify
            | Self::Schedule
            | Self::Chain
            | Self::RequestApproval => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_back_from_its_name() {
        for kind in VerdictKind::ALL {
            assert_eq!(VerdictKind::parse(kind.as_str()), Some(kind));
        }
        for name in VerdictKind::LATER {
            assert_eq!(VerdictKind::parse(name), None);
        }
    }
}
