//! kill -9 around the instants at which recurring and scheduled reminders are due.

use std::hash::{BuildHasher as _, RandomState};
use std::path::Path;
use std::time::Duration;

use acteon_core::{Clock as _, SystemClock};
use acteon_fakes::webhook::Receiver;

use crate::support::ledger::times;
use crate::support::reminders::{Promised, ids_of};
use crate::support::{PATIENCE, Process, until};

/// Reminders of each kind that are due about one minute.
const OF_EACH: usize = 20;
/// Time before the minute from which on the gateway is killed again and again.
const BEFORE: Duration = Duration::from_secs(1);
/// Most kills about one minute.
const KILLS: usize = 30;

#[tokio::test(flavor = "multi_thread")]
async fn each_reminder_is_sent_once_whenever_the_gateway_dies() {
    let wanted = times("ACTEON_REMINDER_KILLS", 10);
    let receiver = Receiver::start(|_| (200, String::new()))
        .await
        .expect("a receiver");
    let configuration = format!(
        "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\nmax_concurrency = 2\n",
        receiver.url()
    );
    let folder = tempfile::tempdir().expect("a folder");
    let mut promised = Promised::default();
    let (mut kills, mut resumed) = (0, 0);
    loop {
        let process = start(folder.path(), &configuration);
        promise(&mut promised, &process).await;
        process.kill();
        // The clock brings the minute, and nothing else: there is no state to wait for.
        let due = promised.last_due().since(SystemClock::new().now());
        tokio::time::sleep(due.saturating_sub(BEFORE)).await;
        kills += kill_about(&receiver, &promised, || {
            start(folder.path(), &configuration)
        })
        .await;
        let process = start(folder.path(), &configuration);
        resumed += promised.are_over(process.client()).await;
        let arrived = promised.check(process.client(), &ids_of(&receiver)).await;
        println!("{kills} kills about minutes, {resumed} stuck and resumed: {arrived:?}");
        if kills >= wanted {
            return;
        }
    }
}

/// Makes reminders that are due about the next minute.
async fn promise(promised: &mut Promised, process: &Process) {
    for _ in 0..OF_EACH {
        promised.recurs(process.client(), "hook").await;
    }
    let minute = promised.last_due();
    for number in 0..OF_EACH {
        let after = Duration::from_millis(50 * number as u64);
        promised
            .goes_at(process.client(), "hook", minute + after)
            .await;
    }
}

/// Kills a gateway again and again until all has arrived, each time anywhere: after a few looks at it, or when a few more have arrived.
async fn kill_about(
    receiver: &Receiver,
    promised: &Promised,
    start: impl Fn() -> Process,
) -> usize {
    let random = RandomState::new();
    let mut kills = 0;
    until("reminders are sent", PATIENCE, async || {
        let process = start();
        let before = ids_of(receiver);
        let choice = random.hash_one(kills);
        for _ in 0..choice % 50 {
            process.client().get("/ready").await;
            if ids_of(receiver).len() > before.len() + (choice >> 16) as usize % 5 {
                break;
            }
        }
        process.kill();
        kills += 1;
        let have_arrived = promised.due.keys().all(|id| before.contains(id));
        have_arrived || kills == KILLS
    })
    .await;
    kills
}

/// A gateway on the embedded store, which a successor takes over at once: behind a lease no reminder would be sent before it ends. Three on one
/// database are killed in `shared::reminders`.
fn start(folder: &Path, configuration: &str) -> Process {
    Process::start_exactly(folder, configuration, &[])
}
