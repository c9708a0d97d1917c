//! Rows of events: the last of those that one commit wrote together, and those before it.

use acteon_core::Timestamp;
use rusqlite::Row;

use crate::StoreError;
use crate::event::{Event, EventKind, EventPosition};
use crate::flow_event::FlowEvent;
use crate::model::Seq;

/// Most events of a row, so that a row fills no more than half a page.
pub(super) const MAX_EVENTS: usize = 120;
/// Bytes of an event that stands before the row's own.
const BYTES: usize = 16;

/// Event of a row: its instant, and the action that it is about. A later version may tell of something else.
#[derive(Clone, Copy)]
pub(super) struct Told {
    pub(super) at: Timestamp,
    pub(super) seq: Option<Seq>,
}

/// Row of events.
pub(super) struct EventRow {
    /// Kind of its events; `None` of one that a later version wrote.
    pub(super) kind: Option<EventKind>,
    /// Position of the last.
    position: i64,
    events: Vec<Told>,
    /// What the event of a flow tells, which has a row to itself.
    flow: Option<FlowEvent>,
}

impl EventRow {
    pub(super) const COLUMNS: &str = "pos, at, kind, seq, before, namespace, tenant, subject, body";
    /// Position before the row's first event.
    pub(super) const BEFORE_FIRST: &str = "pos - 1 - coalesce(length(before), 0) / 16";

    pub(super) fn read(row: &Row<'_>) -> Result<Self, StoreError> {
        let before: Option<Vec<u8>> = row.get(4)?;
        let position = row.get(0)?;
        let (events, rest) = before.as_deref().unwrap_or(&[]).as_chunks::<BYTES>();
        if !rest.is_empty() {
            let why = format!("the events of row {position} are of no whole number");
            return Err(StoreError::Damaged(why.into()));
        }
        let own = Told {
            at: Timestamp::from_millis(row.get(1)?),
            seq: row.get::<_, Option<i64>>(3)?.map(Seq),
        };
        let kind = EventKind::of_number(row.get(2)?);
        Ok(Self {
            kind,
            position,
            events: events.iter().map(told).chain([own]).collect(),
            flow: match (kind, own.seq) {
                (Some(kind), None) => flow_event(row, kind, own.at)?,
                (None, _) | (_, Some(_)) => None,
            },
        })
    }

    /// The event of a flow, if it is one that can be read.
    pub(super) fn flow_event(&self) -> Option<Event> {
        self.flow.clone()?.read_at(self.position())
    }

    /// Position of the last event.
    pub(super) fn position(&self) -> EventPosition {
        EventPosition::of_row(self.position)
    }

    /// Number of the row in its table.
    pub(super) fn number(&self) -> i64 {
        self.position
    }

    /// Its events, in their order, with their positions.
    pub(super) fn events(&self) -> impl Iterator<Item = (EventPosition, Told)> {
        let first = self.position.saturating_sub(self.events.len() as i64 - 1);
        let places = (first..).map(EventPosition::of_row);
        places.zip(self.events.iter().copied())
    }

    /// Number of its events.
    pub(super) fn len(&self) -> usize {
        self.events.len()
    }

    /// Instant of the last event.
    pub(super) fn at(&self) -> Timestamp {
        self.events
            .last()
            .map_or(Timestamp::default(), |event| event.at)
    }
}

/// Event of a flow; `None` where a text of it is missing or damaged.
fn flow_event(
    row: &Row<'_>,
    kind: EventKind,
    at: Timestamp,
) -> Result<Option<FlowEvent>, StoreError> {
    let text = |place: usize| -> Result<Option<String>, StoreError> {
        Ok(row.get_ref(place)?.as_str().ok().map(str::to_owned))
    };
    let (Some(namespace), Some(tenant), Some(flow), Some(body)) =
        (text(5)?, text(6)?, text(7)?, text(8)?)
    else {
        return Ok(None);
    };
    Ok(Some(FlowEvent {
        kind,
        at,
        flow: flow.into(),
        namespace,
        tenant,
        body,
    }))
}

fn told(bytes: &[u8; BYTES]) -> Told {
    let [at, seq] = [0, 8].map(|from| {
        let mut number = [0; 8];
        number.copy_from_slice(&bytes[from..from + 8]);
        i64::from_le_bytes(number)
    });
    Told {
        at: Timestamp::from_millis(at),
        seq: Some(Seq(seq)),
    }
}

/// Appends an event to those that stand before a row's own.
pub(super) fn append(before: &mut Vec<u8>, at: Timestamp, seq: Seq) {
    before.extend(at.as_millis().to_le_bytes());
    before.extend(seq.0.to_le_bytes());
}
