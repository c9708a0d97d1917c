//! Messages to those who decide: what they say, in the person's language, and the payload that their provider sends.

use std::sync::Arc;

use acteon_core::json::{head, members, text};
use acteon_core::{Action, LinkMessage, LinkRecipient, NoRecipient};
use acteon_flows::InvalidBody;
use acteon_flows::approval::{Approval, Choice, Notice, Reason, WriteNotices};
use serde_json::json;
use serde_json::value::RawValue;

use super::links::{LinkTarget, LinkUse, Links, seconds};
use crate::history::redaction::Redaction;
use crate::registry::Providers;

/// Characters of a title, fewer than any provider takes.
const MAX_TITLE: usize = 100;
/// Characters of a text, fewer than any provider takes.
const MAX_TEXT: usize = 480;
/// Bytes of what an action says that a message repeats.
const MAX_QUOTED_BYTES: usize = 600;
/// Members of a payload that say what it is about, the first that is there.
const TELLING: [&str; 5] = ["title", "content", "text", "message", "description"];

/// Writer of messages.
pub(super) struct Writer {
    pub(super) providers: Arc<Providers>,
    pub(super) links: Arc<Links>,
    pub(super) redaction: Redaction,
}

/// Words of messages in a language.
struct Words {
    asked: &'static str,
    reminded: &'static str,
    escalated: &'static str,
    by: &'static str,
    through: &'static str,
    until: &'static str,
    button: &'static str,
}

const ENGLISH: Words = Words {
    asked: "Approval needed",
    reminded: "Reminder: approval needed",
    escalated: "Escalated: approval needed",
    by: "Asked by",
    through: "Provider",
    until: "Decide until",
    // Four letters, which is as many as WeChat Work shows.
    button: "Open",
};

const CHINESE: Words = Words {
    asked: "待审批",
    reminded: "提醒：待审批",
    escalated: "已升级：待审批",
    by: "申请人",
    through: "通道",
    until: "截止时间",
    button: "去审批",
};

impl Words {
    fn of(language: Option<&str>) -> &'static Self {
        match language {
            Some(language) if language.starts_with("zh") => &CHINESE,
            _ => &ENGLISH,
        }
    }

    const fn title(&self, reason: Reason) -> &'static str {
        match reason {
            Reason::Asked => self.asked,
            Reason::Reminded => self.reminded,
            Reason::Escalated => self.escalated,
        }
    }
}

impl WriteNotices for Writer {
    fn payload(&self, notice: &Notice<'_>) -> Result<Option<Box<RawValue>>, InvalidBody> {
        let words = Words::of(notice.person.and_then(|person| person.language.as_deref()));
        let seen = self.redaction.action(&notice.approval.origin);
        let title = title(words, notice);
        let text = body(words, notice.approval, &seen);
        let addresses = self.addresses(notice);
        let provider = self.providers.get(notice.provider);
        let message = LinkMessage {
            title: &title,
            text: &text,
            url: &addresses.open,
            button: words.button,
            person: notice.person.map(|person| LinkRecipient {
                wechat: person.wechat.as_deref(),
            }),
        };
        match provider.and_then(|entry| entry.provider().link_message(&message)) {
            Some(Ok(payload)) => Ok(Some(payload)),
            // Somebody else would get their link.
            Some(Err(NoRecipient)) => Ok(None),
            None => plain(notice, (&title, &text), &addresses).map(Some),
        }
    }
}

/// Addresses of a notice's links, without signatures: what is stored decides nothing.
struct Addresses {
    open: String,
    approve: String,
    reject: String,
}

impl Writer {
    fn addresses(&self, notice: &Notice<'_>) -> Addresses {
        let target = target(notice.id, notice.approval);
        let person = notice.person.map_or("", |person| person.id.as_str());
        let address = |used_to| self.links.own_unsigned(&target, used_to, person);
        Addresses {
            open: address(LinkUse::Open),
            approve: address(LinkUse::Decide(Choice::Approve)),
            reject: address(LinkUse::Decide(Choice::Reject)),
        }
    }
}

/// Target of the links of an approval.
pub(crate) fn target<'a>(id: &'a str, approval: &'a Approval) -> LinkTarget<'a> {
    LinkTarget {
        namespace: approval.origin.namespace.as_str(),
        tenant: approval.origin.tenant.as_str(),
        id,
        expires_at: seconds(approval.expires_at),
    }
}

fn title(words: &Words, notice: &Notice<'_>) -> String {
    let origin = &notice.approval.origin;
    let title = format!(
        "{}: {}",
        words.title(notice.reason),
        origin.action_type.as_str()
    );
    title.chars().take(MAX_TITLE).collect()
}

/// Text of a message: what is asked, by whom, until when.
fn body(words: &Words, approval: &Approval, seen: &Action) -> String {
    let mut lines = Vec::new();
    lines.extend(approval.policy.message.clone());
    lines.extend(telling(seen));
    if !approval.requester.is_empty() {
        lines.push(format!("{}: {}", words.by, approval.requester));
    }
    lines.push(format!("{}: {}", words.through, seen.provider.as_str()));
    lines.push(format!("{}: {}", words.until, approval.expires_at));
    let text = lines.join("\n");
    if text.chars().count() <= MAX_TEXT {
        return text;
    }
    // The end is what says until when.
    let last = lines.pop().unwrap_or_default();
    let room = MAX_TEXT.saturating_sub(last.chars().count() + 2);
    let kept: String = text.chars().take(room).collect();
    format!("{kept}…\n{last}")
}

/// What an action says, in its own words, if it says so in a member that is known for that.
pub(crate) fn telling(action: &Action) -> Option<String> {
    let members = members(action.payload.get())?;
    let found = TELLING.iter().find_map(|name| {
        let member = members.iter().find(|member| member.name() == *name)?;
        text(member.value).filter(|text| !text.trim().is_empty())
    })?;
    Some(head(&found, MAX_QUOTED_BYTES).to_owned())
}

/// Payload for a provider that has no form of its own: with the keys that the published clients know, and more.
fn plain(
    notice: &Notice<'_>,
    (title, text): (&str, &str),
    addresses: &Addresses,
) -> Result<Box<RawValue>, InvalidBody> {
    let Notice { approval, .. } = notice;
    let origin = &approval.origin;
    let payload = json!({
        "subject": title,
        "body": text,
        "content": text,
        "url": addresses.open,
        "approval_url": addresses.approve,
        "reject_url": addresses.reject,
        "approval_id": notice.id,
        "action_id": origin.id.as_str(),
        "action_type": origin.action_type.as_str(),
        "namespace": origin.namespace.as_str(),
        "tenant": origin.tenant.as_str(),
        "expires_at": approval.expires_at.to_string(),
        "person": notice.person.map(|person| &person.id),
        "requester": approval.requester,
    });
    RawValue::from_string(payload.to_string())
        .map_err(|error| InvalidBody(format!("of an approval: {error}")))
}
