//! What the local WeChat Work knows.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::faults::{Call, Faults};
use super::limits::{MemberWindow, RateLimit, Window};

/// Messages that are kept to be shown.
const KEPT_MESSAGES: usize = 1_000_000;

/// An app of the corporation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// Its agent id.
    pub agent_id: i64,
    /// Its Secret.
    pub secret: String,
    /// Its name.
    pub name: String,
    /// Whether it is switched off.
    #[serde(default)]
    pub disabled: bool,
    /// Addresses that may call; any when absent.
    #[serde(default)]
    pub trusted_ips: Option<Vec<IpAddr>>,
}

/// A member.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// In lower case.
    pub userid: String,
    /// Departments.
    #[serde(default)]
    pub departments: BTreeSet<String>,
    /// Tags.
    #[serde(default)]
    pub tags: BTreeSet<String>,
    /// Whether messages reach the member for want of nothing but a licence.
    #[serde(default)]
    pub unlicensed: bool,
}

/// What can be set from outside.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `expires_in` of new tokens, in seconds.
    pub expires_in: i64,
    /// Whether `gettoken` answers with the same token while it is good.
    pub repeat_same_token: bool,
    /// How long an old token stays good after a new one was given out, in seconds.
    pub old_valid_seconds: u64,
    /// Calls allowed for the corporation, per API.
    pub rate_limit: Option<RateLimit>,
    /// Whether a member gets at most 30 messages a minute and 1000 an hour.
    pub member_limit: bool,
    /// Wrong secrets from one address before it is banned from `gettoken`.
    pub wrong_secrets_allowed: u32,
    /// Whether too long markdown is cut like text, instead of refused.
    pub cut_markdown: bool,
    /// Every call takes so long at least, in milliseconds.
    pub latency_ms: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            expires_in: 7200,
            repeat_same_token: true,
            old_valid_seconds: 300,
            rate_limit: Some(RateLimit {
                calls: 10_000,
                window_ms: 60_000,
                penalty_ms: 60_000,
            }),
            member_limit: true,
            wrong_secrets_allowed: 2000,
            cut_markdown: false,
            latency_ms: 0,
        }
    }
}

/// A message that was accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Counts from 1.
    pub number: u64,
    /// Its msgid.
    pub msgid: String,
    /// The app that sent it.
    pub agent_id: i64,
    /// Milliseconds since 1970.
    pub at: u64,
    /// `text`, `markdown` or `textcard`.
    pub msgtype: String,
    /// The type's own object, cut as the server cuts it.
    pub content: serde_json::Value,
    /// Whether the server cut it.
    pub cut: bool,
    /// The selectors, as they were sent.
    pub to: [String; 3],
    /// Members who got it.
    pub delivered: Vec<String>,
    /// Members who did not, because they had too many already.
    pub dropped: Vec<String>,
    /// Confidential.
    pub safe: bool,
}

/// What was counted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Calls of each API, faults included.
    pub calls: BTreeMap<Call, u64>,
    /// Refusals by `errcode`.
    pub refused: BTreeMap<i64, u64>,
    /// Messages accepted and delivered to somebody.
    pub messages: u64,
    /// Bytes of every message that was posted, refused ones among them.
    pub bytes: u64,
    /// Messages that the duplicate check swallowed.
    pub duplicates: u64,
    /// Deliveries to a member that were dropped silently.
    pub dropped: u64,
    /// Messages that were cut silently.
    pub cut: u64,
}

/// How good a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TokenState {
    Good { until: Instant },
    Revoked(i64),
}

#[derive(Debug)]
pub(super) struct Token {
    pub(super) agent_id: i64,
    pub(super) state: TokenState,
}

