//! List of the words that every language has.

use acteon_flows::approval::{Choice, Status};

/// Words of a language.
pub(in crate::http::approvals) struct Words {
    /// Tag of the language.
    pub(in crate::http::approvals) tag: &'static str,
    /// Name of the other language, in its own words, and its tag.
    pub(in crate::http::approvals) other: (&'static str, &'static str),
    pub(in crate::http::approvals) title: &'static str,
    pub(in crate::http::approvals) what: &'static str,
    pub(in crate::http::approvals) says: &'static str,
    pub(in crate::http::approvals) through: &'static str,
    pub(in crate::http::approvals) kind: &'static str,
    pub(in crate::http::approvals) place: &'static str,
    pub(in crate::http::approvals) by: &'static str,
    pub(in crate::http::approvals) nobody: &'static str,
    pub(in crate::http::approvals) because: &'static str,
    pub(in crate::http::approvals) rule: &'static str,
    pub(in crate::http::approvals) chain: &'static str,
    pub(in crate::http::approvals) until: &'static str,
    pub(in crate::http::approvals) you: &'static str,
    pub(in crate::http::approvals) decided: &'static str,
    pub(in crate::http::approvals) missing: &'static str,
    pub(in crate::http::approvals) details: &'static str,
    pub(in crate::http::approvals) comment: &'static str,
    pub(in crate::http::approvals) comment_needed: &'static str,
    pub(in crate::http::approvals) approve: &'static str,
    pub(in crate::http::approvals) reject: &'static str,
    pub(in crate::http::approvals) said_yes: &'static str,
    pub(in crate::http::approvals) said_no: &'static str,
    pub(in crate::http::approvals) nothing_yet: &'static str,
    pub(in crate::http::approvals) only_named: &'static str,
    pub(in crate::http::approvals) recorded: &'static str,
    pub(in crate::http::approvals) pending: &'static str,
    pub(in crate::http::approvals) approved: &'static str,
    pub(in crate::http::approvals) rejected: &'static str,
    pub(in crate::http::approvals) expired: &'static str,
    pub(in crate::http::approvals) cancelled: &'static str,
    pub(in crate::http::approvals) stuck: &'static str,
    pub(in crate::http::approvals) forged: &'static str,
    pub(in crate::http::approvals) over: &'static str,
    pub(in crate::http::approvals) unknown: &'static str,
    pub(in crate::http::approvals) not_yours: &'static str,
    pub(in crate::http::approvals) requester: &'static str,
    pub(in crate::http::approvals) passed_on: &'static str,
    pub(in crate::http::approvals) already: &'static str,
    pub(in crate::http::approvals) needs_comment: &'static str,
    pub(in crate::http::approvals) long_comment: &'static str,
    pub(in crate::http::approvals) try_again: &'static str,
}

impl Words {
    pub(in crate::http::approvals) const fn status(&self, status: Status) -> &'static str {
        match status {
            Status::Pending => self.pending,
            Status::Approved => self.approved,
            Status::Rejected => self.rejected,
            Status::Expired => self.expired,
            Status::Cancelled => self.cancelled,
        }
    }

    pub(in crate::http::approvals) const fn said(&self, choice: Choice) -> &'static str {
        match choice {
            Choice::Approve => self.said_yes,
            Choice::Reject => self.said_no,
        }
    }

    pub(in crate::http::approvals) const fn button(&self, choice: Choice) -> &'static str {
        match choice {
            Choice::Approve => self.approve,
            Choice::Reject => self.reject,
        }
    }
}
