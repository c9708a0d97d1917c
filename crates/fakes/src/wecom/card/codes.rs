//! Response codes: each updates one card once, within 72 hours (pages 90236 and 94888).

use std::collections::{HashMap, VecDeque};

use crate::wecom::reply::{Refusal, refusal};

/// Life of a code, in milliseconds.
const LIFE_MS: u64 = 72 * 3_600_000;
/// Most codes that are kept; the oldest are forgotten first.
const KEPT: usize = 200_000;

/// Response code of a card.
#[derive(Clone, Debug)]
pub(in crate::wecom) struct ResponseCode {
    pub(in crate::wecom) msgid: String,
    /// Agent id of the app that sent the card.
    pub(in crate::wecom) agent_id: i64,
    /// Time at which it was made, in milliseconds since 1970.
    pub(in crate::wecom) made_at: u64,
    pub(in crate::wecom) used: bool,
}

/// All response codes.
#[derive(Debug, Default)]
pub(in crate::wecom) struct Codes {
    by_code: HashMap<String, ResponseCode>,
    /// Codes by age, oldest first.
    order: VecDeque<String>,
    /// Newest code of each message.
    newest: HashMap<String, String>,
}

impl Codes {
    pub(in crate::wecom) fn add(&mut self, code: String, made: ResponseCode) {
        self.order.push_back(code.clone());
        self.newest.insert(made.msgid.clone(), code.clone());
        self.by_code.insert(code, made);
        if self.order.len() > KEPT
            && let Some(oldest) = self.order.pop_front()
        {
            let forgotten = self.by_code.remove(&oldest);
            let of_message = |made: &ResponseCode| self.newest.get(&made.msgid) == Some(&oldest);
            if let Some(made) = forgotten.filter(of_message) {
                self.newest.remove(&made.msgid);
            }
        }
    }

    /// Code that may be used at a time, in milliseconds since 1970. Errors with 60140 when it is unknown, was used, or is too old.
    pub(in crate::wecom) fn usable(&self, code: &str, now: u64) -> Result<&ResponseCode, Refusal> {
        let usable =
            |known: &&ResponseCode| !known.used && now.saturating_sub(known.made_at) < LIFE_MS;
        let known = self.by_code.get(code).filter(usable);
        known.ok_or(refusal(60140, "invalid response_code"))
    }

    /// Whether no newer code was made for the same message.
    pub(in crate::wecom) fn is_newest(&self, code: &str) -> bool {
        let known = self.by_code.get(code);
        known.is_some_and(|known| {
            self.newest
                .get(&known.msgid)
                .is_some_and(|newest| newest == code)
        })
    }

    pub(in crate::wecom) fn use_up(&mut self, code: &str) {
        if let Some(known) = self.by_code.get_mut(code) {
            known.used = true;
        }
    }

    /// Makes the codes of a message older by so many milliseconds.
    pub(in crate::wecom) fn age(&mut self, msgid: &str, millis: u64) {
        let of_message = |code: &&mut ResponseCode| code.msgid == msgid;
        for code in self.by_code.values_mut().filter(of_message) {
            code.made_at = code.made_at.saturating_sub(millis);
        }
    }

    /// Codes and what is known of them, oldest first.
    pub(in crate::wecom) fn iter(&self) -> impl Iterator<Item = (&str, &ResponseCode)> {
        let known = |code: &'_ String| self.by_code.get_key_value(code);
        let known = self.order.iter().filter_map(known);
        known.map(|(code, known)| (code.as_str(), known))
    }
}
