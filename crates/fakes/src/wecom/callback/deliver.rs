//! Delivery of callbacks as the settings or one request ask for: at once, late, several times, or when they are released.

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use super::held::{Callback, Held};
use super::send::{Patience, Try, send};
use super::settings::{Callbacks, Deliver};
use crate::wecom::shared::Shared;
use crate::wecom::world::World;

/// Most callbacks that are held back.
const MAX_HELD: usize = 10_000;
/// Most copies of a callback, and most times that one is tried again.
const MAX_COPIES: u32 = 100;
const MAX_RETRIES: u32 = 100;
/// Longest of all times, in milliseconds.
const MAX_MS: u64 = 600_000;

/// What came of a callback.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Sequence number of the callback, from 1.
    pub number: u64,
    /// `text`, or the event's name.
    pub name: String,
    pub outcome: Outcome,
    /// Tries of all copies, by copy.
    pub tries: Vec<Try>,
}

/// Where a callback is now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// It is held back until it is released.
    Held,
    /// Each copy arrived.
    Delivered,
    /// A copy was tried as often as allowed, and is lost.
    Lost,
}

/// Delivers a callback, or holds it back. Errors when too many are held back already.
pub(in crate::wecom) async fn deliver(
    shared: &Arc<Shared>,
    callback: Callback,
    deliver: Deliver,
) -> Result<Delivery, String> {
    let how = shared.world(|world| deliver.of(world.settings.callbacks));
    if !how.hold {
        return Ok(deliver_now(shared, callback, how).await);
    }
    let held = Delivery {
        number: callback.number,
        name: callback.name.clone(),
        outcome: Outcome::Held,
        tries: Vec::new(),
    };
    shared.world(|world| {
        if world.held.len() >= MAX_HELD {
            return Err(format!(
                "{MAX_HELD} callbacks are held back: release them first"
            ));
        }
        world.held.push_back(Held { callback, deliver });
        Ok(held)
    })
}

/// Releases callbacks that were held back, one after the other: those with these numbers in their order, or all. Errors when one is not held back.
pub(in crate::wecom) async fn release(
    shared: &Arc<Shared>,
    numbers: Option<&[u64]>,
) -> Result<Vec<Delivery>, String> {
    let held = shared.world(|world| take_held(world, numbers))?;
    let mut deliveries = Vec::new();
    for Held { callback, deliver } in held {
        let how = shared.world(|world| deliver.of(world.settings.callbacks));
        deliveries.push(deliver_now(shared, callback, how).await);
    }
    Ok(deliveries)
}

fn take_held(world: &mut World, numbers: Option<&[u64]>) -> Result<Vec<Held>, String> {
    let Some(numbers) = numbers else {
        let mut held: Vec<Held> = world.held.drain(..).collect();
        if world.settings.callbacks.newest_first {
            held.reverse();
        }
        return Ok(held);
    };
    let place = |world: &World, number: &u64| {
        let mut held = world.held.iter();
        held.position(|held| held.callback.number == *number)
    };
    let unknown = |number: &&u64| place(world, number).is_none();
    if let Some(number) = numbers.iter().find(unknown) {
        return Err(format!("callback {number} is not held back"));
    }
    let take = |number: &u64| world.held.remove(place(world, number)?);
    Ok(numbers.iter().filter_map(take).collect())
}

async fn deliver_now(shared: &Arc<Shared>, callback: Callback, how: Callbacks) -> Delivery {
    let span = |millis: u64| Duration::from_millis(millis.min(MAX_MS));
    let patience = Patience {
        retries: how.retries.min(MAX_RETRIES),
        timeout: span(how.timeout_ms),
        pause: span(how.pause_ms),
    };
    tokio::time::sleep(span(how.delay_ms)).await;
    let mut copies = JoinSet::new();
    for copy in 1..=how.copies.clamp(1, MAX_COPIES) {
        let (shared, text) = (Arc::clone(shared), callback.xml.clone());
        let agent_id = callback.agent_id;
        copies.spawn(async move { send(&shared, agent_id, &text, copy, patience).await });
    }
    let mut tries = copies.join_all().await;
    tries.sort_by_key(|tries| tries.first().map(|first| first.copy));
    let arrived = |tries: &Vec<Try>| tries.last().is_some_and(|last| last.problem.is_none());
    let outcome = if tries.iter().all(arrived) {
        Outcome::Delivered
    } else {
        Outcome::Lost
    };
    Delivery {
        number: callback.number,
        name: callback.name,
        outcome,
        tries: tries.concat(),
    }
}
