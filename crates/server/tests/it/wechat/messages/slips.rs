//! What is most likely a slip, with what was meant.

use acteon_fakes::wecom::Call;
use serde_json::json;

use crate::support::{Gateway, action};
use crate::wechat::{configuration, local_wecom, unlimited};

/// A slip for a recipient would go to the default ones.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_most_likely_a_slip_is_refused_with_what_was_meant() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "wechat.default_touser = \"@all\"")).await;
    for (number, (payload, words)) in [
        (
            json!({ "to_user": "lisi", "content": "x" }),
            "\"to_user\" is not a field of a WeChat Work message: did you mean \"touser\"?",
        ),
        (
            json!({ "toUsers": "lisi", "content": "x" }),
            "did you mean \"touser\"?",
        ),
        (
            json!({ "tuoser": "lisi", "content": "x" }),
            "did you mean \"touser\"?",
        ),
        (
            json!({ "totags": "1", "content": "x" }),
            "did you mean \"totag\"?",
        ),
        (
            json!({ "to_party": "1", "content": "x" }),
            "did you mean \"toparty\"?",
        ),
        (
            json!({ "msgType": "markdown", "content": "x" }),
            "did you mean \"msgtype\"?",
        ),
        (
            json!({ "Safe": 1, "content": "x" }),
            "did you mean \"safe\"?",
        ),
        (json!({ "contents": "x" }), "did you mean \"content\"?"),
        (
            json!({ "safe": "1", "content": "x" }),
            "safe must be true or false, without quotes, is text",
        ),
        (
            json!({ "safe": 2, "content": "x" }),
            "safe must be true or false",
        ),
        (
            json!({ "touser": ["lisi"], "content": "x" }),
            "touser must be text, is a list: join the ids with |, such as \"zhangsan|lisi\"",
        ),
        (
            json!({ "touser": "zhangsan,lisi", "content": "x" }),
            "separate them with |",
        ),
        (
            json!({ "msgtype": "text", "text": { "content": "x" } }),
            "content is missing: put it at the top of the payload",
        ),
        (
            json!({ "msgtype": "textcard", "textcard": { "title": "x" } }),
            "title is missing: put it at the top",
        ),
        (
            json!({ "markdown": { "content": "x" } }),
            "beside \"msgtype\": \"markdown\"",
        ),
        (json!({ "content": "\u{200b}\u{feff}" }), "content is empty"),
    ]
    .into_iter()
    .enumerate()
    {
        let failed = gateway
            .dispatch(&action(&format!("a{number}"), "wechat-ops", &payload))
            .await["Failed"]
            .clone();
        assert_eq!(failed["code"], "SERIALIZATION", "{payload}: {failed}");
        assert!(
            failed["message"]
                .as_str()
                .is_some_and(|message| message.contains(words)),
            "{payload}: {failed}"
        );
    }
    assert_eq!(wecom.calls(Call::Send), 0);
}

