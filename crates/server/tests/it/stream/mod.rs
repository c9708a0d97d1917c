//! The stream: what happens, told as it happens, to those who may know.

mod actions;
mod chains;
mod kills;
mod limits;
mod scopes;
#[cfg(all(feature = "postgres", feature = "wechat"))]
mod shared;

use acteon_store::EventId;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Client, Gateway, PATIENCE, action};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

const RULES: &str = r#"
rules:
  - name: no-noise
    condition: 'action.action_type == "noise"'
    action: {type: suppress}
  - name: once
    condition: 'action.action_type == "once"'
    action: {type: deduplicate, ttl_seconds: 600}
"#;

/// A frame of the stream.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Frame {
    pub(crate) id: Option<String>,
    pub(crate) event: String,
    pub(crate) data: Value,
}

impl Frame {
    pub(crate) fn action_id(&self) -> &str {
        self.data["action_id"].as_str().unwrap_or_default()
    }
}

/// One who reads the stream.
pub(crate) struct Follower {
    response: reqwest::Response,
    read: Vec<u8>,
    /// Lines that are no events.
    comments: usize,
    /// Id that came without an event, if it came last.
    came_to: Option<String>,
}

impl Follower {
    pub(crate) async fn start(client: &Client, path: &str) -> Self {
        Self::from(client, path, None).await
    }

    /// Begins behind the event that was read last.
    pub(crate) async fn from(client: &Client, path: &str, last: Option<&str>) -> Self {
        let response = client.follow(path, last).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        Self::of(response)
    }

    pub(crate) fn of(response: reqwest::Response) -> Self {
        Self {
            response,
            read: Vec::new(),
            comments: 0,
            came_to: None,
        }
    }

    /// The next frame; `None` at the end in good order, and an error where the connection broke off.
    pub(crate) async fn try_next(&mut self) -> Result<Option<Frame>, reqwest::Error> {
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                let block: Vec<u8> = self.read.drain(..end + 2).collect();
                let block = String::from_utf8(block).expect("UTF-8");
                if !block.contains("data: ") {
                    self.comments += usize::from(block.starts_with(':'));
                    let mut lines = block.lines();
                    self.came_to = lines.find_map(|line| Some(line.strip_prefix("id: ")?.into()));
                    continue;
                }
                self.came_to = None;
                return Ok(Some(frame(&block)));
            }
            match self.response.chunk().await? {
                Some(chunk) => self.read.extend_from_slice(&chunk),
                None => return Ok(None),
            }
        }
    }

    /// The next frame; `None` at the end.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        tokio::time::timeout(PATIENCE, self.try_next())
            .await
            .expect("a frame in time")
            .expect("a connection")
    }

    /// Id of the place that it has come to without an event.
    pub(crate) async fn place(&mut self) -> String {
        let reading = async {
            while self.came_to.is_none() {
                let chunk = self.response.chunk().await.expect("a connection");
                self.read.extend_from_slice(&chunk.expect("no end"));
                while let Some(end) = self.read.windows(2).position(|two| two == b"\n\n") {
                    let block: Vec<u8> = self.read.drain(..end + 2).collect();
                    let block = String::from_utf8(block).expect("UTF-8");
                    assert!(!block.contains("data: "), "{block}");
                    let mut lines = block.lines();
                    self.came_to = lines.find_map(|line| Some(line.strip_prefix("id: ")?.into()));
                }
            }
        };
        let reading = tokio::time::timeout(PATIENCE, reading).await;
        reading.expect("a place in time");
        self.came_to.clone().expect("an id")
    }

    /// So many events.
    pub(crate) async fn events(&mut self, count: usize) -> Vec<Frame> {
        let mut events = Vec::new();
        while events.len() < count {
            let frame = self.next().await.expect("an event");
            assert_eq!(frame.event, "action_dispatched", "{frame:?}");
            events.push(frame);
        }
        events
    }

    /// Ids of the actions of so many events.
    pub(crate) async fn ids(&mut self, count: usize) -> Vec<String> {
        let events = self.events(count).await;
        events
            .iter()
            .map(|frame| frame.action_id().to_owned())
            .collect()
    }
}

/// A frame of lines such as `event: x`.
fn frame(block: &str) -> Frame {
    let field = |name: &str| {
        let mut found = block
            .lines()
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.next().map(str::to_owned)
    };
    let data = field("data").expect("data");
    Frame {
        id: field("id"),
        event: field("event").expect("an event"),
        data: serde_json::from_str(&data).expect("JSON"),
    }
}

/// An action of this type.
fn of_type(id: &str, action_type: &str) -> Value {
    let mut action = action(id, "log", &json!({ "text": id }));
    action["action_type"] = json!(action_type);
    action
}

