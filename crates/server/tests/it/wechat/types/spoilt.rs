//! Messages that are spoilt in one place: what the gateway takes, WeChat Work takes too.

use serde_json::{Value, json};

use super::{Sender, samples};

/// Codes of what only the service can know: whether it has a medium.
const ITS_OWN: [&str; 2] = ["40007", "40145"];

/// JSON pointers to everything within a value.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    let inner: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(name, inner)| (format!("{at}/{name}"), inner))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(index, inner)| (format!("{at}/{index}"), inner))
            .collect(),
        _ => Vec::new(),
    };
    for (pointer, inner) in inner {
        places(inner, &pointer, found);
        found.push(pointer);
    }
}

/// A list with its first item many times; of anything else, a text of as many letters.
fn many(value: &Value) -> Value {
    match value.as_array().and_then(|items| items.first()) {
        Some(first) => Value::from(vec![first.clone(); 25]),
        None => Value::from("字".repeat(25)),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_gateway_takes_the_service_takes() {
    let mut sender = Sender::start("").await;
    let (mut taken, mut refused) = (0, 0);
    for (msgtype, whole) in samples(&sender.wecom).await {
        let mut pointers = Vec::new();
        places(&whole, "", &mut pointers);
        for pointer in pointers {
            for spoilt in [
                json!(null),
                json!(""),
                json!(" "),
                json!("x".repeat(1200)),
                json!("https://e.com/other"),
                json!(7),
                json!(1),
                json!(true),
                json!([]),
                json!({}),
                many(whole.pointer(&pointer).expect("a place")),
            ] {
                let mut own = whole.clone();
                if own.get("task_id").is_some() {
                    own["task_id"] = json!(format!("t{}", sender.number));
                }
                *own.pointer_mut(&pointer).expect("a place") = spoilt;
                // Members who are named have a budget, in which so many do not fit.
                let payload = json!({ "toparty": "12", "msgtype": msgtype, msgtype: own });
                let outcome = sender.post(&payload).await;
                let failed = &outcome["Failed"];
                let message = failed["message"].as_str().unwrap_or_default();
                let is_its_own = ITS_OWN.iter().any(|code| message.contains(code));
                match failed["code"].as_str() {
                    None => {
                        assert!(outcome["Executed"].is_object(), "{pointer}: {outcome}");
                        taken += 1;
                        let shown = sender.last().expect("a message");
                        assert!(!shown.cut, "{pointer} {own}");
                    }
                    Some("SERIALIZATION") => {
                        refused += 1;
                        assert!(message.contains(msgtype), "{pointer} {own}: {outcome}");
                    }
                    Some(_) => assert!(is_its_own, "{pointer} {own}: {outcome}"),
                }
            }
        }
    }
    assert!(taken > 100 && refused > 300, "{taken} {refused}");
}
