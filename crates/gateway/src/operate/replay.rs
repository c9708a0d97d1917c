//! Replays: sending earlier actions again.
//!
//! A replay is an action of its own, with the label `replayed_from`. What was silenced, muted or
//! charged before is looked at as for any other. A *dead letter* leaves the list in the commit that
//! writes its replay, and only if that replay goes: what rules, silences, quotas or a provider's
//! breaker hold back stays on the list, and nothing is written of it. The replay's id is made of
//! the letter, so that whoever lost the answer asks again, sends nothing twice, and gets the same
//! answer.

use acteon_core::{Action, ActionId, Caller, Origin, Outcome, Requesters, Scope, Timestamp};
use acteon_flows::approval::is_approved;
use acteon_flows::chain::is_step;
use acteon_store::{ActionState, Record, Seq, StoreError};

use crate::admit::answer::{DispatchAnswer, DispatchError, Wait};
use crate::admit::request::DispatchRequest;
use crate::approvals::message::{RENDERED_BY, SENT_FOR, is_answer, is_rendered, told_of};
use crate::approvals::told::{is_as_sent, is_over};
use crate::decide::plan::REPLAYED_FROM;
use crate::offload;
use crate::shared::Gateway;

/// Beginning of the ids of dead letters' replays. No caller's action has such an id, but for what
/// older versions accepted.
pub const REPLAY_IDS: &str = "replay-";

/// Most ids that are tried for a letter's replay.
const MAX_IDS: u32 = 16;

/// Replay of an earlier action, whether it was sent or not.
#[derive(Clone, Debug)]
pub struct Replayed {
    /// Id of the earlier action.
    pub original: ActionId,
    /// Id of the replay.
    pub new_id: ActionId,
    /// Result of the replay.
    pub result: ReplayResult,
}

/// Result of a replay.
#[derive(Clone, Debug)]
pub enum ReplayResult {
    /// It was accepted, with this answer.
    Sent(DispatchAnswer),
    /// It was not let through, with this outcome. A dead letter stays on the list.
    HeldBack(DispatchAnswer),
    /// It was left alone, for this reason.
    LeftAlone(String),
    /// It is a message of an approval that is over, as this says: it asks for nothing any more.
    Over(String),
    /// It was not accepted, with this error.
    Refused(DispatchError),
}

/// Who replays an action, with all who caused it.
struct By<'a> {
    caller: &'a Caller,
    requester: Requesters,
}

impl Gateway {
    /// Sends an action again that is over. One that is a dead letter, or was one until it was replayed, is replayed as such.
    ///
    /// `None` when the scope covers no such action, or more than one; with `letters_only`, when it is no dead letter.
    pub async fn replay(
        &self,
        scope: &Scope,
        id: &ActionId,
        letters_only: bool,
        caller: &Caller,
        wait: Wait,
    ) -> Result<Option<Replayed>, StoreError> {
        let mut found = self.inner.store.find(scope, id).await?;
        found.retain(|record| {
            record.state != ActionState::Open && (!letters_only || is_letter(record))
        });
        let (Some(record), None) = (found.pop(), found.pop()) else {
            return Ok(None);
        };
        let replayed = self
            .replay_record(&record, letters_only, caller, wait)
            .await;
        let is_none = letters_only
            && matches!(
                replayed.result,
                ReplayResult::Refused(DispatchError::NoLetter)
            );
        Ok(Some(replayed).filter(|_| !is_none))
    }

    /// Replays an action that is over: a letter, or what was one until it was replayed, as such, so
    /// that it is not sent twice however often that is asked for; everything else, and a letter
    /// that somebody took off the list, under a new id.
    pub(super) async fn replay_record(
        &self,
        record: &Record,
        letters_only: bool,
        caller: &Caller,
        wait: Wait,
    ) -> Replayed {
        let original = || record.action.id.clone();
        let found = async {
            let requester = self.requesters_of(record).await?;
            Ok((requester, self.as_posted(record).await?))
        };
        let (mut requester, record) = match found.await {
            Ok(found) => found,
            Err(error) => {
                let error: StoreError = error;
                return Replayed {
                    original: original(),
                    new_id: original(),
                    result: ReplayResult::Refused(error.into()),
                };
            }
        };
        let record = &*record;
        requester.add_all(&Requesters::of(caller));
        let by = &By { caller, requester };
        if is_letter(record) {
            let replayed = self.replay_letter(record, by, wait).await;
            if letters_only
                || !matches!(
                    replayed.result,
                    ReplayResult::Refused(DispatchError::NoLetter)
                )
            {
                return replayed;
            }
        }
        self.send_again(record, by, wait).await
    }

