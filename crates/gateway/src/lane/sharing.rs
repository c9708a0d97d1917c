//! What gateways tell each other of a lane, through notes in the store: its pause, its pace, and what went through before.

use std::sync::Arc;
use std::time::Duration;

use acteon_core::Timestamp;
use acteon_store::{OwnerId, StoreError};

use super::{Lane, LaneNote};
use crate::gateway::Inner;

/// How long a gateway's word about what it saw go through a lane is good.
const SEEN_KEEPS: Duration = Duration::from_secs(30);
/// How long a lane's pause and pace are remembered.
const LANE_NOTE_KEEPS: Duration = Duration::from_hours(24);

/// Continues lanes where an earlier process stood.
pub(crate) async fn recall_lanes(inner: &Inner, now: Timestamp) -> Result<(), StoreError> {
    for lane in inner.providers.lanes() {
        if let Some(note) = inner.store.note(&note_name(lane), now).await?
            && let Ok(note) = serde_json::from_str::<LaneNote>(&note)
        {
            lane.restore(&note);
        }
    }
    Ok(())
}

/// Takes over the pauses and paces that other gateways met.
pub(crate) async fn hear_of_lanes(inner: &Inner) {
    for lane in inner.providers.lanes() {
        hear_of_lane(inner, lane).await;
    }
}

/// Takes over the pause and pace of the one lane whose note it is, if it is a lane's.
pub(crate) async fn hear_of_note(inner: &Inner, name: &str) {
    for lane in inner.providers.lanes().filter(|lane| note_name(lane) == name) {
        hear_of_lane(inner, lane).await;
    }
}

async fn hear_of_lane(inner: &Inner, lane: &Arc<Lane>) {
    if let Ok(Some(note)) = inner.store.note(&note_name(lane), inner.clock.now()).await
        && let Ok(note) = serde_json::from_str::<LaneNote>(&note)
    {
        tell_what_was_seen(inner, lane, lane.adopt(&note, inner.lease.owner().0)).await;
    }
}

/// Tells the gateway that met a limit what went through here before.
async fn tell_what_was_seen(inner: &Inner, lane: &Lane, seen: Option<f64>) {
    let Some(seen) = seen else { return };
    let name = seen_name(lane, inner.lease.owner());
    if let Err(error) = inner.store.put_note(&name, &seen.to_string(), inner.clock.now() + SEEN_KEEPS).await {
        tracing::debug!(%error, "what a lane let through could not be told");
    }
}

/// What the other gateways saw go through a lane before its pause.
async fn seen_by_others(inner: &Inner, lane: &Lane) -> Result<f64, StoreError> {
    let mut sum = 0.0;
    for beat in inner.store.beats().await? {
        if beat.owner != inner.lease.owner()
            && let Some(seen) = inner.store.note(&seen_name(lane, beat.owner), inner.clock.now()).await?
        {
            sum += seen.parse().unwrap_or(0.0);
        }
    }
    Ok(sum)
}

fn seen_name(lane: &Lane, owner: OwnerId) -> String {
    format!("{}:seen:{}", note_name(lane), owner.0)
}

/// Keeps a lane's pause and pace for the next process.
pub(crate) fn keep_lane(inner: &Arc<Inner>, lane: &Arc<Lane>) {
    let (inner, lane) = (Arc::clone(inner), Arc::clone(lane));
    inner.work.notify_one();
    tokio::spawn(async move {
        tell_what_was_seen(&inner, &lane, lane.seen_before_pause()).await;
        if let Ok(others) = seen_by_others(&inner, &lane).await {
            lane.learn(others);
        }
        let Ok(note) = serde_json::to_string(&lane.note(inner.lease.owner().0)) else { return };
        let name = note_name(&lane);
        let until = inner.clock.now() + LANE_NOTE_KEEPS;
        if let Err(error) = inner.store.put_note(&name, &note, until).await {
            tracing::warn!(%error, "the pause of a lane could not be kept");
        }
    });
}

fn note_name(lane: &Lane) -> String {
    format!("lane:{}", lane.name())
}
