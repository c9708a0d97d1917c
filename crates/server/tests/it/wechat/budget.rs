//! What WeChat Work would drop silently is never sent.

use futures_util::future::join_all;
use serde_json::json;

use super::{configuration, local_wecom};
use acteon_fakes::wecom::world::World;

use crate::support::{Gateway, action};

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_sends_to_one_member_lose_none() {
    let wecom = local_wecom(World::default()).await;
    let configuration = configuration(&wecom, "");
    let gateway = Gateway::start(&configuration).await;
    let to_one = |number: usize| {
        action(
            &format!("a-{number}"),
            "wechat-ops",
            &json!({ "touser": "zhangsan", "content": format!("m {number}") }),
        )
    };
    let actions: Vec<_> = (0..200).map(to_one).collect();
    let outcomes = join_all(actions.iter().map(|action| gateway.dispatch(action))).await;
    let executed = outcomes
        .iter()
        .filter(|outcome| outcome["Executed"]["status"] == "success")
        .count();
    let waiting = outcomes
        .iter()
        .filter(|outcome| outcome["Scheduled"]["last_error"]["code"] == "RATE_LIMITED")
        .count();
    assert_eq!((executed, waiting), (30, 170));
    assert_eq!(
        wecom.world(|world| (world.counts().messages, world.counts().dropped)),
        (30, 0)
    );
    // Their turns are spread over the minutes to come, thirty in each.
    let mut due: Vec<String> = outcomes
        .iter()
        .filter_map(|outcome| {
            outcome["Scheduled"]["scheduled_for"]
                .as_str()
                .map(str::to_owned)
        })
        .collect();
    due.sort();
    let last = acteon_core::Timestamp::parse(&due[169]).expect("a time");
    let first = acteon_core::Timestamp::parse(&due[0]).expect("a time");
    assert!(
        (250..=330).contains(&last.since(first).as_secs()),
        "{due:?}"
    );
    // A new process knows what the old one sent.
    let gateway = gateway.restart(&configuration).await;
    let outcome = gateway.dispatch(&to_one(1000)).await;
    assert!(outcome.get("Scheduled").is_some(), "{outcome}");
    assert_eq!(
        wecom.world(|world| (world.counts().messages, world.counts().dropped)),
        (30, 0)
    );
}