    /// Replays a letter under the first of its ids that is not another action's. Whoever asks again goes the same way. No two ids can send it
    /// twice: the letter is on the list for one of them only.
    async fn replay_letter(&self, letter: &Record, by: &By<'_>, wait: Wait) -> Replayed {
        let mut number = 1;
        loop {
            let replayed = self
                .replay_letter_as(letter, letter_id(letter, number), by, wait)
                .await;
            if number == MAX_IDS
                || !matches!(
                    replayed.result,
                    ReplayResult::Refused(DispatchError::Conflict { .. })
                )
            {
                return replayed;
            }
            number += 1;
        }
    }

    async fn replay_letter_as(
        &self,
        letter: &Record,
        new_id: Option<ActionId>,
        by: &By<'_>,
        wait: Wait,
    ) -> Replayed {
        let original = letter.action.id.clone();
        let Some(new_id) = new_id else {
            let result = ReplayResult::LeftAlone("no id can be made for its replay".into());
            return Replayed {
                new_id: original.clone(),
                original,
                result,
            };
        };
        let now = self.inner.clock.now();
        // What was replayed before it expired still has its answer.
        if letter.state == ActionState::Dead
            && let Some(result) = self.unsent(letter, now).await
        {
            return Replayed {
                original,
                new_id,
                result,
            };
        }
        let request = request(letter, new_id.clone(), by, Some(letter.seq));
        let result = match self.dispatch_request(request, wait).await {
            Ok(answer) => ReplayResult::Sent(self.shown(&letter.action, answer)),
            Err(DispatchError::HeldBack(outcome)) => ReplayResult::HeldBack(DispatchAnswer {
                outcome,
                pending: false,
            }),
            Err(error) => ReplayResult::Refused(error),
        };
        Replayed {
            original,
            new_id,
            result,
        }
    }

    /// Result for an action that is not sent again; `None` where it is. A message to those who decide goes as long as its approval waits, which says so
    /// itself.
    async fn unsent(&self, record: &Record, now: Timestamp) -> Option<ReplayResult> {
        if let Some(approval) = told_of(&record.action, record.origin)
            && record.unreadable.is_none()
        {
            let looked = match is_as_sent(&self.inner, record).await {
                Ok(true) => is_over(&self.inner, &record.action, approval).await,
                Ok(false) => {
                    let why = "it is not what the approval sent that it names, or that is not kept any more";
                    return Some(ReplayResult::LeftAlone(why.to_owned()));
                }
                Err(error) => Err(error),
            };
            return match looked {
                Ok(over) => over.map(ReplayResult::Over),
                Err(error) => Some(ReplayResult::Refused(error.into())),
            };
        }
        if is_answer(&record.action, record.origin) {
            let why =
                "it is the gateway's own word about what somebody pressed, and is not sent again";
            return Some(ReplayResult::LeftAlone(why.to_owned()));
        }
        is_left(record, now).map(ReplayResult::LeftAlone)
    }

    /// Answer without what is hidden of its action.
    fn shown(&self, action: &Action, answer: DispatchAnswer) -> DispatchAnswer {
        offload::by_size(action.payload.get().len(), || {
            self.inner.options.redaction.answer(action, answer)
        })
    }

    /// Sends an action again that is no dead letter, each time under a new id.
    async fn send_again(&self, record: &Record, by: &By<'_>, wait: Wait) -> Replayed {
        let now = self.inner.clock.now();
        let (original, new_id) = (record.action.id.clone(), self.inner.entropy.action_id(now));
        if let Some(result) = self.unsent(record, now).await {
            return Replayed {
                original,
                new_id,
                result,
            };
        }
        let request = request(record, new_id.clone(), by, None);
        let result = match self.dispatch_request(request, wait).await {
            Ok(answer) if is_held_back(&answer) => ReplayResult::HeldBack(answer),
            Ok(answer) => ReplayResult::Sent(self.shown(&record.action, answer)),
            Err(error) => ReplayResult::Refused(error),
        };
        Replayed {
            original,
            new_id,
            result,
        }
    }
}

