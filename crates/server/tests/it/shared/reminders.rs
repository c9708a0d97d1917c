//! Recurring and scheduled reminders of three gateways on one database, which are killed in turns while the provider is down, and when it is back.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_core::{Clock as _, SystemClock};
use acteon_fakes::webhook::{Receiver, Request};
use acteon_testkit::proxy::FaultProxy;
use serde_json::{Value, json};

use super::{Fleet, Shared};
use crate::support::ledger::times;
use crate::support::reminders::{Promised, id_of, ids_of};
use crate::support::{Client, PATIENCE, until};

const LEASE: u32 = 3;
/// Recurring reminders of a minute, and as many scheduled ones before it, and behind it.
const OF_EACH: usize = 20;
/// Time between two scheduled reminders.
const APART: Duration = Duration::from_millis(50);

/// A provider that is there, answers 503, or refuses connections.
struct Hook {
    receiver: Receiver,
    status: Arc<AtomicU16>,
    /// Ids of what it took, in their order.
    taken: Arc<Mutex<Vec<String>>>,
    proxy: Option<FaultProxy>,
    address: SocketAddr,
}

impl Hook {
    async fn start() -> Self {
        let status = Arc::new(AtomicU16::new(200));
        let taken: Arc<Mutex<Vec<String>>> = Arc::default();
        let (says, seen) = (Arc::clone(&status), Arc::clone(&taken));
        let receiver = Receiver::start(move |request: &Request| {
            let status = says.load(Ordering::SeqCst);
            if status == 200 {
                seen.lock().expect("a lock").push(id_of(request));
            }
            (status, String::new())
        })
        .await
        .expect("a receiver");
        let proxy = FaultProxy::start(receiver.address())
            .await
            .expect("a proxy");
        Self {
            receiver,
            status,
            taken,
            address: proxy.address(),
            proxy: Some(proxy),
        }
    }

    /// Nothing listens any more, and open connections end.
    fn refuse(&mut self) {
        self.proxy = None;
    }

    /// It is there, and answers with this status.
    async fn answer(&mut self, status: u16) {
        self.status.store(status, Ordering::SeqCst);
        if self.proxy.is_none() {
            let proxy = FaultProxy::start_at(self.address, self.receiver.address()).await;
            self.proxy = Some(proxy.expect("the port that it had"));
        }
    }

    fn taken(&self) -> Vec<String> {
        self.taken.lock().expect("a lock").clone()
    }

