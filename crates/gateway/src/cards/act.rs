//! What events ask for, done: again and again to the same end, since a process may die over it.

use std::sync::Arc;

use acteon_core::{CallbackEvent, CallbackKind, ProviderName};
use acteon_flows::approval::{Choice, Refusal, Status, notice_of};
use acteon_flows::card::{Card, Pressed, card_name, notice_of_card};
use acteon_store::{Advance, Advanced, Expect, Flow, FlowState, StoreError};
use serde_json::value::RawValue;

use super::words::Words;
use super::writer::about;
use crate::approvals::ApprovalError;
use crate::flows::look::key;
use crate::shared::{Gateway, Inner};

/// Tries to write a press down that others write to the same card.
const MAX_TRIES: u32 = 20;

/// Button that somebody pressed.
struct Press<'a> {
    card: &'a str,
    key: &'a str,
    handle: Option<&'a str>,
    member: &'a str,
}

/// Does what an event asks for. Returns the payload of the message that answers who pressed, where one is due: a card that changes says enough.
pub(crate) async fn act(
    inner: &Arc<Inner>,
    flow: &Flow,
    told @ (provider, event): (&ProviderName, &CallbackEvent),
) -> Result<Option<Box<RawValue>>, StoreError> {
    let (CallbackKind::Pressed { card, key, handle }, Some(member)) =
        (&event.what, event.member.as_deref())
    else {
        return Ok(None);
    };
    let press = Press {
        card,
        key,
        handle: handle.as_deref(),
        member,
    };
    let said = pressed(inner, flow, (told, &press)).await?;
    Ok(said.and_then(|said| {
        let provider = inner.providers.get(provider)?;
        provider.provider().text_to(member, &said)
    }))
}

/// Decides by a press. Returns what to tell who pressed, if anything.
async fn pressed(
    inner: &Arc<Inner>,
    flow: &Flow,
    ((provider, event), press): ((&ProviderName, &CallbackEvent), &Press<'_>),
) -> Result<Option<String>, StoreError> {
    let known = |member: &str| {
        let policies = inner.policies.load();
        let person = policies.directory.of_wechat(member)?;
        person.value.language
    };
    let words = Words::of_language(known(press.member));
    let choice = [Choice::Approve, Choice::Reject]
        .into_iter()
        .find(|choice| choice.as_str() == press.key);
    let card = take_press(inner, flow, ((provider, event), press)).await?;
    let (Some(card), Some(choice)) = (card, choice) else {
        // Cards of callers are theirs to answer.
        let is_ours = notice_of_card(press.card).is_some_and(|id| notice_of(&id).is_some());
        return Ok(is_ours.then(|| words.unknown_card.to_owned()));
    };
    let gateway = Gateway {
        inner: Arc::clone(inner),
    };
    let decided = gateway
        .decide_by_card((press.member, &card), choice, &event.digest)
        .await;
    match decided {
        Ok(()) => Ok(None),
        // It would be tried for ever.
        Err(ApprovalError::Store(StoreError::Damaged(_))) => {
            Ok(Some(words.unknown_card.to_owned()))
        }
        Err(ApprovalError::Store(error)) => Err(error),
        Err(ApprovalError::Contended(_)) => Err(StoreError::Busy),
        Err(refused) => {
            tracing::info!(approval = %card.approval, by = press.member, reason = %refused, "a press on a card decides nothing");
            Ok(Some(
                why(&gateway, words, (&card, press.member), &refused).await,
            ))
        }
    }
}

/// Gives the card the handle that the press brought. Returns the card; `None` where there is none of this provider's.
async fn take_press(
    inner: &Arc<Inner>,
    flow: &Flow,
    ((provider, event), press): ((&ProviderName, &CallbackEvent), &Press<'_>),
) -> Result<Option<Card>, StoreError> {
    let name = key(&card_name(press.card));
    for _ in 0..MAX_TRIES {
        let found = match inner.store.flow_for_step(&name).await {
            Err(StoreError::Damaged(_)) => return Ok(None),
            found => found?,
        };
        let Some(found) =
            found.filter(|it| (&it.namespace, &it.tenant) == (&flow.namespace, &flow.tenant))
        else {
            return Ok(None);
        };
        let Ok(mut card) = Card::read(&found.state.body) else {
            return Ok(None);
        };
        if card.provider() != provider {
            return Ok(None);
        }
        let due = inner.due.now();
        let is_new = card.take_press(Pressed {
            event: &event.digest,
            handle: press.handle,
            at: due,
        });
        let Ok(body) = card.to_json() else {
            return Ok(None);
        };
        if !is_new {
            return Ok(Some(card));
        }
        let advance = Advance {
            key: name.clone(),
            expect: Expect::Version(found.version),
            at: inner.clock.now(),
            due,
            state: Some(FlowState {
                body: body.into(),
                due_at: Some(due),
                ..found.state
            }),
            admissions: Vec::new(),
            begins: Vec::new(),
            cancels: Vec::new(),
            pokes: Vec::new(),
            events: Vec::new(),
        };
        if let Advanced::Written { .. } = inner.store.advance(advance).await? {
            return Ok(Some(card));
        }
    }
    Err(StoreError::Busy)
}

/// Why a press decides nothing, for who pressed.
async fn why(
    gateway: &Gateway,
    words: &Words,
    (card, member): (&Card, &str),
    refused: &ApprovalError,
) -> String {
    let found = gateway.approval_of_card(card).await;
    let knows = found.as_ref().is_some_and(|it| it.knows_member(member));
    let why = match refused {
        // Who was never asked is not told who decided what.
        ApprovalError::Refused(Refusal::Settled(_)) if !knows => {
            words.refusal(&Refusal::NeedsPerson).to_owned()
        }
        ApprovalError::Refused(Refusal::Settled(status)) => {
            let over = found.as_ref().filter(|it| it.status != Status::Pending);
            let face = over.map_or_else(
                || words.label_over(*status).to_owned(),
                |approval| {
                    let reader = approval.known().find(|person| person.is_member(member));
                    words.over(approval, reader)
                },
            );
            format!("{}{face}", words.late)
        }
        ApprovalError::Refused(refusal) => words.refusal(refusal).to_owned(),
        _ => words.unknown_card.to_owned(),
    };
    match found.filter(|_| knows) {
        Some(approval) => format!("{}\n{why}", about(&approval.origin)),
        None => why,
    }
}
