//! List of the words that every language has.

use acteon_flows::approval::{CannotGet, Choice, Status};

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
    /// Of a step of a chain, which may have sent something before.
    pub(in crate::http::approvals) expired_step: &'static str,
    pub(in crate::http::approvals) cancelled: &'static str,
    pub(in crate::http::approvals) stuck: &'static str,
    pub(in crate::http::approvals) forged: &'static str,
    pub(in crate::http::approvals) over: &'static str,
    pub(in crate::http::approvals) approved_by_time: &'static str,
    pub(in crate::http::approvals) unknown: &'static str,
    pub(in crate::http::approvals) not_yours: &'static str,
    pub(in crate::http::approvals) requester: &'static str,
    /// Whom its reader has passed their decision on to.
    pub(in crate::http::approvals) passed_on: fn(&str) -> String,
    pub(in crate::http::approvals) passed_by: &'static str,
    pub(in crate::http::approvals) pass_on: &'static str,
    pub(in crate::http::approvals) pass_on_means: &'static str,
    pub(in crate::http::approvals) pass_on_to: &'static str,
    pub(in crate::http::approvals) pass_on_why: &'static str,
    pub(in crate::http::approvals) pass_on_now: &'static str,
    pub(in crate::http::approvals) unknown_person: &'static str,
    /// Why a person cannot get a decision, and what to do.
    pub(in crate::http::approvals) cannot_get: fn(CannotGet) -> &'static str,
    pub(in crate::http::approvals) take_back: &'static str,
    pub(in crate::http::approvals) took_back: &'static str,
    pub(in crate::http::approvals) taken_back: &'static str,
    pub(in crate::http::approvals) nothing_passed_on: &'static str,
    pub(in crate::http::approvals) decided_in_place: &'static str,
    /// Of a form whose sender is not known any more.
    pub(in crate::http::approvals) sign_in_over: &'static str,
    pub(in crate::http::approvals) not_their_link: &'static str,
    pub(in crate::http::approvals) no_sign_in: &'static str,
    /// Of a code that was used before.
    pub(in crate::http::approvals) sign_in_used: &'static str,
    /// Of a domain that the service does not trust.
    pub(in crate::http::approvals) sign_in_domain: &'static str,
    /// Of a server that the service does not trust.
    pub(in crate::http::approvals) sign_in_address: &'static str,
    /// Of a service that does not answer.
    pub(in crate::http::approvals) sign_in_later: &'static str,
    pub(in crate::http::approvals) sign_in_failed: &'static str,
    pub(in crate::http::approvals) open_again: &'static str,
    pub(in crate::http::approvals) already: &'static str,
    pub(in crate::http::approvals) needs_comment: &'static str,
    pub(in crate::http::approvals) long_comment: &'static str,
    pub(in crate::http::approvals) try_again: &'static str,
    pub(in crate::http::approvals) unsure: &'static str,
    pub(in crate::http::approvals) unreadable: &'static str,
    pub(in crate::http::approvals) too_long: &'static str,
    pub(in crate::http::approvals) outcome: &'static str,
    pub(in crate::http::approvals) sent: &'static str,
    pub(in crate::http::approvals) later: &'static str,
    pub(in crate::http::approvals) later_again: &'static str,
    pub(in crate::http::approvals) may_have_arrived: &'static str,
    pub(in crate::http::approvals) not_sent: &'static str,
    pub(in crate::http::approvals) failed: &'static str,
    pub(in crate::http::approvals) chain_started: &'static str,
    pub(in crate::http::approvals) not_after: &'static str,
    pub(in crate::http::approvals) not_before: &'static str,
    /// Mark of so many bytes that are not shown.
    pub(in crate::http::approvals) more_bytes: fn(usize) -> String,
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

    /// Where an approval stands that may be a step of a chain.
    pub(in crate::http::approvals) const fn status_of(
        &self,
        status: Status,
        is_step: bool,
    ) -> &'static str {
        match status {
            Status::Expired if is_step => self.expired_step,
            status => self.status(status),
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
