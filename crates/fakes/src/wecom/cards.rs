//! Cards in the world: which are taken, what each member sees of them, and their response codes.

use serde::Serialize;
use serde_json::Value;

use super::card::check::{self, Purpose};
use super::card::codes::ResponseCode;
use super::reply::{Refusal, refusal};
use super::world::{App, Message, World};

/// Card that may be sent.
pub(super) struct Card {
    pub(super) task_id: Option<String>,
    /// Whether pressing something on it calls back, so that it has response codes.
    pub(super) calls_back: bool,
}

/// Card with its response codes, for tests that use them or look for where they leak.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardCodes {
    pub msgid: String,
    pub agent_id: i64,
    pub task_id: Option<String>,
    /// Codes that were given out, oldest first.
    pub codes: Vec<CardCode>,
}

/// Response code of a card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CardCode {
    pub response_code: String,
    /// Time at which it was made, in milliseconds since 1970.
    pub made_at: u64,
    /// Whether an update used it up.
    pub used: bool,
}

impl Message {
    /// What a member sees of it now: its content, or the card that replaced it. None when they did not get it, or it was recalled.
    pub fn face(&self, userid: &str) -> Option<&Value> {
        let got_it = self.delivered.iter().any(|other| other == userid);
        let seen = || self.faces.get(userid).unwrap_or(&self.content);
        (got_it && !self.recalled).then(seen)
    }

    /// Whether it was sent to a member, even if their limit dropped it.
    pub(super) fn was_sent_to(&self, userid: &str) -> bool {
        let mut recipients = self.delivered.iter().chain(&self.dropped);
        recipients.any(|other| other == userid)
    }
}

impl World {
    /// Message with a message id.
    pub fn message(&self, msgid: &str) -> Option<&Message> {
        self.messages
            .iter()
            .rev()
            .find(|message| message.msgid == msgid)
    }

    /// Newest card with a task id.
    pub fn card(&self, task_id: &str) -> Option<&Message> {
        let has_it = |message: &&Message| message.task_id.as_deref() == Some(task_id);
        self.messages.iter().rev().find(has_it)
    }

    /// Response codes of all cards, by card, oldest first.
    pub fn response_codes(&self) -> Vec<CardCodes> {
        let mut cards: Vec<CardCodes> = Vec::new();
        let mut places = std::collections::HashMap::new();
        for (code, known) in self.codes.iter() {
            let place = *places.entry(known.msgid.clone()).or_insert(cards.len());
            if place == cards.len() {
                let message = self.message(&known.msgid);
                cards.push(CardCodes {
                    msgid: known.msgid.clone(),
                    agent_id: known.agent_id,
                    task_id: message.and_then(|message| message.task_id.clone()),
                    codes: Vec::new(),
                });
            }
            cards[place].codes.push(CardCode {
                response_code: code.to_owned(),
                made_at: known.made_at,
                used: known.used,
            });
        }
        cards
    }

    /// Makes a message and its response codes older by so many seconds. Whether there is such a message.
    pub fn age(&mut self, msgid: &str, seconds: u64) -> bool {
        let millis = seconds.saturating_mul(1000);
        let Some(message) = self.message_mut(msgid) else {
            return false;
        };
        message.at = message.at.saturating_sub(millis);
        self.codes.age(msgid, millis);
        true
    }

    /// Checks a card of an app. Errors with its first fault, and when the app cannot be called back, or used the task id before.
    pub(super) fn admit_card(&self, app: &App, card: &Value) -> Result<Card, Refusal> {
        let checked = check::check(card, Purpose::Send)?;
        if checked.calls_back && app.callback_url.is_none() {
            return Err(refusal(43012, "app must configure callback url"));
        }
        let task_id = checked.task_id.map(str::to_owned);
        let key = task_id.clone().map(|task_id| (app.agent_id, task_id));
        if key.is_some_and(|key| self.task_ids.contains(&key)) {
            return Err(refusal(42014, "task_id is duplicated"));
        }
        Ok(Card {
            task_id,
            calls_back: checked.calls_back,
        })
    }

    /// Makes a response code for a card.
    pub(super) fn new_response_code(&mut self, agent_id: i64, msgid: &str) -> String {
        let code = self.opaque("rc_");
        let made = ResponseCode {
            msgid: msgid.to_owned(),
            agent_id,
            made_at: self.millis(),
            used: false,
        };
        self.codes.add(code.clone(), made);
        code
    }

    pub(super) fn message_mut(&mut self, msgid: &str) -> Option<&mut Message> {
        let is_it = |message: &&mut Message| message.msgid == msgid;
        self.messages.iter_mut().rev().find(is_it)
    }
}