/// The world.
#[derive(Debug)]
pub struct World {
    /// The corporation's id.
    pub corp_id: String,
    /// Its apps.
    pub apps: Vec<App>,
    /// Its members, by userid.
    pub members: BTreeMap<String, Member>,
    /// What can be set.
    pub settings: Settings,
    pub(super) counts: Counts,
    pub(super) messages: VecDeque<Message>,
    pub(super) faults: Faults,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) current: HashMap<i64, String>,
    pub(super) windows: HashMap<Call, Window>,
    pub(super) member_windows: HashMap<(i64, String), MemberWindow>,
    pub(super) recent_bodies: HashMap<(i64, Vec<u8>), Instant>,
    pub(super) wrong_secrets: HashMap<IpAddr, (u32, Instant)>,
    pub(super) next_trace: u64,
    random: std::hash::RandomState,
}

impl Default for World {
    /// One corporation with one app and a handful of members: department 1 is everybody, 12 and 15 are teams, `oncall` is a tag.
    fn default() -> Self {
        let member = |userid: &str, departments: &[&str], tags: &[&str]| {
            let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            let userid = userid.to_owned();
            (
                userid.clone(),
                Member {
                    userid,
                    departments: set(departments),
                    tags: set(tags),
                    unlicensed: false,
                },
            )
        };
        Self {
            corp_id: "ww0123456789abcdef".into(),
            apps: vec![App {
                agent_id: 1_000_002,
                secret: "local-wecom-app-secret".into(),
                name: "Acteon".into(),
                disabled: false,
                trusted_ips: None,
            }],
            members: [
                member("zhangsan", &["1", "12"], &["oncall"]),
                member("lisi", &["1", "12"], &[]),
                member("wangwu", &["1", "15"], &["oncall"]),
                member("zhaoliu", &["1", "15"], &[]),
            ]
            .into_iter()
            .collect(),
            settings: Settings::default(),
            counts: Counts::default(),
            messages: VecDeque::new(),
            faults: Faults::default(),
            tokens: HashMap::new(),
            current: HashMap::new(),
            windows: HashMap::new(),
            member_windows: HashMap::new(),
            recent_bodies: HashMap::new(),
            wrong_secrets: HashMap::new(),
            next_trace: 1_700_000_000_000_000_000,
            random: std::hash::RandomState::new(),
        }
    }
}

impl World {
    /// What was counted.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Messages that were accepted, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// The token that an app uses now.
    pub fn current_token(&self, agent_id: i64) -> Option<&str> {
        self.current.get(&agent_id).map(String::as_str)
    }

    /// Ends all tokens of an app; calls with them are answered with `code`, 40014 or 42001.
    pub fn revoke(&mut self, agent_id: i64, code: i64) {
        self.current.remove(&agent_id);
        for token in self
            .tokens
            .values_mut()
            .filter(|token| token.agent_id == agent_id)
        {
            token.state = TokenState::Revoked(code);
        }
    }

    /// Whether a member belongs to any of these departments or tags.
    pub(super) fn members_of<'a>(
        &'a self,
        departments: &'a [&str],
        tags: &'a [&str],
    ) -> impl Iterator<Item = &'a Member> {
        let belongs = move |member: &&Member| {
            departments
                .iter()
                .any(|id| member.departments.contains(*id))
                || tags.iter().any(|id| member.tags.contains(*id))
        };
        self.members.values().filter(belongs)
    }

    pub(super) fn trace(&mut self) -> u64 {
        self.next_trace += 1;
        self.next_trace
    }

    /// An opaque token that nobody can guess from the last.
    pub(super) fn fresh_token(&mut self) -> String {
        use std::hash::BuildHasher as _;
        let trace = self.trace();
        let part = |salt: u64| format!("{:016x}", self.random.hash_one((trace, salt)));
        format!("tok_{}", (0..6).map(part).collect::<String>())
    }

    pub(super) fn remember(&mut self, message: Message) {
        self.messages.push_back(message);
        if self.messages.len() > KEPT_MESSAGES {
            self.messages.pop_front();
        }
    }

    /// Forgets requests that are past the longest duplicate check.
    pub(super) fn sweep_bodies(&mut self, now: Instant) {
        if self.recent_bodies.len() > 10_000 {
            self.recent_bodies
                .retain(|_, at| now.duration_since(*at) < Duration::from_hours(4));
        }
    }
}
