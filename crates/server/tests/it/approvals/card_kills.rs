//! Presses that come several times, to several gateways, and kill -9 of gateways while people decide by cards.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acteon_fakes::wecom::{Click, LocalWecom, Outcome};
use serde_json::{Value, json};

use super::cards::{arrived, call_back, card, lines, press, rules};
use super::deciders::ask;
use super::forward::forward;
use super::{id_of, pending, shown};
use crate::shared::{Fleet, Shared};
use crate::support::ledger::times;
use crate::support::{Client, PATIENCE, action, until, with_rules_in};
use crate::wechat::{local_wecom, unlimited};

/// Environment variable that says how many gateways are killed.
const KILLS: &str = "ACTEON_CARD_KILLS";
const LEASE: u32 = 3;

#[tokio::test(flavor = "multi_thread")]
async fn one_press_that_is_delivered_three_times_to_two_gateways_is_one_decision() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wecom = local_wecom(unlimited()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let rules = rules("approvers: [zhang, lisi], quorum: 2");
    let lines = with_rules_in(&folder, &rules, &lines(&wecom, ""));
    let gateways = [shared.gateway(&lines).await, shared.gateway(&lines).await];
    let clients = gateways.iter().map(|gateway| Client::clone(gateway));
    let clients = Arc::new(Mutex::new(clients.collect::<Vec<_>>()));
    call_back(&wecom, &forward(clients).await);
    wecom.world(|world| world.settings.callbacks.copies = 3);
    for number in 0..5 {
        let id = id_of(&pending(&gateways[0], &format!("a-{number}")).await);
        let task = arrived(&wecom, &id, "lisi").await;
        press(&wecom, &task, "lisi", "approve").await;
        super::cards::says(&wecom, &id, "lisi", "You approved").await;
        for gateway in &gateways {
            let found = shown(gateway, &id).await;
            assert_eq!(
                found["decisions"].as_array().map(Vec::len),
                Some(1),
                "{found}"
            );
            assert_eq!(found["status"], "pending", "{found}");
        }
    }
    let texts = wecom.world(|world| world.messages().filter(|it| it.msgtype == "text").count());
    assert_eq!(texts, 0, "nobody is told that they decided twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn presses_outlive_every_death_of_a_gateway() {
    let wecom = local_wecom(unlimited()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = with_rules_in(&folder, &rules("approvers: [lisi]"), &retrying(&wecom));
    run(Fleet::start(1, lines), wecom).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn presses_outlive_every_death_of_three_gateways() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wecom = local_wecom(unlimited()).await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = shared.lines(LEASE)
        + &with_rules_in(&folder, &rules("approvers: [lisi]"), &retrying(&wecom));
    run(Fleet::start(3, lines), wecom).await;
}

fn retrying(wecom: &LocalWecom) -> String {
    lines(wecom, "") + "[retry]\ndelays_seconds = [1]\n"
}

/// Asks, presses and kills, and checks what came of each press that was answered.
async fn run(mut fleet: Fleet, wecom: LocalWecom) {
    let kills = times(KILLS, 4);
    let clients = Arc::clone(&fleet.clients);
    call_back(&wecom, &forward(Arc::clone(&clients)).await);
    wecom.world(|world| world.settings.callbacks.pause_ms = 100);
    let are_done = AtomicBool::new(false);
    let people = async {
        let decided = decide_all(kills * 3, clients, &wecom).await;
        are_done.store(true, Ordering::Relaxed);
        decided
    };
    let (decided, killed) = tokio::join!(people, kill(&mut fleet, kills, &are_done));
    let client = fleet.client();
    for (number, pressed) in decided.iter().enumerate() {
        check(&client, &wecom, number, pressed).await;
    }
    println!("{killed} kills under {} presses", decided.len());
}

/// Kills gateways while people press. Says how many died.
async fn kill(fleet: &mut Fleet, kills: usize, are_done: &AtomicBool) -> usize {
    let mut now_and_then = tokio::time::interval(Duration::from_millis(700));
    for killed in 0..kills {
        now_and_then.tick().await;
        if are_done.load(Ordering::Relaxed) {
            return killed;
        }
        let victim = killed % fleet.places();
        fleet.take(victim).kill();
        fleet.revive(victim);
    }
    kills
}

/// Asks and presses until the press is answered, as whoever sees no answer on their phone does. Returns what was pressed.
async fn decide_all(
    count: usize,
    clients: Arc<Mutex<Vec<Client>>>,
    wecom: &LocalWecom,
) -> Vec<(String, &'static str)> {
    let mut decided = Vec::new();
    for number in 0..count {
        let payload = json!({"deploy": true, "content": format!("build-{number}.")});
        let posted = action(&format!("a-{number}"), "log", &payload);
        let (answer, _) = ask(&clients, "/v1/dispatch", Some(posted.to_string())).await;
        let id = id_of(&answer.body["PendingApproval"]);
        let task = arrived(wecom, &id, "lisi").await;
        let key = ["approve", "reject"][number % 2];
        let click = Click {
            task_id: Some(task),
            userid: "lisi".to_owned(),
            key: key.to_owned(),
            stale: true,
            ..Click::default()
        };
        until("no press is answered", PATIENCE, async || {
            let delivery = wecom.click(&click).await.expect("it is there to press");
            delivery.outcome == Outcome::Delivered
        })
        .await;
        decided.push((id, key));
    }
    decided
}

/// The press counts, once; what was approved went; and the card, or a message in its place, says so.
async fn check(
    client: &Client,
    wecom: &LocalWecom,
    number: usize,
    (id, key): &(String, &'static str),
) {
    let is_approved = *key == "approve";
    let status = if is_approved { "approved" } else { "rejected" };
    let path = format!("/v1/approvals/{id}");
    let found: Value = client.until(&path, |found| found["status"] == status).await;
    assert_eq!(
        found["decisions"].as_array().map(Vec::len),
        Some(1),
        "{found}"
    );
    let sent = format!("/v1/actions/approval:{id}:action");
    if is_approved {
        client
            .until(&sent, |found| !found["outcome"]["Executed"].is_null())
            .await;
    } else {
        assert_eq!(client.get(&sent).await.status, 404);
    }
    let words = if is_approved {
        "Approved by lisi"
    } else {
        "Rejected by lisi"
    };
    until(
        &format!("nothing says that {id} is {status}"),
        PATIENCE,
        async || {
            let face = card(wecom, id, "lisi").map_or(json!(null), |(_, face)| face);
            face.to_string().contains(words) || said(wecom, &format!("build-{number}."), words)
        },
    )
    .await;
}

/// Whether a text about something says this.
fn said(wecom: &LocalWecom, about: &str, words: &str) -> bool {
    wecom.world(|world| {
        let mut texts = world.messages().filter(|message| message.msgtype == "text");
        texts.any(|message| {
            let text = message.content["content"].as_str().unwrap_or_default();
            text.contains(about) && text.contains(words)
        })
    })
}
