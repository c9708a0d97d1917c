//! Signatures of the links in messages, put in when a message is prepared to be sent: what the journal keeps and shows has none.

use std::borrow::Cow;

use acteon_core::{Action, Origin};
use acteon_flows::approval::{Choice, notice_of};
use acteon_flows::card::{card_of, notice_of_card};
use serde_json::Value;
use serde_json::value::RawValue;

use super::links::{LinkTarget, LinkUse, Links, UNSIGNED, decoded};
use super::message::told_of;

/// Places in payloads that hold a link, each with what it is for.
const LINKS: [(&str, LinkUse); 5] = [
    ("/url", LinkUse::Open),
    ("/approval_url", LinkUse::Decide(Choice::Approve)),
    ("/reject_url", LinkUse::Decide(Choice::Reject)),
    ("/template_card/card_action/url", LinkUse::Open),
    (
        "/update_template_card/template_card/card_action/url",
        LinkUse::Open,
    ),
];

/// What stands before the person in a link.
const PERSON: &str = "?person=";

/// What stands before the end of a link.
const END: &str = "&expires_at=";

/// What stands before the key of a link.
const KEY: &str = "&kid=";

/// Action with the signatures of its links, where it is a message to one who decides. Nothing else is ever signed: neither what a caller posts, nor a
/// link to another approval than the one that the message is of.
pub(crate) fn with_signatures<'a>(
    links: &Links,
    action: &'a Action,
    origin: Origin,
) -> Cow<'a, Action> {
    signed(links, action, origin).map_or(Cow::Borrowed(action), |payload| {
        Cow::Owned(Action {
            payload,
            ..action.clone()
        })
    })
}

fn signed(links: &Links, action: &Action, origin: Origin) -> Option<Box<RawValue>> {
    let of_card = changed_card(action, origin);
    let id = told_of(action, origin).or_else(|| notice_of(of_card.as_deref()?))?;
    let mut payload: Value = serde_json::from_str(action.payload.get()).ok()?;
    for (place, used_to) in LINKS {
        let Some(Value::String(address)) = payload.pointer_mut(place) else {
            continue;
        };
        let target = |expires_at| LinkTarget {
            namespace: action.namespace.as_str(),
            tenant: action.tenant.as_str(),
            id,
            expires_at,
        };
        if let Some(signed) = signed_address(links, &target, used_to, address) {
            *address = signed;
        }
    }
    RawValue::from_string(payload.to_string()).ok()
}

/// Message whose card an action changes; `None` of every other action.
fn changed_card(action: &Action, origin: Origin) -> Option<String> {
    let card = card_of(action.id.as_str()).filter(|_| origin == Origin::Notice)?;
    notice_of_card(card)
}

/// Address with its signature, where it is a link of this approval without one. It may have been written when links had another beginning, or another
/// key signed them: what is signed is made anew, and of what it names alone.
fn signed_address<'a>(
    links: &Links,
    target: &dyn Fn(i64) -> LinkTarget<'a>,
    used_to: LinkUse,
    address: &str,
) -> Option<String> {
    let (_, query) = address.split_once(PERSON)?;
    let (person, rest) = query.split_once(END)?;
    let person = decoded(person)?;
    let target = target(rest.split('&').next()?.parse().ok()?);
    let own = links.own_unsigned(&target, used_to, &person);
    let below = own.strip_prefix(links.base()).and_then(without_key)?;
    if !without_key(address)?.ends_with(below) || !address.ends_with(UNSIGNED) {
        return None;
    }
    Some(if person.is_empty() {
        links.published(&target, used_to)
    } else {
        links.own(&target, used_to, &person)
    })
}

/// Address up to the key that signs it.
fn without_key(address: &str) -> Option<&str> {
    address.split_once(KEY).map(|(before, _)| before)
}

#[cfg(test)]
mod tests {
    use acteon_crypto::LinkKeys;
    use acteon_flows::approval::NOTICE_TYPE;

