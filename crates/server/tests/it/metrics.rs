//! What `/metrics` says, and in which form.

use std::collections::{BTreeMap, BTreeSet};

use acteon_fakes::wecom::{Call, Fault, LocalWecom, world::World};
use acteon_testkit::skipped;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Client, Gateway, action};
use crate::wechat::{configuration, text};

const OPEN_METRICS: &str =
    "application/openmetrics-text;version=1.0.0;q=0.8,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

const RULES: &str = "rules:
  - name: broken
    condition: 'action.payload.number / 0 == 1'
    action: {type: allow}
  - name: quiet
    condition: {field: action.payload.quiet, eq: true}
    action: {type: suppress}
";

/// The answer to `GET /metrics` with this `Accept`, and its content type.
async fn scrape(client: &Client, accept: Option<&str>) -> (String, String) {
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let request = http.get(format!("{}/metrics", client.base()));
    let request = accept
        .into_iter()
        .fold(request, |request, accept| request.header("accept", accept));
    let answer = request.send().await.expect("an answer");
    let kind = answer.headers()["content-type"]
        .to_str()
        .expect("text")
        .to_owned();
    (kind, answer.text().await.expect("text"))
}

fn lines_of(metrics: &Value) -> &str {
    metrics.as_str().unwrap_or_default()
}

/// A text in which every metric has a value that depends on something having happened.
pub(crate) async fn everything() -> String {
    let wecom = LocalWecom::start(World::default())
        .await
        .expect("a local WeChat Work");
    let breakers = "circuit_breaker.enabled = true\n";
    let gateway =
        Gateway::with_rules(RULES, &format!("{breakers}{}", configuration(&wecom, ""))).await;
    gateway.post("/v1/dispatch", &text("sent")).await;
    let recurs = json!({ "namespace": "incidents", "tenant": "acme", "provider": "wechat-ops", "action_type": "x", "payload": { "touser": "lisi", "content": "x" }, "cron_expression": "@yearly" });
    gateway.post("/v1/recurring", &recurs).await;
    wecom.fault(Call::Send, Fault::Errcode(81013), Some(1));
    gateway.post("/v1/dispatch", &text("dead")).await;
    wecom.fault(Call::Send, Fault::Errcode(45009), None);
    gateway
        .post_preferring("/v1/dispatch", &text("limited"), "respond-async")
        .await;
    gateway
        .post(
            "/v1/dispatch",
            &action(
                "quiet",
                "wechat-ops",
                &json!({ "quiet": true, "number": 1 }),
            ),
        )
        .await;
    let trip = gateway
        .try_send(
            Method::POST,
            "/admin/circuit-breakers/wechat-ops/trip",
            None,
            None,
        )
        .await
        .expect("an answer");
    assert!(trip.status.is_success(), "{}", trip.body);
    gateway
        .until("/metrics", |metrics| {
            lines_of(metrics).contains("acteon_lane_pauses_total{")
        })
        .await;
    let is_counted = |metrics: &Value| {
        lines_of(metrics).contains("acteon_dead_letters{")
            && !lines_of(metrics).contains("acteon_open_actions 0")
    };
    let metrics = gateway.until("/metrics", is_counted).await;
    lines_of(&metrics).to_owned()
}

/// Prometheus' conventions, as `promtool check metrics` holds them: every series is described, and its name says its kind and unit.
#[tokio::test]
async fn names_types_and_units_are_by_convention() {
    let metrics = everything().await;
    let mut described: BTreeMap<&str, &str> = BTreeMap::new();
    let mut families = BTreeSet::new();
    let (mut help, mut kind, mut family) = ("", "", "");
    for line in metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, text) = rest.split_once(' ').expect("a text");
            assert!(
                text.len() > 5
                    && text
                        .chars()
                        .next()
                        .is_some_and(|first| first.is_uppercase() || first.is_ascii_digit()),
                "{line}"
            );
            help = name;
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            (family, kind) = rest.split_once(' ').expect("a type");
            assert_eq!(help, family, "a family is described before its type");
            assert!(families.insert(family), "{family} comes twice");
            described.insert(family, kind);
        } else {
            let name = line.split(['{', ' ']).next().unwrap_or_default();
            let suffixes: &[&str] = if kind == "histogram" {
                &["_bucket", "_sum", "_count"]
            } else {
                &[""]
            };
            assert!(
                suffixes
                    .iter()
                    .any(|suffix| name == format!("{family}{suffix}")),
                "{line} stands with {family}"
            );
        }
    }
    assert!(described.len() > 40, "{described:?}");
    for (name, kind) in described {
        let letters = name
            .chars()
            .all(|letter| letter.is_ascii_lowercase() || letter == '_');
        assert!(name.starts_with("acteon_") && letters, "{name}");
        assert_eq!(
            kind == "counter",
            name.ends_with("_total"),
            "{name} is a {kind}"
        );
        let words: Vec<&str> = name.split('_').collect();
        for wrong in [
            "ms",
            "millis",
            "milliseconds",
            "minutes",
            "hours",
            "days",
            "s",
            "kb",
            "mb",
            "percent",
            "gauge",
            "counter",
            "histogram",
        ] {
            assert!(
                !words.contains(&wrong),
                "{name}: seconds, bytes and ratios are the units, and a name does not say its type"
            );
        }
    }
}

