//! What cards say, in the languages that people read.

use acteon_core::visible;
use acteon_flows::approval::{Approval, Choice, EndedBy, Person, Refusal, Status};
use acteon_people::Language;
use acteon_schedule::minute;

/// Most characters of what became of an approval: as many of Chinese fit a message with what it is about.
const MAX_OVER: usize = 450;

/// Most characters of a comment on a card.
const MAX_COMMENT: usize = 200;

/// Words in a language.
pub(super) struct Words {
    pub(super) unknown_card: &'static str,
    pub(super) late: &'static str,
    approved: &'static str,
    rejected: &'static str,
    expired: &'static str,
    cancelled: &'static str,
    by: &'static str,
    you_approved: &'static str,
    you_rejected: &'static str,
    others: &'static str,
    approved_by_time: &'static str,
    not_an_approver: &'static str,
    requester: &'static str,
    passed_on: &'static str,
    taken_back: &'static str,
    decided: &'static str,
    needs_comment: &'static str,
    refused: &'static str,
}

const ENGLISH: Words = Words {
    unknown_card: "Nothing was decided: this card asks for nothing any more.",
    late: "Nothing was decided: it is over already. ",
    approved: "Approved",
    rejected: "Rejected",
    expired: "Time is over: it was not approved",
    cancelled: "Cancelled",
    by: " by ",
    you_approved: "You approved",
    you_rejected: "You rejected",
    others: ". Others have still to decide.",
    approved_by_time: "Approved, since nobody decided in time",
    not_an_approver: "Nothing was decided: you are not among those who decide about this.",
    requester: "Nothing was decided: you asked for this, and somebody else has to decide.",
    passed_on: "Nothing was decided: you have passed this decision on.",
    taken_back: "Nothing was decided: the decision that you had was taken back.",
    decided: "You have decided already, and others have still to.",
    needs_comment: "Nothing was decided: this needs a comment that says why. Tap the card, and write it on the page.",
    refused: "Nothing was decided. Tap the card to see why.",
};

const CHINESE: Words = Words {
    unknown_card: "未作出决定：该卡片已失效。",
    late: "未作出决定：审批已结束。",
    approved: "已同意",
    rejected: "已拒绝",
    expired: "已超时，未获同意",
    cancelled: "已取消",
    by: "：",
    you_approved: "您已同意",
    you_rejected: "您已拒绝",
    others: "，还需等待其他审批人。",
    approved_by_time: "无人在规定时间内决定，已按规则同意",
    not_an_approver: "未作出决定：您不是该事项的审批人。",
    requester: "未作出决定：您是申请人，须由他人审批。",
    passed_on: "未作出决定：您已将该审批转交他人。",
    taken_back: "未作出决定：转交给您的审批已被收回。",
    decided: "您已作出决定，还需等待其他审批人。",
    needs_comment: "未作出决定：该审批须填写意见。请点击卡片，在页面中填写。",
    refused: "未作出决定。请点击卡片查看原因。",
};

impl Words {
    pub(super) const fn of_language(language: Option<Language>) -> &'static Self {
        match language {
            Some(Language::Chinese) => &CHINESE,
            Some(Language::English) | None => &ENGLISH,
        }
    }

    pub(super) fn of_person(person: Option<&Person>) -> &'static Self {
        let language = person.and_then(|person| person.language.as_deref());
        match language {
            Some(language) if language.starts_with("zh") => &CHINESE,
            _ => &ENGLISH,
        }
    }

    /// Words in the place of the buttons of a card whose approval is over.
    pub(super) const fn label_over(&self, status: Status) -> &'static str {
        match status {
            Status::Approved => self.approved,
            Status::Rejected => self.rejected,
            Status::Expired => self.expired,
            Status::Cancelled | Status::Pending => self.cancelled,
        }
    }

    /// Words in the place of the buttons of a card whose person has decided.
    pub(super) const fn label_said(&self, choice: Choice) -> &'static str {
        match choice {
            Choice::Approve => self.you_approved,
            Choice::Reject => self.you_rejected,
        }
    }

    /// What became of an approval that is over: who decided, when, and why.
    pub(super) fn over(&self, approval: &Approval, reader: Option<&Person>) -> String {
        let by_people = matches!(
            approval.ended_by,
            Some(EndedBy::People | EndedBy::Cancelled)
        );
        let by = if by_people {
            deciders(approval)
        } else {
            Vec::new()
        };
        let label = match (approval.status, approval.ended_by) {
            (Status::Approved, Some(EndedBy::Timeout)) => self.approved_by_time,
            (status, _) => self.label_over(status),
        };
        let who = if by.is_empty() {
            String::new()
        } else {
            let names: Vec<&str> = by.iter().map(|(name, _)| &**name).collect();
            format!("{}{}", self.by, names.join(", "))
        };
        let when = approval.decided_at.map_or_else(String::new, |at| {
            let at = reader.map_or_else(|| minute(at, None), |reader| reader.time(at));
            format!(", {at}")
        });
        let why = by.iter().filter_map(|(name, comment)| {
            let comment: String = comment.as_deref()?.chars().take(MAX_COMMENT).collect();
            // In one line: nobody passes for another by what they write.
            let comment = visible(&comment).replace('\n', " ");
            Some(format!("\n> {name}: {comment}"))
        });
        shortened(&format!("{label}{who}{when}{}", why.collect::<String>()))
    }

    /// What a person said, where that is not the end of it.
    pub(super) fn said(&self, choice: Choice) -> String {
        format!("{}{}", self.label_said(choice), self.others)
    }

    /// Why a press decides nothing.
    pub(super) const fn refusal(&self, refusal: &Refusal) -> &'static str {
        match refusal {
            Refusal::NotAnApprover(_) | Refusal::NeedsPerson => self.not_an_approver,
            Refusal::Requester(_) => self.requester,
            Refusal::PassedOn(..) => self.passed_on,
            Refusal::TakenBack(..) => self.taken_back,
            Refusal::Decided(_) => self.decided,
            Refusal::NeedsComment => self.needs_comment,
            _ => self.refused,
        }
    }
}

/// Text of no more letters than a message and a card have room for, with a mark where it goes on: the page has the rest.
fn shortened(text: &str) -> String {
    if text.chars().count() <= MAX_OVER {
        return text.to_owned();
    }
    let kept: String = text.chars().take(MAX_OVER - 1).collect();
    format!("{kept}…")
}

/// Names of those who brought the end about, each with their comment.
fn deciders(approval: &Approval) -> Vec<(String, Option<String>)> {
    let name = |by: &str| {
        let person = approval.known().find(|person| person.is(by));
        let name = person.and_then(|person| person.name.as_deref());
        visible(name.unwrap_or(by)).into_owned()
    };
    let choice = match approval.status {
        Status::Approved => Some(Choice::Approve),
        Status::Rejected => Some(Choice::Reject),
        Status::Pending | Status::Expired | Status::Cancelled => None,
    };
    let said = approval.decisions.iter();
    let said = said.filter(|decision| Some(decision.choice) == choice && !decision.by.is_empty());
    let mut all: Vec<_> = said
        .map(|decision| (name(&decision.by), decision.comment.clone()))
        .collect();
    if let Some(by) = approval.decided_by.as_deref().filter(|_| all.is_empty()) {
        all.push((name(by), approval.comment.clone()));
    }
    all
}
