//! Work whose cost a caller chooses does not hold a thread of the runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use reqwest::StatusCode;
use serde_json::json;
use tokio::time::Instant;

use super::CONFIGURATION;
#[cfg(feature = "wechat")]
use super::bodies::MIB;
use super::bodies::bodies;
use crate::support::{Client, Gateway, action};

const LONGEST_HOLD: Duration = Duration::from_millis(20);

/// Probes so far, so that each is an action of its own.
static PROBES: AtomicUsize = AtomicUsize::new(0);

/// Longest that a thread of the runtime was busy between two looks, in its own processor time: what others do on the machine does not count.
async fn longest_hold(stop: Arc<AtomicBool>) -> Duration {
    let busy = || {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Duration::new(
            time.tv_sec.unsigned_abs(),
            u32::try_from(time.tv_nsec).expect("below a second"),
        )
    };
    let thread = || std::thread::current().id();
    let (mut last, mut longest) = ((thread(), busy()), Duration::ZERO);
    while !stop.load(Ordering::Relaxed) {
        tokio::task::yield_now().await;
        let now = (thread(), busy());
        // The runtime goes on with another thread where one of its own is lent to long work; that has done other things before.
        if now.0 == last.0 {
            longest = longest.max(now.1.saturating_sub(last.1));
        }
        last = now;
    }
    longest
}

/// Sends a body again and again from a thread of its own, and says how long a probe beside it took at most.
fn attack(client: Client, path: &'static str, body: String) -> Duration {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    runtime.block_on(async move {
        let hostile = client.clone();
        let hostile = tokio::spawn(async move {
            for _ in 0..3 {
                hostile
                    .try_send(reqwest::Method::POST, path, Some(body.clone()), None)
                    .await
                    .expect("an answer");
            }
        });
        let mut slowest = Duration::ZERO;
        while !hostile.is_finished() {
            let number = PROBES.fetch_add(1, Ordering::Relaxed);
            let began = Instant::now();
            assert_eq!(client.get("/live").await.status, StatusCode::OK);
            let small = action(&format!("{path}-{number}"), "log", &json!({}));
            assert!(client.dispatch(&small).await.get("Executed").is_some());
            slowest = slowest.max(began.elapsed());
        }
        hostile.await.expect("no panic");
        slowest
    })
}

/// One thread carries the whole server here, so that what holds it holds everybody.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_body_holds_a_thread_of_the_runtime() {
    let gateway = Gateway::start(CONFIGURATION).await;
    let bodies = bodies()
        .into_iter()
        .map(|(name, path, body, _)| (name, path, body))
        .collect();
    hold_no_thread(&gateway, bodies).await;
}

/// What a body costs it costs each time; what the machine does beside it (pages that it fetches anew, say) comes once. So the best of a few tries counts.
async fn hold_no_thread(gateway: &Gateway, bodies: Vec<(&'static str, &'static str, String)>) {
    const TRIES: usize = 3;
    for (name, path, body) in bodies {
        let mut shortest = Duration::MAX;
        for _ in 0..TRIES {
            shortest = shortest.min(hold_of(gateway, name, path, body.clone()).await);
            if shortest < LONGEST_HOLD {
                break;
            }
        }
        assert!(
            shortest < LONGEST_HOLD,
            "{name}: a thread was held for {shortest:?} at least"
        );
    }
}

/// Longest that a thread was held while this body was sent.
async fn hold_of(
    gateway: &Gateway,
    name: &'static str,
    path: &'static str,
    body: String,
) -> Duration {
    let stop = Arc::new(AtomicBool::new(false));
    let watch = tokio::spawn(longest_hold(Arc::clone(&stop)));
    let client = (**gateway).clone();
    let slowest = tokio::task::spawn_blocking(move || attack(client, path, body))
        .await
        .expect("no panic");
    stop.store(true, Ordering::Relaxed);
    let longest = watch.await.expect("no panic");
    println!("{name}: a thread was held for {longest:?}, the slowest probe took {slowest:?}");
    longest
}

#[cfg(feature = "wechat")]
fn to(provider: &str, payload: &serde_json::Value) -> String {
    let whole = json!({ "namespace": "n", "tenant": "t", "provider": provider, "action_type": "x", "payload": payload });
    whole.to_string()
}

#[cfg(feature = "wechat")]
/// A pattern that is tried at every letter of a text, and matches nowhere.
fn pattern(number: usize) -> String {
    format!("[a-z ]*[a-f]{{3}}-{number}[0-9]")
}

