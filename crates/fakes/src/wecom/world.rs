//! World: all state of the local WeChat Work.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::callback::Callbacks;
use super::callback::held::Held;
use super::card::codes::Codes;
use super::clock;
use super::faults::{Call, Faults};
use super::limits::{MemberWindow, RateLimit, Window};
use super::medium::Medium;
use super::sign_ins::SignIns;

/// Most messages that are kept.
const KEPT_MESSAGES: usize = 1_000_000;

/// App of the corporation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    pub agent_id: i64,
    pub secret: String,
    pub name: String,
    /// Whether it is switched off in the admin console.
    #[serde(default)]
    pub disabled: bool,
    /// IP addresses that may call; any when absent.
    #[serde(default)]
    pub trusted_ips: Option<Vec<IpAddr>>,
    /// URL that it is called back at; cards that call back are refused without.
    #[serde(default)]
    pub callback_url: Option<String>,
    /// Token that callbacks are signed with.
    #[serde(default)]
    pub callback_token: Option<String>,
    /// `EncodingAESKey` that callbacks are encrypted with: 43 letters and digits.
    #[serde(default)]
    pub callback_aes_key: Option<String>,
}

/// Member of the corporation.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Member {
    /// Userid in lower case.
    pub userid: String,
    /// Ids of the member's departments.
    #[serde(default)]
    pub departments: BTreeSet<String>,
    /// Ids of the member's tags.
    #[serde(default)]
    pub tags: BTreeSet<String>,
    /// Whether the member has no licence for the API, and so gets no messages.
    #[serde(default)]
    pub unlicensed: bool,
}

/// Settings of the server, which the control routes change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// `expires_in` of new tokens, in seconds.
    pub expires_in: i64,
    /// Whether `gettoken` answers with the same token while it is valid. The documentation no longer says which.
    pub repeat_same_token: bool,
    /// Time for which an old token stays valid after a new one was given out, in seconds.
    pub old_valid_seconds: u64,
    /// Limit of the corporation's calls, for each API.
    pub rate_limit: Option<RateLimit>,
    /// Whether a member gets at most 30 messages a minute and 1000 an hour.
    pub member_limit: bool,
    /// Number of wrong secrets after which an address is banned from `gettoken`.
    pub wrong_secrets_allowed: u32,
    /// Whether markdown that is too long is cut like text, instead of refused. The documentation does not say which.
    pub cut_markdown: bool,
    /// Shortest time of each call, in milliseconds.
    pub latency_ms: u64,
    /// What presses on cards do.
    pub cards: Cards,
    /// How callbacks are delivered.
    pub callbacks: Callbacks,
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
            cards: Cards::default(),
            callbacks: Callbacks::default(),
        }
    }
}

/// What presses on cards do, where the documentation leaves it open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cards {
    /// Whether a press ends the response codes that its card had before.
    pub newest_code_only: bool,
    /// Whether a passive reply to a press can grey the button for who pressed it.
    pub passive_updates: bool,
}

/// Message that was accepted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Message {
    /// Sequence number, from 1.
    pub number: u64,
    pub msgid: String,
    /// Agent id of the app that sent it.
    pub agent_id: i64,
    /// Time of its acceptance, in milliseconds since 1970.
    pub at: u64,
    /// Type, such as `text` or `template_card`.
    pub msgtype: String,
    /// Object named as the type, with texts cut as members see them.
    pub content: serde_json::Value,
    /// Whether a text was cut.
    pub cut: bool,
    /// Selectors: `touser`, `toparty` and `totag`.
    pub to: [String; 3],
    /// Userids of members who got it.
    pub delivered: Vec<String>,
    /// Userids of members who did not get it, because of their limit.
    pub dropped: Vec<String>,
    /// Whether it is confidential.
    pub safe: bool,
    /// Task id of a card that has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub task_id: Option<String>,
    /// What members see whose card was updated, by userid. The others see `content`.
    #[serde(default)]
    pub faces: BTreeMap<String, serde_json::Value>,
    /// Whether it was recalled, so that nobody sees it any more.
    #[serde(default)]
    pub recalled: bool,
}

/// Counts since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Calls by API, those that met a fault included.
    pub calls: BTreeMap<Call, u64>,
    /// Refusals by `errcode`.
    pub refused: BTreeMap<i64, u64>,
    /// Messages that were accepted, but for duplicates.
    pub messages: u64,
    /// Bytes of all messages that were posted, refused ones included.
    pub bytes: u64,
    /// Messages that the duplicate check dropped.
    pub duplicates: u64,
    /// Deliveries to members that were dropped because of their limits.
    pub dropped: u64,
    /// Messages that were cut.
    pub cut: u64,
}

