//! Deterministic runs from a seed: three gateways on one store in one thread, with time that jumps from event to event.
//!
//! [`run`] posts actions, silences and replays to gateways that crash and come back, whose store fails, stalls and forgets to answer, whose
//! clocks jump, and whose providers refuse, hang, need repair, and deliver without saying so. Actions have priorities, and time intervals postpone
//! some; flows count, actions recur, chains go from step to step, and people decide, signal and cancel. Clients lose answers and leave. Afterwards one gateway gets a long queue of actions (`queue`). Then it checks the promises that must hold
//! whatever happened (`check`). A seed decides everything, including the hash of the trace.

mod answer;
mod approvals;
mod broken;
mod chains;
mod check;
mod clock;
mod counting;
mod counting_kind;
mod ending;
mod flows;
mod ledger;
mod node_provider;
mod people;
mod posted;
mod provider_names;
mod queue;
mod recurring;
mod replays;
mod rules;
mod scheduled;
mod service;
mod silences;
mod store_faults;
mod trace;
mod world;

use std::time::Duration;

use acteon_core::with_causes;
use answer::Answer;
pub use broken::Broken;
use world::{NODES, World};

/// How long actions are posted and faults are injected.
const TROUBLE: Duration = Duration::from_secs(40);

/// Result of a run: the hash of its events, and counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Hash of all events, in their order; two runs of one seed have the same.
    pub hash: u64,
    /// Number of answers to clients.
    pub answered: usize,
    /// Number of messages that reached the service.
    pub sends: usize,
    /// Number of crashes of gateways.
    pub crashes: usize,
    /// Number of take-overs of actions, summed over all actions.
    pub takeovers: usize,
}

/// Runs a seed from beginning to end. Fails with the first promise that did not hold.
pub fn run(seed: u64) -> Result<Run, Broken> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    let runtime = runtime.map_err(|error| Broken::new(seed, error.to_string()))?;
    // Within the runtime from the beginning: outside it, time is the real one.
    runtime.block_on(async { World::new(seed).run().await })
}

impl World {
    async fn run(mut self) -> Result<Run, Broken> {
        for place in 0..NODES {
            self.start(place).await?;
        }
        let faults_end = self.time.monotonic() + TROUBLE;
        let mut posts = Vec::new();
        let mut number = 0;
        while self.time.monotonic() < faults_end {
            self.time
                .sleep(Duration::from_millis(self.below(2500)))
                .await;
            if self.below(2) == 0 {
                self.decide().await?;
            }
            match self.below(110) {
                0..60 => {
                    for _ in 0..=self.below(3) {
                        posts.extend(self.post(number));
                        number += 1;
                    }
                }
                60..62 => self.count(number).await?,
                62 => self.recur(number),
                63..66 => self.call_off(number),
                66..70 => self.service.break_or_mend(),
                70..80 => self.crash(),
                80..88 => drop(self.revive().await?),
                88..91 => self.step_clock(),
                91..94 => self.make_silence(number),
                94..97 => self.replay().await?,
                100..103 => {
                    posts.extend(self.begin("chain", number));
                    number += 1;
                }
                103..105 => {
                    posts.extend(self.begin("asks", number));
                    number += 1;
                }
                105..109 => self.signal().await?,
                109 => self.cancel_chain().await?,
                _ => self.service.change_weather(),
            }
        }
        self.time.set_trouble(false);
        self.service.calm();
        while self.revive().await? {}
        let mut answers = Vec::new();
        for post in posts {
            answers.extend(
                post.await
                    .map_err(|error| self.broken(with_causes(&error).to_string()))?,
            );
        }
        self.until_nothing_is_open().await?;
        self.check_silences().await?;
        answers.extend(self.check_queue().await?);
        self.check(&answers).await
    }

    async fn check(&self, answers: &[Answer]) -> Result<Run, Broken> {
        let node = self
            .nodes
            .iter()
            .flatten()
            .next()
            .ok_or_else(|| self.broken("no gateway is left".to_owned()))?;
        let after = check::After {
            seed: self.seed,
            answers,
            crashes: self.crashes,
            service: &self.service,
            trace: &self.trace,
            told: &self.people.told(),
        };
        let checked = check::everything(&after, &self.memory, &node.gateway).await?;
        Ok(Run {
            hash: self.trace.hash(),
            answered: checked.answered,
            sends: checked.sends,
            crashes: self.crashes,
            takeovers: checked.takeovers,
        })
    }
}