#[cfg(feature = "wechat")]
/// A gateway with many rules and silences of such patterns, whose provider has a token.
async fn with_many_patterns(wecom: &acteon_fakes::wecom::LocalWecom) -> Gateway {
    const SILENCES: usize = 150;
    const RULES: usize = 150;
    let configuration = format!("{CONFIGURATION}{}", crate::wechat::configuration(wecom, ""));
    let rule = |number: usize| {
        let condition = format!("action.payload.text.matches(\"{}\")", pattern(number));
        format!("  - {{name: r{number}, condition: '{condition}', action: {{type: deny}}}}\n")
    };
    let rules: String = std::iter::once("rules:\n".to_owned())
        .chain((0..RULES).map(rule))
        .collect();
    let gateway = Gateway::with_rules(&rules, &configuration).await;
    // The first call gets a token and makes a connection.
    assert!(
        gateway
            .dispatch(&crate::wechat::text("first"))
            .await
            .get("Executed")
            .is_some()
    );
    for number in 0..SILENCES {
        let matcher =
            json!({ "name": "action.payload.text", "op": "regex", "value": pattern(number) });
        let made = gateway
            .post("/v1/silences", &silence(&json!([matcher])))
            .await;
        assert_eq!(made.status, StatusCode::CREATED);
    }
    gateway
}

#[cfg(feature = "wechat")]
fn silence(matchers: &serde_json::Value) -> serde_json::Value {
    json!({ "namespace": "n", "tenant": "t", "matchers": matchers, "duration_seconds": 600 })
}

#[cfg(feature = "wechat")]
/// The action "known" with many numbers, with this between them.
fn numbers(space: &str) -> String {
    let mut body = to("log", &json!("NUMBERS")).replace(
        "\"NUMBERS\"",
        &format!("[1{}]", format!(",{space}1").repeat(250_000)),
    );
    body.insert_str(1, r#""id":"known","#);
    body
}

/// Rules and silences that look through whole texts, silences with large patterns, and a large message to a provider that reads it.
#[cfg(feature = "wechat")]
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_silence_and_no_payload_holds_a_thread_of_the_runtime() {
    let wecom = crate::wechat::local_wecom(crate::wechat::unlimited()).await;
    let gateway = with_many_patterns(&wecom).await;
    let large: Vec<_> = (0..4)
        .map(|number| json!({ "name": "a", "op": "regex", "value": format!("\\w{{45}}{number}") }))
        .collect();
    let large = silence(
        &large
            .into_iter()
            .chain([json!({ "name": "team", "value": "x" })])
            .collect(),
    );
    let text = "abc ".repeat(15 * 1024);
    assert_eq!(
        gateway
            .try_send(
                reqwest::Method::POST,
                "/v1/dispatch",
                Some(numbers("")),
                None
            )
            .await
            .expect("an answer")
            .status,
        StatusCode::OK
    );
    let message = json!({ "touser": "u", "content": "x".repeat(MIB - 1024) });
    let bodies = vec![
        (
            "a text beside many silences",
            "/v1/dispatch",
            to("log", &json!({ "text": text })),
        ),
        (
            "a silence with large patterns",
            "/v1/silences",
            large.to_string(),
        ),
        (
            "a preview of large patterns",
            "/v1/silences/preview",
            large.to_string(),
        ),
        (
            "a known id, written differently",
            "/v1/dispatch",
            numbers(" "),
        ),
        ("a large text", "/v1/dispatch", to("log", &message)),
        (
            "a large message",
            "/v1/dispatch",
            to("wechat-ops", &message),
        ),
    ];
    hold_no_thread(&gateway, bodies).await;
}

/// Alone, since work for silences is done elsewhere, and takes what follows it along.
#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn no_rules_hold_a_thread_of_the_runtime() {
    let rule = |number: usize| {
        let condition = format!("action.payload.items.exists(item, item == -{number})");
        format!("  - {{name: r{number}, condition: '{condition}', action: {{type: deny}}}}\n")
    };
    let rules: String = std::iter::once("rules:\n".to_owned())
        .chain((0..300).map(rule))
        .collect();
    let gateway = Gateway::with_rules(&rules, CONFIGURATION).await;
    let items = action("long", "log", &json!({ "items": vec![1; 1000] })).to_string();
    hold_no_thread(
        &gateway,
        vec![("a list that many rules go through", "/v1/dispatch", items)],
    )
    .await;
}
