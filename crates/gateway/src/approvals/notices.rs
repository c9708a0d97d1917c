//! Messages to those who decide: what they say, in the person's language, and the payload that their provider sends.

use std::sync::Arc;

use acteon_core::json::{head, members, text};
use acteon_core::{Action, Asks, LinkMessage, LinkPayload, LinkRecipient, NoRecipient, visible};
use acteon_flows::InvalidBody;
use acteon_flows::approval::{Approval, Choice, Notice, Person, Reason, WriteNotices, Written};
use acteon_schedule::minute;
use serde_json::json;
use serde_json::value::RawValue;

use super::links::{LinkTarget, LinkUse, Links, seconds};
use crate::history::redaction::Redaction;
use crate::registry::{ProviderEntry, Providers};

/// Characters of a title, fewer than any provider takes.
const MAX_TITLE: usize = 100;
/// Characters of a text, fewer than any provider takes.
const MAX_TEXT: usize = 480;
/// Characters of the names of those who ask.
const MAX_REQUESTER: usize = 120;
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
    /// Names of what is known, in the lines of a text.
    lines: Names,
    /// The same on a card, which has room for five letters.
    rows: Names,
    button: &'static str,
    approve: &'static str,
    reject: &'static str,
}

/// Names of what is known about an approval.
struct Names {
    by: &'static str,
    through: &'static str,
    step: &'static str,
    until: &'static str,
}

const ENGLISH: Words = Words {
    asked: "Approval needed",
    reminded: "Reminder: approval needed",
    escalated: "Escalated: approval needed",
    lines: Names {
        by: "Asked by",
        through: "Provider",
        step: "Step of a chain",
        until: "Decide until",
    },
    rows: Names {
        by: "By",
        through: "Via",
        step: "Step",
        until: "Until",
    },
    // Four letters, which is as many as WeChat Work shows.
    button: "Open",
    approve: "Approve",
    reject: "Reject",
};

const CHINESE: Words = Words {
    asked: "待审批",
    reminded: "提醒：待审批",
    escalated: "已升级：待审批",
    lines: Names {
        by: "申请人",
        through: "通道",
        step: "流程步骤",
        until: "截止时间",
    },
    rows: Names {
        by: "申请人",
        through: "通道",
        step: "流程步骤",
        until: "截止时间",
    },
    button: "去审批",
    approve: "同意",
    reject: "拒绝",
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
    fn payload(&self, notice: &Notice<'_>) -> Result<Option<Written>, InvalidBody> {
        let words = Words::of(notice.person.and_then(|person| person.language.as_deref()));
        let seen = self.redaction.asked_for(&notice.approval.origin);
        let title = title(words, notice);
        let message = self.message(notice.approval);
        let said = said(notice.approval, &seen, message);
        let text = body(&said, &known(&words.lines, notice, &seen));
        let rows = known(&words.rows, notice, &seen);
        let addresses = self.addresses(notice);
        let provider = self.providers.get(notice.provider);
        let buttons = [
            (Choice::Approve.as_str(), words.approve),
            (Choice::Reject.as_str(), words.reject),
        ];
        let message = LinkMessage {
            title: &title,
            text: &text,
            url: &addresses.open,
            button: words.button,
            person: recipient(notice.person),
            asks: notice.card.map(|card| Asks {
                card,
                text: &said,
                rows: &rows,
                buttons: &buttons,
            }),
        };
        match provider.and_then(|entry| entry.provider().link_message(&message)) {
            Some(Ok(LinkPayload { payload, is_card })) => Ok(Some(Written { payload, is_card })),
            // Somebody else would get their link.
            Some(Err(NoRecipient)) => Ok(None),
            None => {
                let payload = plain(notice, (&title, &text), &addresses)?;
                let is_card = false;
                Ok(Some(Written { payload, is_card }))
            }
        }
    }
}

/// Whether anybody gets a message when an approval begins.
pub(crate) fn tells_somebody(providers: &Providers, approval: &Approval) -> bool {
    teller(providers, approval).is_some_and(|entry| {
        let mut people = approval.to_tell().into_iter();
        people.any(|person| reaches(entry, person))
    })
}

/// Whether a person gets messages about an approval as others do: nobody gets any where no provider sends them.
pub(super) fn can_be_told(providers: &Providers, approval: &Approval, person: &Person) -> bool {
    teller(providers, approval).is_none_or(|entry| reaches(entry, Some(person)))
}

/// Provider of the messages of an approval.
pub(super) fn teller<'p>(
    providers: &'p Providers,
    approval: &Approval,
) -> Option<&'p Arc<ProviderEntry>> {
    providers.get(approval.policy.notify_provider.as_ref()?)
}

