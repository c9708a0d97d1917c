//! Messages to those who decide, as WeChat Work gets them.

use serde_json::json;

use super::{id_of, pending};
use crate::support::{Gateway, PATIENCE, until};
use crate::wechat::{configuration, local_wecom, unlimited};

#[tokio::test(flavor = "multi_thread")]
async fn each_person_gets_a_card_with_a_link_of_their_own() {
    let wecom = local_wecom(unlimited()).await;
    let rules = super::rule("approvers: [ZhangSan, lisi, \"principal:ci\"], message: ship it")
        .replace("notify_provider: hook", "notify_provider: wechat-ops");
    let lines = super::LOG.to_owned() + &configuration(&wecom, "");
    let gateway = Gateway::with_rules(&rules, &lines).await;
    let id = id_of(&pending(&gateway, "a").await);
    let cards = || {
        wecom.world(|world| {
            let cards = world.messages().map(|message| message.content.clone());
            cards.collect::<Vec<_>>()
        })
    };
    until("two cards came", PATIENCE, async || cards().len() >= 2).await;
    let cards: Vec<serde_json::Value> = cards().into_iter().map(|content| json!(content)).collect();
    assert_eq!(
        cards.len(),
        2,
        "nobody else gets a link that is for the API: {cards:?}"
    );
    for card in &cards {
        let text = card.to_string();
        assert!(
            text.contains("ship it") && text.contains(&id) && text.contains("&sig="),
            "{text}"
        );
        assert!(!text.contains("<b>"), "{text}");
    }
}
