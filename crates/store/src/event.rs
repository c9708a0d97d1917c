//! Events: what happened, in an order that can be followed.

use std::fmt;
use std::sync::Arc;

use acteon_core::Timestamp;
use acteon_core::limits::MAX_EVENTS_BYTES;

use crate::model::Seq;

/// Bits of a UUID of version 7 beside its time, its version and its variant.
const POSITION_BITS: u32 = 74;
/// Mark of the ids of actions, in the place of a position's highest bit: no engine gives such positions.
const OF_ACTION: u128 = 1 << (POSITION_BITS - 1);
/// Mark of the ids of positions, in the place of the bit below it.
const OF_POSITION: u128 = 1 << (POSITION_BITS - 2);
/// Bits of them that stand before the variant.
const BEFORE_VARIANT: u32 = 12;
/// Bits of them that stand behind it.
const BEHIND_VARIANT: u32 = POSITION_BITS - BEFORE_VARIANT;
/// Largest time of a UUID, in milliseconds.
const MAX_MILLIS: i64 = (1 << 48) - 1;

/// Position of an event: what is committed later, as readers see it, has a higher one. Each engine makes its own, of 74 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventPosition(u128);

impl EventPosition {
    /// Position before every event.
    pub const START: Self = Self(0);

    /// Position of this number, of which the lowest 74 bits count.
    pub(crate) const fn of(number: u128) -> Self {
        Self(number & ((1 << POSITION_BITS) - 1))
    }

    pub(crate) const fn number(self) -> u128 {
        self.0
    }

    /// Position of a row whose number is its position.
    pub(crate) fn of_row(number: i64) -> Self {
        Self(u128::from(number.max(0).unsigned_abs()))
    }

    /// Number of a row whose position it is; the largest where no row can have it.
    pub(crate) fn row(self) -> i64 {
        i64::try_from(self.0).unwrap_or(i64::MAX)
    }
}

/// Id of an event: a UUID of version 7, whose time is the event's and whose other bits are its position. Any gateway on the store finds the event by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EventId {
    millis: i64,
    position: EventPosition,
}

impl EventId {
    /// Id of the event at this position.
    pub fn new(at: Timestamp, position: EventPosition) -> Self {
        Self {
            millis: at.as_millis().clamp(0, MAX_MILLIS),
            position,
        }
    }

    /// Id of the outcome of the action at a position of the journal, where no event is at hand. No event has it.
    pub fn of_action(at: Timestamp, seq: Seq) -> Self {
        Self::new(
            at,
            EventPosition(EventPosition::of_row(seq.0).0 | OF_ACTION),
        )
    }

    /// Id of a position that the events had come to at an instant: whoever has had no event goes on by it. No event has it.
    pub fn of_position(at: Timestamp, position: EventPosition) -> Self {
        Self::new(at, EventPosition(position.0 | OF_POSITION))
    }

    /// Whether it is the id of a position, and of no event.
    pub const fn is_of_position(self) -> bool {
        self.position.0 & (OF_ACTION | OF_POSITION) == OF_POSITION
    }

    /// Instant of the event, or of which the position is.
    pub fn at(self) -> Timestamp {
        Timestamp::from_millis(self.millis)
    }

    /// Id of the text of a UUID; `None` of a text that is none of version 7.
    pub fn parse(text: &str) -> Option<Self> {
        let hyphens = [8, 13, 18, 23];
        let is_form = |(place, byte): (usize, u8)| {
            if hyphens.contains(&place) {
                byte == b'-'
            } else {
                byte.is_ascii_hexdigit()
            }
        };
        if text.len() != 36 || !text.bytes().enumerate().all(is_form) {
            return None;
        }
        let bits = u128::from_str_radix(&text.replace('-', ""), 16).ok()?;
        let is_version_7 = (bits >> 76) & 0xf == 7 && (bits >> 62) & 0b11 == 0b10;
        let before = (bits >> 64) & ((1 << BEFORE_VARIANT) - 1);
        let behind = bits & ((1 << BEHIND_VARIANT) - 1);
        is_version_7.then(|| Self {
            millis: i64::try_from(bits >> 80).unwrap_or(MAX_MILLIS),
            position: EventPosition::of((before << BEHIND_VARIANT) | behind),
        })
    }

    /// Position of the event, or the position itself.
    pub const fn position(self) -> EventPosition {
        if self.is_of_position() {
            EventPosition(self.position.0 & !OF_POSITION)
        } else {
            self.position
        }
    }

    /// Whether the event at this position has it, if it is of this instant. Of the id of a position: whether the newest event up to there may be of
    /// this instant. A later one is another store's.
    pub(crate) fn is_of(self, at: Timestamp) -> bool {
        if self.is_of_position() {
            at <= self.at()
        } else {
            Self::new(at, self.position) == self
        }
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.position.number();
        let (before, behind) = (
            number >> BEHIND_VARIANT,
            number & ((1 << BEHIND_VARIANT) - 1),
        );
        let bits = (u128::from(self.millis.unsigned_abs()) << 80)
            | (7 << 76)
            | (before << 64)
            | (0b10 << 62)
            | behind;
        write!(
            f,
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            bits >> 96,
            (bits >> 80) & 0xffff,
            (bits >> 64) & 0xffff,
            (bits >> 48) & 0xffff,
            bits & 0xffff_ffff_ffff
        )
    }
}

/// Kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// An action came to its outcome.
    ActionDispatched,
    /// A step of a chain began.
    ChainAdvanced,
    /// A step of a chain is over.
    ChainStepCompleted,
    /// An execution of a chain is over.
    ChainCompleted,
    /// People are asked to decide.
    ApprovalRequired,
    /// An approval is over.
    ApprovalResolved,
}