/// Where the tool is there, as in CI, it is the judge. `.ci/run` installs it.
#[tokio::test]
async fn promtool_finds_nothing_wrong() {
    use std::io::Write as _;
    let found = std::process::Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(std::process::Stdio::piped())
        .spawn();
    let Ok(mut promtool) = found else {
        return skipped("promtool is not installed");
    };
    let metrics = everything().await;
    promtool
        .stdin
        .take()
        .expect("its input")
        .write_all(metrics.as_bytes())
        .expect("written");
    assert!(promtool.wait().expect("its end").success(), "{metrics}");
}

#[tokio::test]
async fn the_format_is_the_one_that_is_asked_for() {
    let gateway = Gateway::start("[[providers]]\nname = \"log\"\ntype = \"log\"\n").await;
    for accept in [
        None,
        Some("*/*"),
        Some("text/plain"),
        Some("text/plain;version=0.0.4"),
    ] {
        let (kind, text) = scrape(&gateway, accept).await;
        assert_eq!(
            kind, "text/plain; version=0.0.4; charset=utf-8",
            "{accept:?}"
        );
        assert!(
            text.contains("# TYPE acteon_actions_dispatched_total counter\n")
                && !text.contains("# EOF")
                && !text.contains("# UNIT")
        );
    }
    let (kind, text) = scrape(&gateway, Some(OPEN_METRICS)).await;
    assert_eq!(
        kind,
        "application/openmetrics-text; version=1.0.0; charset=utf-8"
    );
    assert!(
        text.contains("# TYPE acteon_actions_dispatched counter\n") && text.ends_with("# EOF\n"),
        "{text}"
    );
}

#[tokio::test]
async fn what_is_owed_and_what_is_dead_is_told_by_provider() {
    let wecom = LocalWecom::start(World::default())
        .await
        .expect("a local WeChat Work");
    let gateway = Gateway::start(&configuration(&wecom, "")).await;
    let nothing = r#"acteon_oldest_open_action_seconds{provider="wechat-ops"} 0.0"#;
    gateway
        .until("/metrics", |metrics| lines_of(metrics).contains(nothing))
        .await;
    wecom.fault(Call::Send, Fault::Errcode(81013), Some(1));
    gateway.post("/v1/dispatch", &text("dead")).await;
    wecom.fault(Call::Send, Fault::Status(502), None);
    gateway
        .post_preferring("/v1/dispatch", &text("owed"), "respond-async")
        .await;
    let dead = "acteon_dead_letters{provider=\"wechat-ops\",code=\"EXECUTION_FAILED\"} 1\n";
    let is_owed = |metrics: &Value| {
        let lines = lines_of(metrics);
        lines.contains("acteon_provider_open_actions{provider=\"wechat-ops\"} 1\n")
            && !lines.contains(nothing)
            && lines.contains(dead)
    };
    let metrics = gateway.until("/metrics", is_owed).await;
    let age = |name: &str| {
        let start = format!("{name}{{provider=\"wechat-ops\"}} ");
        lines_of(&metrics)
            .lines()
            .find_map(|line| line.strip_prefix(&start)?.parse::<f64>().ok())
            .expect("a value")
    };
    assert!(age("acteon_token_age_seconds") < 60.0, "{metrics}");
    assert!(
        (7000.0..=7200.0).contains(&age("acteon_token_left_seconds")),
        "{metrics}"
    );
    assert!(gateway.delete("/v1/dlq/dead").await.status.is_success());
    gateway
        .until("/metrics", |metrics| {
            !lines_of(metrics).contains("acteon_dead_letters{")
        })
        .await;
}