    /// The breaker keeps what waits in the store, with the instants at which it was due, until somebody closes it.
    fn configuration(&self) -> String {
        format!(
            "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://{}/hook\"\nmax_concurrency = 1\n\
             [retry]\ndelays_seconds = [1]\n\
             [circuit_breaker]\nenabled = true\nfailure_threshold = 2\nsuccess_threshold = 1\nrecovery_timeout_seconds = 3600\n",
            self.address
        )
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reminders_of_three_gateways_go_once_and_in_order_when_the_provider_is_back() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wanted = times("ACTEON_SHARED_REMINDER_KILLS", 10);
    let mut hook = Hook::start().await;
    let mut fleet = Fleet::start(3, shared.lines(LEASE) + &hook.configuration());
    let mut promised = Promised::default();
    let mut kills = 0;
    loop {
        kills += in_order_after_an_outage(&shared, &mut hook, &mut fleet, &mut promised).await;
        kills += once_while_it_comes_and_goes(&mut hook, &mut fleet, &mut promised).await;
        if kills >= wanted {
            return;
        }
    }
}

/// Reminders that nobody could send wait together, whoever dies meanwhile, and go in the order of the instants at which they were due.
async fn in_order_after_an_outage(
    shared: &Shared,
    hook: &mut Hook,
    fleet: &mut Fleet,
    promised: &mut Promised,
) -> usize {
    hook.refuse();
    let before = hook.taken().len();
    open_breakers(fleet, promised).await;
    let new = promise(promised, &fleet.client()).await;
    for place in 0..3 {
        fleet.take(place).kill();
        fleet.revive(place);
    }
    are_due(promised).await;
    for place in 0..3 {
        fleet.take(place).kill();
        fleet.revive(place);
    }
    // One is left, which has taken over from all others: what several have claimed goes in several rows.
    fleet.take(0).kill();
    fleet.take(1).kill();
    let client = fleet.client();
    until("the dead are not taken over", PATIENCE, async || {
        shared
            .database
            .count("SELECT count(*) FROM processes")
            .await
            .expect("a count")
            == 1
    })
    .await;
    until("occurrences are not there", PATIENCE, async || {
        all_are_accepted(&client, &new).await
    })
    .await;
    hook.answer(200).await;
    close_breakers(&client).await;
    let resumed = promised.are_over(&client).await;
    check_order(&client, promised, &hook.taken()[before..]).await;
    let arrived = promised.check(&client, &hook.taken()).await;
    println!("8 kills while it refused connections, {resumed} stuck and resumed: {arrived:?}");
    fleet.revive(0);
    fleet.revive(1);
    8
}

/// An action that is refused opens the breakers of all gateways, before the others are due: what was claimed and put off by a breaker that opens
/// then keeps no order with what was not.
async fn open_breakers(fleet: &Fleet, promised: &mut Promised) {
    let now = SystemClock::new().now();
    promised.goes_at(&fleet.client(), "hook", now).await;
    for place in 0..3 {
        let is_open = |health: &Value| health["providers"][0]["circuit_breaker_state"] == "open";
        let client = fleet.process(place).client();
        client.until("/v1/providers/health", is_open).await;
    }
}

/// A person closes the breakers of all gateways, and tries again where the database is away.
async fn close_breakers(client: &Client) {
    until("the breakers are not closed", PATIENCE, async || {
        let reset = client
            .post("/admin/circuit-breakers/hook/reset", &json!({}))
            .await;
        assert!(
            [200, 503].contains(&reset.status.as_u16()),
            "{}",
            reset.body
        );
        reset.status == 200
    })
    .await;
}

/// Gateways die while a provider fails, and while it takes what has waited.
async fn once_while_it_comes_and_goes(
    hook: &mut Hook,
    fleet: &mut Fleet,
    promised: &mut Promised,
) -> usize {
    hook.answer(503).await;
    let new = promise(promised, &fleet.client()).await;
    let goal = hook.taken().len() + new.len();
    let mut kills = 0;
    let tried = ids_of(&hook.receiver).len();
    until("nothing is tried", PATIENCE, async || {
        close_breakers(&fleet.client()).await;
        ids_of(&hook.receiver).len() > tried
    })
    .await;
    for status in [503, 200, 503, 200] {
        hook.answer(status).await;
        let place = kills % 3;
        fleet.take(place).kill();
        kills += 1;
        let arrived = ids_of(&hook.receiver).len();
        until("nothing arrives", PATIENCE, async || {
            close_breakers(&fleet.client()).await;
            ids_of(&hook.receiver).len() > arrived || hook.taken().len() >= goal
        })
        .await;
        fleet.revive(place);
    }
    are_due(promised).await;
    let client = fleet.client();
    // What failed last may be told only now, and open a breaker once more.
    let resumed = tokio::select! {
        resumed = promised.are_over(&client) => resumed,
        () = keep_breakers_closed(&client) => 0,
    };
    let arrived = promised.check(&client, &hook.taken()).await;
    println!("{kills} kills while it came and went, {resumed} stuck and resumed: {arrived:?}");
    kills
}

/// A person looks now and then, and closes what has opened.
async fn keep_breakers_closed(client: &Client) {
    let mut now_and_then = tokio::time::interval(Duration::from_secs(1));
    loop {
        now_and_then.tick().await;
        close_breakers(client).await;
    }
}

/// Promises recurring reminders for the next minute, and scheduled ones around it, the last of them first. Returns the ids.
async fn promise(promised: &mut Promised, client: &Client) -> BTreeSet<String> {
    let before: BTreeSet<String> = promised.due.keys().cloned().collect();
    for _ in 0..OF_EACH {
        promised.recurs(client, "hook").await;
    }
    let minute = promised.last_due();
    for number in (1..=OF_EACH as u32).rev() {
        promised
            .goes_at(client, "hook", minute + APART * number)
            .await;
        promised
            .goes_at(client, "hook", minute - APART * number)
            .await;
    }
    promised
        .due
        .keys()
        .filter(|id| !before.contains(*id))
        .cloned()
        .collect()
}

/// The clock brings the instants, and nothing else: there is no state to wait for.
async fn are_due(promised: &Promised) {
    tokio::time::sleep(promised.last_due().since(SystemClock::new().now())).await;
}

async fn all_are_accepted(client: &Client, ids: &BTreeSet<String>) -> bool {
    for id in ids {
        if client.get(&format!("/v1/actions/{id}")).await.status != 200 {
            return false;
        }
    }
    true
}

/// Checks that what was tried once, and not before the provider was back, went in the order in which it was due.
async fn check_order(client: &Client, promised: &Promised, taken: &[String]) {
    let mut went = Vec::new();
    for id in taken {
        let action = client.get(&format!("/v1/actions/{id}")).await.body;
        if action["attempts"] == 1 && action["possible_duplicate"] == false {
            went.push((promised.due[id], id));
        }
    }
    let is_in_order = went.windows(2).all(|pair| pair[0].0 <= pair[1].0);
    assert!(is_in_order, "{went:?}");
    assert!(
        went.len() + 1 >= 3 * OF_EACH,
        "none but the first was tried before: {} of {}",
        went.len(),
        taken.len()
    );
}