#[tokio::test(flavor = "multi_thread")]
async fn outcomes_are_told_in_their_order_in_the_wire_format() {
    let gateway = Gateway::with_rules(RULES, LOG).await;
    let response = gateway.follow("/v1/stream", None).await.expect("an answer");
    for (header, value) in [
        ("content-type", "text/event-stream"),
        ("x-accel-buffering", "no"),
        ("cache-control", "no-cache, no-transform"),
    ] {
        assert_eq!(response.headers()[header], value);
    }
    assert!(!response.headers().contains_key("content-encoding"));
    let mut follower = Follower::of(response);
    gateway.dispatch(&of_type("sent", "notify")).await;
    gateway.dispatch(&of_type("held", "noise")).await;
    let mut first = of_type("first", "once");
    first["dedup_key"] = json!("k");
    gateway.dispatch(&first).await;
    let mut second = of_type("second", "once");
    second["dedup_key"] = json!("k");
    gateway.dispatch(&second).await;
    gateway.dispatch(&action("dead", "nope", &json!({}))).await;
    let events = follower.events(5).await;
    let told: Vec<_> = events
        .iter()
        .map(|frame| (frame.action_id(), frame.data["outcome"].clone()))
        .collect();
    let executed = json!({ "Executed": { "status": "success", "body": null, "headers": {} } });
    assert_eq!(told[0], ("sent", executed.clone()));
    assert_eq!(
        told[1],
        ("held", json!({ "Suppressed": { "rule": "no-noise" } }))
    );
    assert_eq!(told[2], ("first", executed));
    assert_eq!(told[3], ("second", json!("Deduplicated")));
    assert_eq!(
        (told[4].0, &told[4].1["Failed"]["code"]),
        ("dead", &json!("PROVIDER_NOT_FOUND"))
    );
    let view = gateway.get("/v1/actions/sent").await.body;
    let id = events[0].id.clone().expect("an id");
    assert_eq!(
        events[0].data,
        json!({
            "id": id, "timestamp": view["finished_at"], "type": "action_dispatched", "outcome": told[0].1, "provider": "log",
            "namespace": "incidents", "tenant": "acme", "action_type": "notify", "action_id": "sent",
        })
    );
    assert!(EventId::parse(&id).is_some(), "{id}");
    // The outcomes once more, and no event for it.
    gateway.dispatch(&of_type("sent", "notify")).await;
    gateway.dispatch(&of_type("last", "notify")).await;
    assert_eq!(follower.ids(1).await, ["last"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn filters_let_through_what_they_say_and_unknown_ones_are_refused() {
    let gateway = Gateway::with_rules(RULES, LOG).await;
    let cases: [(&str, &[&str]); 9] = [
        ("", &["a", "b", "c", "d"]),
        ("?namespace=incidents&tenant=acme", &["a", "b", "d"]),
        ("?tenant=other", &["c"]),
        ("?action_type=noise", &["b"]),
        ("?outcome=executed", &["a", "c"]),
        ("?outcome=failed&tenant=acme", &["d"]),
        ("?event_type=action_dispatched&action_id=c", &["c"]),
        ("?event_type=chain_completed", &[]),
        ("?chain_id=x", &[]),
    ];
    let mut followers = Vec::new();
    for (query, _) in cases {
        followers.push(Follower::start(&gateway, &format!("/v1/stream{query}")).await);
    }
    let mut other = of_type("c", "notify");
    other["tenant"] = json!("other");
    for action in [
        of_type("a", "notify"),
        of_type("b", "noise"),
        other,
        action("d", "nope", &json!({})),
    ] {
        gateway.dispatch(&action).await;
    }
    for ((query, expected), follower) in cases.iter().zip(&mut followers) {
        assert_eq!(follower.ids(expected.len()).await, *expected, "{query}");
    }
    // Nothing else was on its way to any of them.
    gateway.stop().await;
    for ((query, _), mut follower) in cases.into_iter().zip(followers) {
        assert_eq!(follower.next().await, None, "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_no_stream_has_is_refused() {
    let gateway = Gateway::start(LOG).await;
    for (path, status, hint) in [
        ("/v1/stream?tenent=acme", 400, "tenant"),
        ("/v1/stream?outcome=excuted", 400, "executed"),
        ("/v1/stream?event_type=action", 400, "action_dispatched"),
        ("/v1/stream?limit=5", 400, "limit"),
        ("/v1/subscribe/chain/x", 404, "chain"),
        ("/v1/subscribe/group/x", 404, "route"),
    ] {
        let answer = gateway.get(path).await;
        assert_eq!(answer.status.as_u16(), status, "{path}: {}", answer.body);
        let message = answer.body["message"].as_str().unwrap_or_default();
        assert!(message.contains(hint), "{path}: {message}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_comes_back_goes_on_behind_the_last_id() {
    let gateway = Gateway::start(LOG).await;
    let mut follower = Follower::start(&gateway, "/v1/stream").await;
    gateway.dispatch(&of_type("a", "notify")).await;
    let seen = follower.events(1).await.remove(0);
    drop(follower);
    for number in 0..600 {
        let id = format!("b{number}");
        let mut action = of_type(&id, "notify");
        action["tenant"] = json!(if number % 2 == 0 { "acme" } else { "other" });
        gateway.dispatch(&action).await;
    }
    let gateway = gateway.restart(LOG).await;
    let last = seen.id.as_deref();
    let mut back = Follower::from(&gateway, "/v1/stream?tenant=acme", last).await;
    gateway.dispatch(&of_type("c", "notify")).await;
    let ids = back.ids(301).await;
    let expected = (0..600).step_by(2).map(|number| format!("b{number}"));
    assert_eq!(ids, expected.chain(["c".to_owned()]).collect::<Vec<_>>());
    gateway.dispatch(&of_type("d", "notify")).await;
    assert_eq!(back.ids(1).await, ["d"], "it has joined the others");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_with_an_id_that_is_not_known_is_told_so_and_gets_what_there_is() {
    let gateway = Gateway::start(LOG).await;
    let mut follower = Follower::start(&gateway, "/v1/stream").await;
    for id in ["a", "b"] {
        gateway.dispatch(&of_type(id, "notify")).await;
    }
    let known = follower.events(2).await.remove(0).id.expect("an id");
    let other_time = format!("0{}", &known[1..].replacen('1', "2", 1));
    for last in [
        other_time.as_str(),
        "nonsense",
        "019c1347-d2fb-7fff-bfff-ffffffffffff",
    ] {
        let mut back = Follower::from(&gateway, "/v1/stream", Some(last)).await;
        let told = back.next().await.expect("a frame");
        let lagged = Frame {
            id: None,
            event: "lagged".into(),
            data: json!({ "skipped": 0 }),
        };
        assert_eq!(told, lagged, "{last}");
        assert_eq!(back.ids(2).await, ["a", "b"], "{last}");
    }
    let mut back = Follower::from(&gateway, "/v1/stream", Some(&known)).await;
    assert_eq!(
        back.ids(1).await,
        ["b"],
        "of one that is known nothing is passed over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn one_who_had_no_event_yet_comes_back_and_misses_nothing() {
    let gateway = Gateway::start(LOG).await;
    gateway.dispatch(&of_type("before", "notify")).await;
    let mut first = Follower::start(&gateway, "/v1/stream?action_type=notify").await;
    let place = first.place().await;
    drop(first);
    gateway.dispatch(&of_type("a", "notify")).await;
    gateway.dispatch(&of_type("b", "notify")).await;
    let mut back = Follower::from(&gateway, "/v1/stream", Some(&place)).await;
    assert_eq!(back.ids(2).await, ["a", "b"]);
    let id = EventId::parse(&place).expect("an id");
    assert!(id.is_of_position());
    // Of another store, or too old for what lies behind it to be kept.
    let old = acteon_core::Timestamp::from_millis(id.at().as_millis() - 90_000_000);
    let old = EventId::of_position(old, id.position()).to_string();
    let mut lost = Follower::from(&gateway, "/v1/stream", Some(&old)).await;
    assert_eq!(lost.next().await.expect("a frame").event, "lagged");
    assert_eq!(lost.ids(3).await, ["before", "a", "b"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_and_what_they_are_told_are_counted() {
    let gateway = Gateway::start(LOG).await;
    let mut follower = Follower::start(&gateway, "/v1/stream").await;
    let mut lost = Follower::from(&gateway, "/v1/stream", Some("nonsense")).await;
    lost.next().await.expect("a frame");
    gateway.dispatch(&of_type("a", "notify")).await;
    follower.ids(1).await;
    lost.ids(1).await;
    let has = |lines: &'static [&'static str]| {
        move |body: &Value| {
            let text = body.as_str().unwrap_or_default();
            lines
                .iter()
                .all(|line| text.lines().any(|found| found == *line))
        }
    };
    let both = [
        "acteon_stream_readers 2",
        "acteon_stream_events_total 2",
        "acteon_stream_lagged_total 1",
        "acteon_stream_unreadable_total 0",
    ];
    gateway
        .until("/metrics", has(Box::leak(Box::new(both))))
        .await;
    drop((follower, lost));
    gateway
        .until("/metrics", has(&["acteon_stream_readers 0"]))
        .await;
}