impl EventKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::ActionDispatched,
        Self::ChainAdvanced,
        Self::ChainStepCompleted,
        Self::ChainCompleted,
        Self::ApprovalRequired,
        Self::ApprovalResolved,
    ];

    /// Name of the kind in the wire format.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ActionDispatched => "action_dispatched",
            Self::ChainAdvanced => "chain_advanced",
            Self::ChainStepCompleted => "chain_step_completed",
            Self::ChainCompleted => "chain_completed",
            Self::ApprovalRequired => "approval_required",
            Self::ApprovalResolved => "approval_resolved",
        }
    }

    /// Number that is stored.
    pub(crate) const fn number(self) -> i64 {
        match self {
            Self::ActionDispatched => 1,
            Self::ChainAdvanced => 2,
            Self::ChainStepCompleted => 3,
            Self::ChainCompleted => 4,
            Self::ApprovalRequired => 5,
            Self::ApprovalResolved => 6,
        }
    }

    /// Kind of a number; `None` of one that a later version wrote.
    pub(crate) fn of_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }
}

/// Event, as it is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Position of the event.
    pub position: EventPosition,
    /// Instant of the event, of the wall clock.
    pub at: Timestamp,
    /// Kind of the event.
    pub kind: EventKind,
    /// Id of the flow that it is about; `None` of an event of an action.
    pub flow: Option<Arc<str>>,
    /// Action that it is about, or that the flow began with.
    pub action: EventAction,
}

/// Action that an event is about, as the journal has it, or as the flow that began with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventAction {
    /// Position of the action in the journal; 0 of an event of a flow.
    pub seq: Seq,
    /// Id of the action.
    pub id: String,
    /// Namespace of the action.
    pub namespace: String,
    /// Tenant of the action.
    pub tenant: String,
    /// Provider that the action names, whichever it went through.
    pub provider: String,
    /// Type of the action.
    pub action_type: String,
    /// Outcome as JSON; of an event of a flow the members of what is told of it, as a JSON object.
    pub outcome: Arc<str>,
}

/// Events of one look, in their order. A look is bounded in rows and in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventsPage {
    /// Events found. Those whose action the journal has no more are left out.
    pub events: Vec<Event>,
    /// Position up to which was looked: the next look goes on behind it.
    pub looked_to: EventPosition,
    /// Instant of the event at `looked_to`, also of one that was left out; `None` where the look found none, or ended beyond what is damaged.
    pub last: Option<Timestamp>,
    /// Whether the look ended at its bound, and another finds more.
    pub more: bool,
    /// Instant of the first event that cannot be told yet, since others may come before it.
    pub pending: Option<Timestamp>,
    /// Position up to which no event is yet to come. Below the one that was asked for it says that the store has lost commits.
    pub settled: EventPosition,
}

impl EventsPage {
    pub(crate) fn begin(after: EventPosition, settled: EventPosition) -> Self {
        Self {
            events: Vec::new(),
            looked_to: after,
            last: None,
            more: false,
            pending: None,
            settled,
        }
    }

    /// Id of the place that the look came to, which began at one with the id `before`; `None` where it has none.
    pub fn came_to(&self, before: Option<EventId>) -> Option<EventId> {
        match self.last {
            Some(at) => Some(EventId::new(at, self.looked_to)),
            None => before.filter(|before| before.position() == self.looked_to),
        }
    }
}

/// Counts the bytes of a look at events.
#[derive(Default)]
pub(crate) struct EventBytes(usize);

impl EventBytes {
    /// Counts an event; says whether the look is to end behind it.
    pub(crate) fn are_full_with(&mut self, event: &Event) -> bool {
        self.0 += event.action.outcome.len();
        self.0 >= MAX_EVENTS_BYTES
    }
}

/// Times of events that are kept. What seems to come from the future was written under a clock that was set back since.
#[derive(Clone, Copy, Debug)]
pub struct EventsKept {
    /// First instant of the events that are kept.
    pub from: Timestamp,
    /// Last instant of the events that are kept.
    pub to: Timestamp,
}

impl EventsKept {
    pub(crate) fn have(self, at: Timestamp) -> bool {
        (self.from..=self.to).contains(&at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_uuid_of_version_7_and_leads_back_to_its_position() {
        let at = Timestamp::from_millis(1_769_850_000_123);
        for number in [0, 1, 1 << 26, u128::from(u64::MAX), (1 << 74) - 1] {
            let id = EventId::new(at, EventPosition::of(number));
            let text = id.to_string();
            assert_eq!(EventId::parse(&text), Some(id), "{text}");
            assert_eq!(id.position().number(), number);
            assert_eq!(&text[..13], "019c1347-d2fb");
            assert_eq!(&text[14..15], "7", "{text}");
            assert!(matches!(&text[19..20], "8" | "9" | "a" | "b"), "{text}");
            assert!(id.is_of(at) && !id.is_of(Timestamp::from_millis(1)));
        }
    }

    #[test]
    fn other_texts_are_no_ids() {
        for text in [
            "",
            "x",
            "019c1347-d2fb-4000-8000-000000000001",
            "019c1347-d2fb-7000-c000-000000000001",
            "019c1347d2fb70008000000000000001",
            "019c1347-d2fb-7000-8000-00000000000+",
            "019c1347-d2fb-7000-8000-00000000000中",
        ] {
            assert_eq!(EventId::parse(text), None, "{text}");
        }
    }
}