/// State of a token: valid until an instant, or answered with an `errcode`.
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

/// State of the server.
#[derive(Debug)]
pub struct World {
    pub corp_id: String,
    pub apps: Vec<App>,
    /// Members by userid.
    pub members: BTreeMap<String, Member>,
    pub settings: Settings,
    pub sign_ins: SignIns,
    pub(super) counts: Counts,
    pub(super) messages: VecDeque<Message>,
    pub(super) faults: Faults,
    pub(super) tokens: HashMap<String, Token>,
    pub(super) current: HashMap<i64, String>,
    pub(super) windows: HashMap<Call, Window>,
    pub(super) member_windows: HashMap<(i64, String), MemberWindow>,
    pub(super) recent_bodies: HashMap<(i64, Vec<u8>), Instant>,
    pub(super) wrong_secrets: HashMap<IpAddr, (u32, Instant)>,
    /// Response codes of cards.
    pub(super) codes: Codes,
    /// Media that were uploaded, by their ids.
    pub(super) media: HashMap<String, Medium>,
    /// Task ids of the cards that are kept, by app.
    pub(super) task_ids: HashSet<(i64, String)>,
    /// Callbacks that are held back, oldest first.
    pub(super) held: VecDeque<Held>,
    /// Number of the last callback.
    pub(super) callbacks_made: u64,
    /// How far the world's time is ahead of the machine's.
    ahead: Duration,
    pub(super) next_trace: u64,
    random: std::hash::RandomState,
}

impl Default for World {
    /// World of one corporation with one app and four members: department 1 is everybody, 12 and 15 are teams, and `oncall` is a tag.
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
                callback_url: None,
                callback_token: None,
                callback_aes_key: None,
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
            sign_ins: SignIns::default(),
            counts: Counts::default(),
            messages: VecDeque::new(),
            faults: Faults::default(),
            tokens: HashMap::new(),
            current: HashMap::new(),
            windows: HashMap::new(),
            member_windows: HashMap::new(),
            recent_bodies: HashMap::new(),
            wrong_secrets: HashMap::new(),
            codes: Codes::default(),
            media: HashMap::new(),
            task_ids: HashSet::new(),
            held: VecDeque::new(),
            callbacks_made: 0,
            ahead: Duration::ZERO,
            next_trace: 1_700_000_000_000_000_000,
            random: std::hash::RandomState::new(),
        }
    }
}

impl World {
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Messages that were accepted, oldest first.
    pub fn messages(&self) -> impl Iterator<Item = &Message> {
        self.messages.iter()
    }

    /// Token that `gettoken` gave to an app last.
    pub fn current_token(&self, agent_id: i64) -> Option<&str> {
        self.current.get(&agent_id).map(String::as_str)
    }

    /// Ends all tokens of an app. Calls with them are answered with `code`, which is 40014 or 42001.
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

    /// Members of any of these departments or tags.
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

    /// Makes an opaque text, such as a token, which cannot be guessed from the last one.
    pub(super) fn opaque(&mut self, prefix: &str) -> String {
        let part = |_| format!("{:016x}", self.random());
        let parts: String = (0..6).map(part).collect();
        format!("{prefix}{parts}")
    }

    /// Random number.
    pub(super) fn random(&mut self) -> u64 {
        use std::hash::BuildHasher as _;
        let trace = self.trace();
        self.random.hash_one(trace)
    }

    /// Makes everything that ends older: tokens, response codes, messages that can be recalled.
    pub fn advance(&mut self, by: Duration) {
        self.ahead = self.ahead.saturating_add(by);
    }

    /// Time of the world, in milliseconds since 1970.
    pub(super) fn millis(&self) -> u64 {
        clock::since_1970().saturating_add(self.ahead).as_millis() as u64
    }

    /// Time of the world. It does not go beyond what the machine can tell.
    pub(super) fn now(&self) -> Instant {
        let now = clock::now();
        now.checked_add(self.ahead).unwrap_or(now)
    }

    pub(super) fn remember(&mut self, message: Message) {
        if let Some(task_id) = &message.task_id {
            self.task_ids.insert((message.agent_id, task_id.clone()));
        }
        self.messages.push_back(message);
        if self.messages.len() > KEPT_MESSAGES
            && let Some(Message {
                agent_id,
                task_id: Some(task_id),
                ..
            }) = self.messages.pop_front()
        {
            self.task_ids.remove(&(agent_id, task_id));
        }
    }

    /// Drops requests that are older than the longest interval of the duplicate check.
    pub(super) fn sweep_bodies(&mut self, now: Instant) {
        if self.recent_bodies.len() > 10_000 {
            self.recent_bodies
                .retain(|_, at| now.duration_since(*at) < Duration::from_hours(4));
        }
    }
}
