//! Steps of cards.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::{Action, ActionId, ActionType, Outcome};
use serde_json::value::RawValue;

use super::body::{Card, Stage};
use super::face::Face;
use super::ids::change_id;
use super::write::WriteCards;
use crate::approval::{Approval, Directory, Status, open};
use crate::kind::{ChildState, Due, Effect, InvalidBody, Looked, Step};

/// Time for which a handle works (page 94888 of WeChat Work's documentation says 72 hours), less what a change may take.
const HANDLE_WORKS: Duration = Duration::from_hours(71);

/// Type of the actions that change cards, or say what one would.
const CHANGE_TYPE: &str = "approval_update";

/// What came of the action that a card waits for.
enum Came {
    /// It is not over.
    Waits,
    /// It did what it was to do; the outcome may have a handle.
    Done(Option<Arc<Outcome>>),
    /// Its provider did not take it.
    Refused,
    /// It was not to go any more, or nobody can read what became of it.
    Not,
    /// Nobody knows.
    Perhaps,
}

/// Next step of a card.
pub(super) fn step(
    mut card: Card,
    flow: &Looked<'_>,
    (directory, writer): (&dyn Directory, &dyn WriteCards),
) -> Result<Step, InvalidBody> {
    let approval = flow
        .flows
        .first()
        .filter(|found| !found.is_damaged)
        .map(|found| (found, open(&found.body, directory, flow.now, flow.due_now)));
    if flow.due_now >= card.until {
        return ends(&card, Due::Gone);
    }
    // Where nobody can read what it asks about, there is nothing to say.
    let Some((found, Ok(mut approval))) = approval.filter(|_| card.stage != Stage::Over) else {
        return over(card);
    };
    if found.is_over
        && let Some(status) = Status::parse(&found.status)
    {
        approval.status = status;
    }
    match came(&card, flow) {
        Came::Waits => return waits(&card, Vec::new()),
        Came::Refused if card.stage == Stage::Sending => {
            return in_its_place(card, &approval, flow, writer);
        }
        Came::Not if card.stage == Stage::Sending => return over(card),
        Came::Done(outcome) if card.stage == Stage::Sending => {
            card.stage = Stage::Standing;
            if let Some(Outcome::Rerouted { new_provider, .. }) = outcome.as_deref() {
                card.notice.provider = new_provider.clone();
            }
            let handle = outcome.and_then(|outcome| writer.handle(card.provider(), &outcome));
            // A press may have brought a newer one.
            if let Some(handle) = handle.filter(|_| card.handles.is_empty()) {
                card.take_handle(handle, flow.due_now);
            }
        }
        Came::Done(_) => {
            if let Stage::Changing(face, ..) = card.stage {
                card.face = face;
                card.stage = Stage::Standing;
            }
        }
        Came::Not | Came::Refused | Came::Perhaps => {
            if let Stage::Changing(_, _, older) = card.stage {
                // They would be refused as well; what a press brought since is not.
                card.handles.drain(..older.min(card.handles.len()));
            }
            card.stage = Stage::Standing;
        }
    }
    if card.stage == Stage::Waiting {
        return begin(card, &approval, flow);
    }
    go_on(card, &approval, flow, writer)
}

/// Sends the card, where there is still something to decide.
fn begin(mut card: Card, approval: &Approval, flow: &Looked<'_>) -> Result<Step, InvalidBody> {
    if approval.check_pending(flow.due_now).is_err() {
        return over(card);
    }
    card.stage = Stage::Sending;
    let notice = card.notice.clone();
    waits(&card, vec![admit(&card, notice, flow)])
}

/// Sends the link where the card could not be sent: its app may have no callback URL.
fn in_its_place(
    mut card: Card,
    approval: &Approval,
    flow: &Looked<'_>,
    writer: &dyn WriteCards,
) -> Result<Step, InvalidBody> {
    let mut effects = Vec::new();
    let is_asked = approval
        .to_tell()
        .into_iter()
        .any(|person| match (person, &card.person) {
            (Some(person), Some(own)) => person.is(&own.id),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        });
    if is_asked
        && approval.check_pending(flow.due_now).is_ok()
        && let Some(payload) = writer.link(&card, approval)?
    {
        let action = said(&mut card, payload, flow)?;
        effects.push(admit(&card, action, flow));
    }
    Ok(Step {
        effects,
        ..over(card)?
    })
}