/// Whether a provider has a way to a person alone.
fn reaches(entry: &ProviderEntry, person: Option<&Person>) -> bool {
    let message = LinkMessage {
        title: "",
        text: "",
        url: "",
        button: "",
        person: recipient(person),
        asks: None,
    };
    let made = entry.provider().link_message(&message);
    !matches!(made, Some(Err(NoRecipient)))
}

fn recipient(person: Option<&Person>) -> Option<LinkRecipient<'_>> {
    person.map(|person| LinkRecipient {
        wechat: person.wechat.as_deref(),
    })
}

/// Addresses of a notice's links, without signatures: what is stored decides nothing.
struct Addresses {
    open: String,
    approve: String,
    reject: String,
}

impl Writer {
    /// What the policy says, without what is redacted in the action.
    fn message(&self, approval: &Approval) -> Option<String> {
        let mut message = approval.policy.message.clone()?;
        if self.redaction.hides_something() {
            let blotter = self.redaction.blotter(&approval.origin);
            blotter.message(&mut message, approval.parent.is_some());
        }
        Some(message)
    }

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
    let approval = notice.approval;
    let about = step_of(approval).unwrap_or_else(|| approval.origin.action_type.to_string());
    let title = format!("{}: {about}", words.title(notice.reason));
    title.chars().take(MAX_TITLE).collect()
}

/// Text of a message: what is asked, by whom, until when.
fn body(said: &str, rows: &[(&str, String)]) -> String {
    let lines = rows.iter().map(|(name, value)| format!("{name}: {value}"));
    let known = lines.collect::<Vec<_>>().join("\n");
    if said.is_empty() {
        return known;
    }
    // What others wrote gives way, and pushes nothing of what the gateway knows out of the message.
    let room = MAX_TEXT.saturating_sub(known.chars().count() + 1);
    format!("{}\n{known}", shortened(said, room))
}

/// What the policy and the action say, in the words of others.
fn said(approval: &Approval, seen: &Action, message: Option<String>) -> String {
    let of_chain = approval.parent.is_some();
    // What a chain's template makes is made of what others wrote.
    let message = message.map(|message| {
        if of_chain {
            quoted(&message)
        } else {
            visible(&message).into_owned()
        }
    });
    let said = message
        .into_iter()
        .chain(telling(seen).map(|said| quoted(&said)));
    said.collect::<Vec<_>>().join("\n")
}

/// What the gateway knows: who asks, what goes through what, and until when.
fn known(names: &Names, notice: &Notice<'_>, seen: &Action) -> Vec<(&'static str, String)> {
    let Notice {
        approval, person, ..
    } = *notice;
    let mut rows = Vec::new();
    if approval.requester.names().next().is_some() {
        let requester = one_line(&approval.requester.to_string());
        rows.push((names.by, shortened(&requester, MAX_REQUESTER)));
    }
    rows.push(match step_of(approval) {
        Some(step) => (names.step, step),
        None => (names.through, seen.provider.as_str().to_owned()),
    });
    let end = approval.expires_at;
    let end = person.map_or_else(|| minute(end, None), |person| person.time(end));
    rows.push((names.until, end));
    rows
}

/// Beginning of a text of so many characters, with a mark where it goes on.
fn shortened(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

/// What others wrote, with a mark at each line: none of them passes as one of the message's own.
fn quoted(text: &str) -> String {
    format!("> {}", visible(text).replace('\n', "\n> "))
}

fn one_line(text: &str) -> String {
    visible(text).replace('\n', " ")
}

/// Step of a chain that asks, with the name of the chain, if one does.
fn step_of(approval: &Approval) -> Option<String> {
    let parent = approval.parent.as_ref()?;
    let name = approval.chain_name.as_deref().unwrap_or(&parent.chain);
    Some(format!("{name} / {}", parent.step))
}

/// What an action says, in its own words, if it says so in a member that is known for that.
pub(crate) fn telling(action: &Action) -> Option<String> {
    let members = members(action.payload.get())?;
    let found = TELLING.iter().find_map(|name| {
        let member = members.iter().find(|member| member.name() == *name)?;
        text(member.value).filter(|text| !text.trim().is_empty())
    })?;
    let kept = head(&found, MAX_QUOTED_BYTES);
    let mark = if kept.len() < found.len() { "…" } else { "" };
    Some(format!("{kept}{mark}"))
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
        "requester": approval.requester.to_string(),
        "chain_id": approval.parent.as_ref().map(|parent| &parent.chain),
        "chain_name": approval.chain_name,
        "step": approval.parent.as_ref().map(|parent| &parent.step),
    });
    RawValue::from_string(payload.to_string())
        .map_err(|error| InvalidBody(format!("of an approval: {error}")))
}