/// Request for a replay; `letter` is the position of the letter that leaves the list with it.
fn request(record: &Record, new_id: ActionId, by: &By<'_>, letter: Option<Seq>) -> DispatchRequest {
    let mut action = Action::clone(&record.action).unsigned();
    let sent_for = sent_for(record, letter);
    action
        .metadata
        .insert(REPLAYED_FROM.into(), action.id.to_string());
    match sent_for {
        Some(id) => action.metadata.insert(SENT_FOR.into(), id),
        None => action.metadata.remove(SENT_FOR),
    };
    let rendered_by = action.template.as_ref();
    match rendered_by.filter(|_| is_rendered(&record.action, record.origin)) {
        Some(profile) => action.metadata.insert(RENDERED_BY.into(), profile.clone()),
        None => action.metadata.remove(RENDERED_BY),
    };
    if told_of(&record.action, record.origin).is_some() {
        // Those of older versions ended by the wall clock, and not with their approval.
        action.expires_at = None;
    }
    action.id = new_id;
    let possible_duplicate = record.possible_duplicate;
    DispatchRequest {
        action,
        origin: Origin::Replay,
        caller: by.caller.clone(),
        requester: by.requester.clone(),
        letter,
        possible_duplicate,
    }
}

/// Id of what an action was sent for a flow as, if it was. What people approved goes once by that: where it went, it is asked for again.
fn sent_for(record: &Record, letter: Option<Seq>) -> Option<String> {
    let action = &record.action;
    let id = match record.origin {
        Origin::Replay => action.metadata.get(SENT_FOR)?.clone(),
        Origin::Chain if is_step(action.id.as_str()) => action.id.to_string(),
        Origin::Approval => action.id.to_string(),
        Origin::Chain | Origin::Api | Origin::Recurring | Origin::Notice => return None,
    };
    Some(id).filter(|id| !is_approved(id) || letter.is_some())
}

/// Whether a row is a dead letter, or was one until it was replayed, drained or taken off the list.
pub(super) fn is_letter(record: &Record) -> bool {
    matches!(record.state, ActionState::Dead | ActionState::Discarded)
}

/// Id of a letter's replay: `replay-`, how many replays led to it, and the letter's position, which
/// no other has. Another number than 1 stands behind that.
fn letter_id(letter: &Record, number: u32) -> Option<ActionId> {
    let first = format!(
        "{REPLAY_IDS}{}-{}",
        replays(letter).saturating_add(1),
        letter.seq.0
    );
    ActionId::parse(&if number == 1 {
        first
    } else {
        format!("{first}-{number}")
    })
    .ok()
}

/// Number of replays that led to an action.
pub(super) fn replays(record: &Record) -> u32 {
    if record.origin != Origin::Replay {
        return 0;
    }
    let count = record
        .action
        .id
        .as_str()
        .strip_prefix(REPLAY_IDS)
        .and_then(|rest| rest.split('-').next());
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// Reason why an action is not sent again; `None` when it is.
fn is_left(record: &Record, now: Timestamp) -> Option<String> {
    if let Some(why) = &record.unreadable {
        return Some(format!("its row in the store cannot be read: {why}"));
    }
    record
        .action
        .expires_at
        .filter(|expires| *expires <= now)
        .map(|expires| format!("it expired at {expires}"))
}

/// Whether an action that was accepted is over without having been let through.
fn is_held_back(answer: &DispatchAnswer) -> bool {
    match serde_json::from_str(&answer.outcome) {
        Ok(
            Outcome::Suppressed { .. }
            | Outcome::Deduplicated { .. }
            | Outcome::Throttled { .. }
            | Outcome::QuotaExceeded { .. }
            | Outcome::CircuitOpen { .. }
            | Outcome::Silenced { .. }
            | Outcome::Muted { .. }
            | Outcome::PendingApproval { .. }
            | Outcome::Cancelled { .. },
        ) => true,
        Ok(
            Outcome::Executed(_)
            | Outcome::Failed { .. }
            | Outcome::Scheduled { .. }
            | Outcome::Rerouted { .. }
            | Outcome::ChainStarted { .. }
            | Outcome::DryRun(_),
        )
        | Err(_) => false,
    }
}
