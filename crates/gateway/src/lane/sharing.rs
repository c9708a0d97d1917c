//! Notes in the store by which gateways tell each other of a lane: its pause, its pace, and what
//! went through before.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use acteon_core::{Timestamp, with_causes};
use acteon_store::{OwnerId, StoreError};

use super::note::LaneNote;
use super::turn::Lane;
use crate::shared::Inner;

/// Time for which a gateway's word about what it saw go through a lane is good.
const SEEN_KEEPS: Duration = Duration::from_secs(30);

/// Time for which a lane's pause and pace are remembered: longer than any pause, and not so long
/// that they say nothing about now.
const LANE_NOTE_KEEPS: Duration = Duration::from_mins(70);

/// Continues lanes and breakers where an earlier process stood.
pub(crate) async fn recall_lanes(inner: &Inner, now: Timestamp) -> Result<(), StoreError> {
    for lane in inner.providers.lanes() {
        if let Some(note) = inner.store.note(&note_name(lane), now).await?
            && let Ok(note) = serde_json::from_str::<LaneNote>(&note)
        {
            lane.restore(&note, inner.due.now());
        }
    }
    crate::deliver::breaker::sharing::recall_breakers(inner, now).await
}

/// Takes over the pauses and paces that other gateways met, and the breakers that they moved.
pub(crate) async fn load_lane_notes(inner: &Arc<Inner>) {
    for lane in inner.providers.lanes() {
        load_lane_note(inner, lane).await;
    }
    crate::deliver::breaker::sharing::load_breaker_notes(inner).await;
    crate::deliver::repair::load_notes(inner).await;
}

/// Takes over the pause and pace of the one lane whose note it is, or what is told of breakers, if it is such a note.
pub(crate) async fn load_note(inner: &Arc<Inner>, name: &str) {
    for lane in inner
        .providers
        .lanes()
        .filter(|lane| note_name(lane) == name)
    {
        load_lane_note(inner, lane).await;
    }
    if crate::deliver::repair::is_note(name) {
        crate::deliver::repair::load_notes(inner).await;
    }
    if crate::deliver::breaker::sharing::is_note(name) {
        crate::deliver::breaker::sharing::load_breaker_notes(inner).await;
    }
}

async fn load_lane_note(inner: &Inner, lane: &Arc<Lane>) {
    if let Ok(Some(note)) = inner.store.note(&note_name(lane), inner.clock.now()).await
        && let Ok(note) = serde_json::from_str::<LaneNote>(&note)
    {
        tell_what_was_seen(
            inner,
            lane,
            lane.adopt(&note, inner.lease.owner().0, inner.due.now()),
        )
        .await;
    }
}

/// Tells the gateway that met a limit what went through here before.
async fn tell_what_was_seen(inner: &Inner, lane: &Lane, seen: Option<f64>) {
    let Some(seen) = seen else { return };
    let name = seen_name(lane, inner.lease.owner());
    if let Err(error) = inner
        .store
        .put_note(&name, &seen.to_string(), inner.clock.now() + SEEN_KEEPS)
        .await
    {
        tracing::debug!(error = %with_causes(&error), "what a lane let through could not be told");
    }
}

/// Rate that the other gateways saw go through a lane before its pause.
async fn seen_by_others(inner: &Inner, lane: &Lane) -> Result<f64, StoreError> {
    let mut sum = 0.0;
    for beat in inner.store.heartbeats().await? {
        if beat.owner != inner.lease.owner()
            && let Some(seen) = inner
                .store
                .note(&seen_name(lane, beat.owner), inner.clock.now())
                .await?
        {
            sum += seen.parse().unwrap_or(0.0);
        }
    }
    Ok(sum)
}

fn seen_name(lane: &Lane, owner: OwnerId) -> String {
    format!("{}:seen:{}", note_name(lane), owner.0)
}

/// Keeps a lane's pause and pace for the others and for the next process, as they are when the note is written.
pub(crate) fn keep_lane(inner: &Arc<Inner>, lane: &Arc<Lane>) {
    inner.work.notify_one();
    if lane.note.0.fetch_add(1, Ordering::SeqCst) > 0 {
        return;
    }
    let (inner, lane) = (Arc::clone(inner), Arc::clone(lane));
    tokio::spawn(async move {
        loop {
            let changes = lane.note.0.load(Ordering::SeqCst);
            write_note(&inner, &lane).await;
            if lane.note.0.fetch_sub(changes, Ordering::SeqCst) == changes {
                return;
            }
        }
    });
}

async fn write_note(inner: &Inner, lane: &Lane) {
    tell_what_was_seen(inner, lane, lane.seen_before_pause()).await;
    match seen_by_others(inner, lane).await {
        Ok(others) if others > 0.0 => lane.learn(others),
        Ok(_) => {}
        Err(error) => {
            tracing::debug!(error = %with_causes(&error), "what the others saw of a lane could not be read");
        }
    }
    let Ok(note) = serde_json::to_string(&lane.note(inner.lease.owner().0, inner.due.now())) else {
        return;
    };
    let until = inner.clock.now() + LANE_NOTE_KEEPS;
    if let Err(error) = inner.store.put_note(&note_name(lane), &note, until).await {
        tracing::warn!(error = %with_causes(&error), "the pause of a lane could not be kept");
    }
}

fn note_name(lane: &Lane) -> String {
    format!("lane:{}", lane.name())
}
