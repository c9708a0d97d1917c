//! English.

use acteon_flows::approval::CannotGet;

use super::list::Words;

pub(super) const WORDS: Words = Words {
    tag: "en",
    other: ("简体中文", "zh-CN"),
    title: "Approval",
    what: "What will happen",
    says: "It says",
    through: "Sent through",
    kind: "Kind",
    place: "Namespace and tenant",
    by: "Asked by",
    nobody: "a caller who gave no name",
    because: "Why you are asked",
    rule: "Rule",
    chain: "Step of a chain",
    until: "Decide until",
    you: "You decide as",
    decided: "Decisions so far",
    missing: "Approvals still needed",
    details: "Everything that is known",
    comment: "Comment",
    comment_needed: "Comment (needed)",
    approve: "Approve",
    reject: "Reject",
    said_yes: "approved",
    said_no: "rejected",
    nothing_yet: "Nothing happens until you press a button.",
    only_named: "Only the people who were asked can decide. Each of them has a link of their own.",
    recorded: "Your decision is recorded.",
    pending: "Waiting for a decision",
    approved: "Approved",
    rejected: "Rejected",
    expired: "The time to decide is over; nothing was sent",
    expired_step: "The time to decide is over, and nobody approved it",
    cancelled: "Cancelled; it needs no decision any more",
    stuck: "It cannot go on by itself; please tell the people who run Acteon",
    forged: "This link does not work here. It was changed on the way, belongs to something else, or its key has been replaced. Open the newest message again.",
    over: "This link is over: the time to decide has passed.",
    approved_by_time: "Nobody decided in time, which counts as approved here",
    unknown: "There is nothing to decide behind this link any more.",
    not_yours: "You are not among those who decide about this.",
    requester: "You asked for this yourself: somebody else has to decide.",
    passed_on: |to| format!("You have passed this decision on to {to}, who decides in your place."),
    passed_by: "Passed on to you by",
    pass_on: "Pass it on to somebody else",
    pass_on_means: "They get a message and decide in your place. You can take it back until they have.",
    pass_on_to: "Id of the person, or their userid in WeChat Work",
    pass_on_why: "Comment",
    pass_on_now: "Pass on",
    unknown_person: "Nobody was asked: that is not one person who is known here. Write the id of one person, or their userid in WeChat Work.",
    cannot_get: |why| match why {
        CannotGet::OpenToAll => "Nobody is named who decides about this: pass on the link itself.",
        CannotGet::Themselves => "That is you. Write who should decide in your place.",
        CannotGet::Requester => {
            "They asked for this, and who asks may not decide. Write somebody else."
        }
        CannotGet::Unreached => {
            "Nobody was asked: no message would reach them, since the directory has no address for them. Write somebody else."
        }
        CannotGet::Decided => "They have decided about this already. Write somebody else.",
        CannotGet::Asked => {
            "They are asked about this themselves, and each person decides once. Write somebody else."
        }
        CannotGet::PassedOn => {
            "They have passed their own decision on, so that it would come round to nobody. Write somebody else."
        }
        CannotGet::TooOften => "This was passed on as often as it may be. Please decide yourself.",
    },
    take_back: "Take it back",
    took_back: "You have taken it back: you decide yourself again.",
    taken_back: "Whoever passed this decision on to you has taken it back.",
    nothing_passed_on: "You have passed nothing on here, so there is nothing to take back. Please open the link again.",
    decided_in_place: "It cannot be taken back any more: it was decided in your place.",
    sign_in_over: "Your sign-in is over, and nothing was decided. Open the page again, and send it once more.",
    not_their_link: "This link is for another person, who alone can open it. If you should decide in their place, ask them to pass it on to you.",
    no_sign_in: "This sign-in did not begin in this browser, was used already, or took too long. Open the link in the message again.",
    sign_in_used: "WeChat Work does not take this sign-in any more: it was used already, or took too long. Nothing was decided; open the link again.",
    sign_in_domain: "WeChat Work does not say who you are, since it does not trust this server's domain. Please tell the people who run Acteon.",
    sign_in_address: "WeChat Work does not say who you are, since it does not trust this server's IP address. Please tell the people who run Acteon.",
    sign_in_later: "WeChat Work does not answer just now, so that it is not known who you are. Nothing was decided; please open the link again in a moment.",
    sign_in_failed: "WeChat Work does not say who you are. Please tell the people who run Acteon.",
    open_again: "Open it again",
    already: "You have decided already. Others still have to.",
    needs_comment: "Please write a comment that says why.",
    long_comment: "The comment is too long. Please shorten it.",
    try_again: "That did not work just now. Nothing was decided; please try again in a moment.",
    unsure: "That did not work just now, and it is not known whether a decision was recorded. Please open the page again in a moment.",
    unreadable: "What you sent cannot be read, and nothing was decided. Please open the link again.",
    too_long: "What you sent is too long, and nothing was decided. Please go back and shorten it.",
    outcome: "What became of it",
    sent: "It was sent",
    later: "It is on its way",
    later_again: "It may have arrived, and is tried again",
    may_have_arrived: "It may have arrived",
    not_sent: "It was not sent",
    failed: "It failed",
    chain_started: "A chain was started",
    not_after: "Not sent after",
    not_before: "Sent at",
    more_bytes: |bytes| format!("… ({bytes} more bytes)"),
};
