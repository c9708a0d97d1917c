//! A queue of many actions at one gateway, after all faults but one: a check of the order in which they are sent.
//!
//! The service takes one call at a time. What waits goes by priority; within one, in the order in which it was accepted; and of sixteen turns
//! in a row each priority has its share.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use acteon_core::{Caller, Origin, Priority, with_causes};
use acteon_gateway::Wait;

use super::answer::Answer;
use super::broken::Broken;
use super::clock::epoch;
use super::posted::{Goes, Posted};
use super::world::{LEASE, World};

/// Number of turns in a row in which each priority has its share.
const TURNS: usize = 16;
/// One run in this many has a long queue.
const LONG_EVERY: u64 = 50;
/// Length of a long queue: more actions than a gateway keeps in memory.
const LONG: u64 = 1300;

/// What holds up the queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum HeldUp {
    /// Only the calls before it.
    Not,
    /// One call that is refused for its rate.
    Limited,
    /// A provider that people must repair.
    Broken,
    /// A provider that people must repair, with its breaker open meanwhile.
    LeftAlone,
    /// A time interval that postpones all of it.
    Postponed,
}

impl World {
    /// Posts a queue to one gateway and checks the order of its calls. The other gateways are killed first, since each would have a queue of its own.
    pub(super) async fn check_queue(&mut self) -> Result<Vec<Answer>, Broken> {
        for node in self.nodes.drain(1..).flatten() {
            node.store.0.kill();
        }
        self.time.sleep(3 * LEASE).await;
        let broken = if self.has_breakers() {
            HeldUp::LeftAlone
        } else {
            HeldUp::Broken
        };
        let held_up =
            [HeldUp::Not, HeldUp::Limited, broken, HeldUp::Postponed][self.below(4) as usize];
        // What finds no room in memory meets no breaker, and is not put off by it.
        let is_long = self.seed.is_multiple_of(LONG_EVERY) && held_up != HeldUp::LeftAlone;
        let length = if is_long { LONG } else { 30 + self.below(50) };
        let mut goes = Goes::AtOnce;
        match held_up {
            HeldUp::Not => {}
            HeldUp::Limited => self.service.refuse_call(self.below(20) as usize),
            HeldUp::Broken | HeldUp::LeftAlone => self.service.set_broken(true),
            HeldUp::Postponed => {
                goes = Goes::AfterNoon;
                let noon = epoch() + Duration::from_hours(36);
                self.time
                    .set_step((noon.as_millis() - self.time.wall().as_millis()) + self.time.step());
            }
        }
        let queue: Vec<Posted> = (0..length)
            .map(|number| Posted::in_queue(self.seed, number, goes))
            .collect();
        let answers = self.post_queue(&queue).await?;
        if held_up == broken {
            // All have failed by then, or meet a breaker.
            self.time
                .sleep(Duration::from_millis(200 * (length + 1)))
                .await;
            self.service.set_broken(false);
        }
        let before = if held_up == broken {
            self.service.calls().len()
        } else {
            0
        };
        self.until_nothing_is_open().await?;
        check_turns(held_up, &queue, &self.service.calls(), before)
            .map_err(|why| self.broken(format!("{held_up:?}, {length} in the queue: {why}")))?;
        Ok(answers)
    }

    async fn post_queue(&self, queue: &[Posted]) -> Result<Vec<Answer>, Broken> {
        let gateway = self
            .some_gateway()
            .ok_or_else(|| self.broken("no gateway is left".to_owned()))?;
        let mut answers = Vec::new();
        for posted in queue {
            self.service.expect(posted);
            let action = posted
                .action()
                .ok_or_else(|| self.broken("an action cannot be made".to_owned()))?;
            let answer = gateway
                .dispatch(action, Origin::Api, Caller::anonymous(), Wait::ForCommit)
                .await;
            let answer = answer.map_err(|error| {
                self.broken(format!(
                    "{} was refused: {}",
                    posted.id,
                    with_causes(&error)
                ))
            })?;
            answers.push(Answer {
                id: posted.id.clone(),
                outcome: answer.outcome,
            });
        }
        Ok(answers)
    }
}