#[tokio::test]
async fn outcomes_are_told_by_provider_and_rule_and_names_are_bounded() {
    const RULES_IN_ALL: usize = 520;
    let rule = |number: usize| {
        format!(
            "  - {{name: rule-{number}, condition: {{field: action.payload.n, eq: {number}}}, action: {{type: suppress}}}}\n"
        )
    };
    let rules: String = (0..RULES_IN_ALL).map(rule).collect::<Vec<_>>().concat();
    let gateway = Gateway::with_rules(
        &format!("rules:\n{rules}"),
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
    )
    .await;
    let posted: Vec<Value> = (0..=RULES_IN_ALL)
        .map(|n| action(&format!("a-{n}"), "log", &json!({ "n": n })))
        .collect();
    let answer = gateway
        .post("/v1/dispatch/batch", &Value::Array(posted))
        .await;
    assert!(answer.status.is_success(), "{}", answer.body);
    let metrics = gateway.get("/metrics").await.body;
    let series: Vec<&str> = lines_of(&metrics)
        .lines()
        .filter(|line| line.starts_with("acteon_outcomes_total{"))
        .collect();
    assert!(series.len() <= 502, "{} series", series.len());
    let sum: usize = series
        .iter()
        .filter_map(|line| line.rsplit(' ').next()?.parse::<usize>().ok())
        .sum();
    assert_eq!(sum, RULES_IN_ALL + 1);
    let other = series
        .iter()
        .find(|line| line.contains("rule=\"other\",outcome=\"suppressed\""))
        .expect("the rest");
    assert!(
        other
            .rsplit(' ')
            .next()
            .and_then(|count| count.parse::<usize>().ok())
            >= Some(19),
        "{other}"
    );
}

/// Callers may name any provider; what monitoring keeps does not grow by it, and no provider that is there loses its name.
#[tokio::test]
async fn names_that_callers_make_up_are_counted_together() {
    const MADE_UP: usize = 230;
    let gateway = Gateway::start("[[providers]]\nname = \"log\"\ntype = \"log\"\n").await;
    let posted: Vec<Value> = (0..MADE_UP)
        .map(|n| action(&format!("a-{n}"), &format!("made-up-{n}"), &json!({})))
        .collect();
    gateway
        .post("/v1/dispatch/batch", &Value::Array(posted))
        .await;
    gateway
        .post("/v1/dispatch", &action("last", "log", &json!({})))
        .await;
    let together = format!(
        "acteon_outcomes_total{{provider=\"other\",rule=\"\",outcome=\"failed\"}} {MADE_UP}\n"
    );
    let alone = "acteon_outcomes_total{provider=\"log\",rule=\"\",outcome=\"executed\"} 1\n";
    let is_told = |metrics: &Value| {
        lines_of(metrics).contains(&together) && lines_of(metrics).contains(alone)
    };
    let metrics = gateway.until("/metrics", is_told).await;
    let series = lines_of(&metrics)
        .lines()
        .filter(|line| line.starts_with("acteon_dead_letters{"))
        .count();
    assert!(series <= 201, "{series} series of dead letters");
    let found = gateway
        .until("/metrics", |metrics| {
            lines_of(metrics).contains("acteon_dead_letters{provider=\"other\"")
        })
        .await;
    assert!(
        lines_of(&found).contains("acteon_provider_open_actions{provider=\"log\"} 0\n"),
        "{found}"
    );
}

#[tokio::test]
async fn reloads_are_counted_with_the_time_of_the_last_good_one() {
    let gateway = Gateway::with_rules("rules: []\n", "rules.watch = false\n").await;
    let value = |metrics: &Value, series: &str| {
        let found = lines_of(metrics)
            .lines()
            .find_map(|line| line.strip_prefix(series)?.trim().parse::<f64>().ok());
        found.unwrap_or_else(|| panic!("no {series} in {metrics}"))
    };
    let at = "acteon_last_reload_success_timestamp_seconds{what=\"rules\"}";
    let failures = "acteon_reloads_total{what=\"rules\",result=\"failure\"}";
    let before = gateway.get("/metrics").await.body;
    assert!(value(&before, at) > 1_700_000_000.0);
    assert!(value(&before, failures).abs() < 0.5);
    assert!(
        value(
            &before,
            "acteon_reloads_total{what=\"policies\",result=\"success\"}"
        ) >= 1.0
    );
    gateway.write_rules("rules: broken\n");
    gateway
        .try_send(Method::POST, "/v1/rules/reload", None, None)
        .await
        .expect("an answer");
    let after = gateway.get("/metrics").await.body;
    assert!(
        (value(&after, failures) - 1.0).abs() < 0.5
            && (value(&after, at) - value(&before, at)).abs() < 0.001,
        "{after}"
    );
    gateway.write_rules("rules: []\n");
    gateway
        .try_send(Method::POST, "/v1/rules/reload", None, None)
        .await
        .expect("an answer");
    let mended = gateway.get("/metrics").await.body;
    assert!(
        value(&mended, at) > value(&before, at)
            && value(&mended, "acteon_rules_broken").abs() < 0.5,
        "{mended}"
    );
}