/// Has the card say how its approval stands, or a message in its place.
fn go_on(
    mut card: Card,
    approval: &Approval,
    flow: &Looked<'_>,
    writer: &dyn WriteCards,
) -> Result<Step, InvalidBody> {
    let face = Face::of(approval, card.person.as_ref());
    if face == card.face {
        return match face {
            Face::Over(_) => over(card),
            Face::Asks | Face::Said(_) => waits(&card, Vec::new()),
        };
    }
    let works = |at| flow.due_now.since(at) < HANDLE_WORKS;
    card.handles.retain(|handle| works(handle.at));
    let handle = card.handles.pop();
    let change = handle.and_then(|handle| writer.change(&card, approval, face, &handle.sealed));
    if let Some(payload) = change {
        let action = said(&mut card, payload, flow)?;
        card.stage = Stage::Changing(face, action.id.clone(), card.handles.len());
        return waits(&card, vec![admit(&card, action, flow)]);
    }
    card.face = face;
    let mut effects = Vec::new();
    if let Some(payload) = writer.message(&card, approval, face) {
        let action = said(&mut card, payload, flow)?;
        effects.push(admit(&card, action, flow));
    }
    match face {
        Face::Over(_) => Ok(Step {
            effects,
            ..over(card)?
        }),
        Face::Asks | Face::Said(_) => waits(&card, effects),
    }
}

fn came(card: &Card, flow: &Looked<'_>) -> Came {
    let Some(awaited) = card.awaited() else {
        return Came::Done(None);
    };
    let child = flow.children.iter().find(|child| child.id == *awaited);
    match child {
        Some(child) if child.state == ChildState::Open => Came::Waits,
        Some(child) if child.state == ChildState::Ended => match child.outcome.as_deref() {
            Some(Outcome::Executed(_) | Outcome::Rerouted { .. }) => {
                Came::Done(child.outcome.clone())
            }
            // A second copy of a card is refused where the first arrived, whose answer was lost.
            _ if child.possible_duplicate => Came::Perhaps,
            Some(Outcome::Failed { .. }) => Came::Refused,
            _ => Came::Not,
        },
        _ => Came::Not,
    }
}

/// Action of the gateway about a card.
fn said(card: &mut Card, payload: Box<RawValue>, flow: &Looked<'_>) -> Result<Action, InvalidBody> {
    card.changes = card.changes.saturating_add(1);
    let action_type = ActionType::parse(CHANGE_TYPE)
        .map_err(|error| InvalidBody(format!("of a card: {error}")))?;
    Ok(Action {
        id: change_id(flow.id, card.changes)?,
        action_type,
        payload,
        created_at: flow.now,
        ..card.notice.clone()
    })
}

fn admit(card: &Card, action: Action, flow: &Looked<'_>) -> Effect {
    Effect::Admit {
        action: Arc::new(action),
        since: flow.now,
        requester: card.requester.clone(),
    }
}

fn waits(card: &Card, effects: Vec<Effect>) -> Result<Step, InvalidBody> {
    Ok(Step {
        status: "open",
        body: card.to_json()?,
        due: Due::Counted(card.until),
        effects,
        notice: None,
    })
}

/// Keeps the card for whoever still presses it.
fn over(mut card: Card) -> Result<Step, InvalidBody> {
    card.stage = Stage::Over;
    ends(&card, Due::Counted(card.until))
}

fn ends(card: &Card, due: Due) -> Result<Step, InvalidBody> {
    Ok(Step {
        status: "over",
        body: card.to_json()?,
        due,
        effects: Vec::new(),
        notice: None,
    })
}

impl Card {
    /// Id of the message.
    pub fn notice_id(&self) -> &ActionId {
        &self.notice.id
    }
}