/// Checks the order of the calls. Exempt are the first `before` of them, and the one after those, which waited for nothing. A repeated call keeps no
/// order with the others; nor does, with an open breaker, one that had failed before. After an open breaker calls return one by one, and not by shares.
fn check_turns(
    held_up: HeldUp,
    queue: &[Posted],
    calls: &[String],
    before: usize,
) -> Result<(), String> {
    let (failed, calls) = calls.split_at(before);
    let again = calls
        .iter()
        .enumerate()
        .filter(|(place, id)| calls[..*place].contains(id))
        .map(|(_, id)| id.as_str());
    let more_failed = failed
        .iter()
        .map(String::as_str)
        .filter(|_| held_up == HeldUp::LeftAlone);
    let apart: BTreeSet<&str> = again.chain(more_failed).collect();
    let places: BTreeMap<&str, usize> = queue
        .iter()
        .enumerate()
        .map(|(place, posted)| (posted.id.as_str(), place))
        .collect();
    // A call that began while the provider was broken may be answered when it no longer is: what it sent waits for nothing.
    let is_sent = |id: &String| failed.contains(id) && !calls.contains(id);
    let mut waiting: [BTreeSet<usize>; 3] = Default::default();
    for (place, posted) in queue.iter().enumerate() {
        if !is_sent(&posted.id) {
            waiting[posted.priority().index()].insert(place);
        }
    }
    let mut turns: Vec<Turn> = Vec::new();
    for (number, id) in calls.iter().enumerate() {
        let place = *places
            .get(id.as_str())
            .ok_or_else(|| format!("{id} is not of the queue"))?;
        let class = queue[place].priority().index();
        let first = waiting[class]
            .iter()
            .copied()
            .find(|place| !apart.contains(queue[*place].id.as_str()));
        if number > 0 && !apart.contains(id.as_str()) && first != Some(place) {
            return Err(format!(
                "{id} goes before {:?}, of the same priority",
                first.map(|first| &queue[first].id)
            ));
        }
        // Who comes again may have had to wait for something else in between.
        let is_first = waiting[class].contains(&place);
        let waited = waiting
            .each_ref()
            .map(|waiting| is_first && !waiting.is_empty());
        turns.push(Turn {
            waiting: waited,
            class,
        });
        waiting[class].remove(&place);
    }
    if let Some(left) = waiting.iter().flatten().next() {
        return Err(format!("{} had no turn", queue[*left].id));
    }
    match held_up {
        HeldUp::LeftAlone => Ok(()),
        // After a trial a turn is free for whoever comes first.
        HeldUp::Broken => turns[2..].windows(TURNS).try_for_each(check_shares),
        HeldUp::Not | HeldUp::Limited | HeldUp::Postponed => {
            turns[1..].windows(TURNS).try_for_each(check_shares)
        }
    }
}

/// Turn of the queue: the priorities of which some actions waited, and the one whose turn it was.
struct Turn {
    waiting: [bool; 3],
    class: usize,
}

/// Checks that each priority has its share of the turns, where the same ones wait from the first turn to the last.
fn check_shares(turns: &[Turn]) -> Result<(), String> {
    let waiting = turns[0].waiting;
    if turns.iter().any(|turn| turn.waiting != waiting) {
        return Ok(());
    }
    let expected = match waiting {
        [true, true, true] => [12, 3, 1],
        [true, true, false] => [13, 3, 0],
        [true, false, true] => [15, 0, 1],
        [false, true, true] => [0, 15, 1],
        [high, normal, low] => [high, normal, low].map(|waits| if waits { TURNS } else { 0 }),
    };
    let had = Priority::ALL.map(|priority| {
        turns
            .iter()
            .filter(|turn| turn.class == priority.index())
            .count()
    });
    if had == expected {
        Ok(())
    } else {
        Err(format!(
            "of {TURNS} turns the priorities had {had:?}, not {expected:?}"
        ))
    }
}