/// What reads like a recipient, and is in no field of one, would be left out: the message would go to the default recipients.
#[tokio::test(flavor = "multi_thread")]
async fn recipients_in_a_field_that_is_none_are_refused_with_the_one_that_is_meant() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "wechat.default_touser = \"@all\"")).await;
    let touser = "to user users userid userids User_IDs recipient recipients receiver Receivers mobile mobiles email mention \
                  mentions mentioned_list mentioned_mobile_list to_users toUserId";
    let toparty = "party parties partyid party_ids department departments department_id dept to_party toDepartment";
    let totag = "tag tags tagid tagIds to_tags";
    let mut number = 0;
    for (names, meant) in [(touser, "touser"), (toparty, "toparty"), (totag, "totag")] {
        for name in names.split_whitespace() {
            for value in [json!("lisi"), json!(12), json!(["lisi", "u3"])] {
                number += 1;
                let payload = json!({ name: value, "content": "x" });
                let failed = gateway
                    .dispatch(&action(&format!("a{number}"), "wechat-ops", &payload))
                    .await["Failed"]
                    .clone();
                assert_eq!(failed["code"], "SERIALIZATION", "{payload}: {failed}");
                let words = format!(
                    "{name:?} is not a field of a WeChat Work message: did you mean {meant:?}?"
                );
                assert!(
                    failed["message"]
                        .as_str()
                        .is_some_and(|message| message.contains(&words)),
                    "{payload}: {failed}"
                );
            }
        }
    }
    assert_eq!(wecom.calls(Call::Send), 0);
    for payload in [
        json!({ "touser": "lisi", "user": "u", "toparty": "", "department": "d", "totag": "", "tags": ["a"], "content": "x" }),
        json!({ "touser": "lisi", "department": "IT", "tags": ["prod", "db"], "content": "x" }),
        json!({ "user": { "name": "li" }, "tag": "", "tags": [], "mention": false, "email": null, "content": "x" }),
    ] {
        number += 1;
        let outcome = gateway
            .dispatch(&action(&format!("a{number}"), "wechat-ops", &payload))
            .await;
        assert!(outcome.get("Executed").is_some(), "{payload}: {outcome}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn recipients_and_links_that_are_written_wrongly_are_refused_with_what_to_write() {
    let wecom = local_wecom(unlimited()).await;
    let gateway = Gateway::start(&configuration(&wecom, "wechat.default_touser = \"lisi\"")).await;
    let card =
        |url: &str| json!({ "msgtype": "textcard", "title": "t", "description": "d", "url": url });
    for (number, (payload, words)) in [
        (
            json!({ "toparty": [12], "content": "x" }),
            "toparty must be text, is a list: join the ids with |, such as \"12|15\"",
        ),
        (
            json!({ "toparty": [12, "15"], "content": "x" }),
            "is a list: join the ids with |, such as \"12|15\"",
        ),
        (
            json!({ "totag": 12, "content": "x" }),
            "totag must be text, is a number: write it in quotes, such as \"12\"",
        ),
        (
            json!({ "touser": [{}], "content": "x" }),
            "join the ids with |, such as \"zhangsan|lisi\"",
        ),
        (
            json!({ "touser": "zhangsan｜lisi", "content": "x" }),
            "separate them with |",
        ),
        (
            json!({ "touser": "@ALL", "content": "x" }),
            "touser has \"@ALL\": to send to everybody, write \"@all\"",
        ),
        (
            json!({ "touser": "＠all", "content": "x" }),
            "write \"@all\"",
        ),
        (card("https://"), "url has no host"),
        (card("https:///path"), "url has no host"),
        (card("http://?q"), "url has no host"),
        (
            card("https://wiki.example.com/a b"),
            "blank or a line break",
        ),
        (
            card("https://wiki.example.com/a\n"),
            "blank or a line break",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let failed = gateway
            .dispatch(&action(&format!("a{number}"), "wechat-ops", &payload))
            .await["Failed"]
            .clone();
        assert_eq!(failed["code"], "SERIALIZATION", "{payload}: {failed}");
        assert!(
            failed["message"]
                .as_str()
                .is_some_and(|message| message.contains(words)),
            "{payload}: {failed}"
        );
    }
    assert_eq!(wecom.calls(Call::Send), 0);
}

/// `user` and `to` are fields of the webhook's own, for which the app stands in.
#[tokio::test(flavor = "multi_thread")]
async fn a_payload_for_another_provider_goes_to_the_default_recipients() {
    let wecom = local_wecom(unlimited()).await;
    let hook = acteon_fakes::webhook::Receiver::start(|_| (403, String::new()))
        .await
        .expect("a receiver");
    let configuration = format!(
        "circuit_breaker.enabled = true\ncircuit_breaker.fallbacks = {{ hook = \"wechat-ops\" }}\n\
         [[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{}\"\n{}",
        hook.url(),
        configuration(&wecom, "wechat.default_touser = \"lisi\"")
    );
    let gateway = Gateway::start(&configuration).await;
    let payload = json!({ "content": "disk full", "user": "root", "to": ["ops"], "tags": ["db"] });
    let outcome = gateway.dispatch(&action("a", "hook", &payload)).await;
    assert_eq!(
        outcome["Rerouted"]["new_provider"], "wechat-ops",
        "{outcome}"
    );
    let warning = &outcome["Rerouted"]["response"]["headers"]["acteon-warning"];
    assert!(
        ["user", "to", "tags"]
            .iter()
            .all(|field| warning.as_str().is_some_and(|text| text.contains(field))),
        "{outcome}"
    );
    assert_eq!(wecom.calls(Call::Send), 1);
}

/// Ids are short, and so are not found where a longer text repeats them.
#[tokio::test(flavor = "multi_thread")]
async fn no_refusal_repeats_recipients_that_are_redacted() {
    let wecom = local_wecom(unlimited()).await;
    let configuration = format!(
        "audit.redact = [\"payload.touser\"]\n{}",
        configuration(&wecom, "")
    );
    let gateway = Gateway::start(&configuration).await;
    for (id, recipients, hidden) in [("a", json!(["li", "wu"]), "li|wu"), ("b", json!(73), "73")] {
        let payload = json!({ "touser": recipients, "content": "x" });
        let outcome = gateway.dispatch(&action(id, "wechat-ops", &payload)).await;
        assert_eq!(outcome["Failed"]["code"], "SERIALIZATION", "{outcome}");
        let kept = gateway.get(&format!("/v1/audit/{id}")).await.body;
        assert!(
            !kept["outcome_details"].to_string().contains(hidden)
                && !outcome["Failed"]["message"].to_string().contains(hidden),
            "{outcome} {kept}"
        );
    }
}