    use super::*;
    use crate::approvals::message::SENT_FOR;

    fn links() -> Links {
        let keys = LinkKeys::of([("k0", &*"ab".repeat(32))]).expect("a key");
        Links::new("https://a.example", keys)
    }

    fn notice(id: &str, url: &str) -> Action {
        let action = serde_json::json!({
            "id": id, "namespace": "n", "tenant": "t", "provider": "p", "action_type": NOTICE_TYPE,
            "payload": {"url": url, "body": url}, "created_at": "2026-01-01T00:00:00Z",
        });
        serde_json::from_str(&action.to_string()).expect("an action")
    }

    fn target(id: &str) -> LinkTarget<'_> {
        LinkTarget {
            namespace: "n",
            tenant: "t",
            id,
            expires_at: 1_767_225_600,
        }
    }

    fn url(action: &Action) -> String {
        let payload: Value = serde_json::from_str(action.payload.get()).expect("JSON");
        payload["url"].as_str().expect("a text").to_owned()
    }

    #[test]
    fn only_the_links_of_its_own_approval_are_signed() {
        let links = links();
        let address = links.own_unsigned(&target("ap:x"), LinkUse::Open, "张 三");
        let action = notice("approval:ap:x:0:1", &address);
        let signed = with_signatures(&links, &action, Origin::Approval);
        assert_eq!(
            url(&signed),
            links.own(&target("ap:x"), LinkUse::Open, "张 三")
        );
        assert!(signed.payload.get().contains("[redacted]"), "not in texts");
        for (id, origin) in [
            ("approval:ap:x:0:1", Origin::Api),
            ("approval:other:0:1", Origin::Approval),
            ("ap:x:0:1", Origin::Approval),
        ] {
            let action = notice(id, &address);
            let same = with_signatures(&links, &action, origin);
            assert_eq!(url(&same), address, "{id}");
        }
        let reject = links.own_unsigned(&target("ap:x"), LinkUse::Decide(Choice::Reject), "a");
        let action = notice("approval:ap:x:0:1", &reject);
        let same = with_signatures(&links, &action, Origin::Approval);
        assert_eq!(url(&same), reject, "a link for something else");
        let nobody = links.own_unsigned(&target("ap:x"), LinkUse::Open, "");
        let action = notice("approval:ap:x:0:0", &nobody);
        let signed = with_signatures(&links, &action, Origin::Approval);
        assert_eq!(
            url(&signed),
            links.published(&target("ap:x"), LinkUse::Open)
        );
    }
    #[test]
    fn a_message_that_goes_again_has_a_living_link_and_a_forged_one_has_none() {
        let links = links();
        let written = Links::new("http://older.example", LinkKeys::default());
        let address = written.own_unsigned(&target("ap:x"), LinkUse::Open, "a&b");
        let replay = |label: &str, address: &str| {
            let mut action = notice("replay-1-7", address);
            action.metadata.insert(SENT_FOR.into(), label.into());
            let signed = with_signatures(&links, &action, Origin::Replay);
            url(&signed)
        };
        let living = links.own(&target("ap:x"), LinkUse::Open, "a&b");
        assert_eq!(replay("approval:ap:x:0:1", &address), living, "made anew");
        for (label, address) in [
            ("approval:ap:x:action", address.clone()),
            ("approval:ap:y:0:1", address.clone()),
            ("chain:ap:x:0:1", address.clone()),
            ("approval:ap:x:0:1", address.replace("/n/", "/m/")),
            ("approval:ap:x:0:1", address.replace("a%26b", "a&b")),
            ("approval:ap:x:0:1", format!("{address}&more=1")),
            ("approval:ap:x:0:1", address.replace(UNSIGNED, "0000")),
        ] {
            assert_eq!(replay(label, &address), address, "{label}");
        }
        let action = notice("approval:ap:x:action", &address);
        let same = with_signatures(&links, &action, Origin::Approval);
        assert_eq!(url(&same), address, "what was approved is no message");
    }
}
