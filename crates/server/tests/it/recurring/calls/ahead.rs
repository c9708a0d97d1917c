//! What goes soon, where there is much of it.

use std::time::Duration;

use acteon_core::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::recurring::{LOG, made};
use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn occurrences_of_several_are_in_one_order() {
    let gateway = Gateway::start(LOG).await;
    let zone = json!({ "timezone": "UTC" });
    for (name, cron) in [
        ("hour", "0 * * * *"),
        ("half", "*/30 * * * *"),
        ("day", "0 0 * * *"),
    ] {
        let mut more = zone.clone();
        (more["name"], more["cron_expression"]) = (json!(name), json!(cron));
        made(&gateway, &more).await;
    }
    let path = "/v1/upcoming?from=2099-01-01T23:10:00Z&to=2099-01-02T01:00:00Z&limit=";
    let listed = gateway.get(&format!("{path}6")).await.body;
    let rows = listed["upcoming"].as_array().expect("a list");
    let told: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                &row["at"].as_str().expect("an instant")[11..16],
                &row["name"],
            )
        })
        .collect();
    let expected = [
        ("23:30", "half"),
        ("00:00", "hour"),
        ("00:00", "half"),
        ("00:00", "day"),
        ("00:30", "half"),
        ("01:00", "hour"),
    ];
    assert_eq!(told.len(), expected.len(), "{listed}");
    for ((at, name), (expected_at, expected_name)) in told.iter().zip(expected) {
        assert_eq!(
            (*at, *name),
            (expected_at, &json!(expected_name)),
            "{listed}"
        );
    }
    assert_eq!(listed["more"], true, "01:00 of each half hour");
    let whole = gateway.get(&format!("{path}7")).await.body;
    assert_eq!(
        (&whole["count"], &whole["more"]),
        (&json!(7), &json!(false))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_goes_before_a_span_hides_nothing_within() {
    let gateway = Gateway::start(LOG).await;
    let (hour, day) = (3600, 24 * 3600);
    for number in 0..60 {
        let mut soon = action(&format!("a{number}"), "log", &json!({}));
        soon["delay_seconds"] = json!(hour + number);
        gateway.dispatch(&soon).await;
    }
    let mut later = action("later", "log", &json!({}));
    later["delay_seconds"] = json!(2 * day);
    gateway.dispatch(&later).await;
    let from = SystemClock::new().now() + Duration::from_hours(24);
    let path = format!("/v1/upcoming?from={from}&limit=1");
    let listed = gateway.get(&path).await.body;
    assert_eq!(
        (&listed["upcoming"][0]["action_id"], &listed["more"]),
        (&json!("later"), &json!(false)),
        "{listed}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_list_counts_is_told_as_more() {
    let gateway = Gateway::start(LOG).await;
    let often = json!({ "cron_expression": "* * * * *", "max_executions": 1000 });
    for _ in 0..60 {
        made(&gateway, &often).await;
    }
    let later = SystemClock::new().now() + Duration::from_hours(48);
    let listed = gateway
        .get(&format!("/v1/upcoming?from={later}"))
        .await
        .body;
    assert_eq!(
        listed,
        json!({ "count": 0, "upcoming": Vec::<Value>::new(), "more": true })
    );
}
