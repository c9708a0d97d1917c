//! Every type of message but texts, markdown and text cards, from a payload to the phone.

mod limits;
mod spoilt;
mod told;

use acteon_fakes::wecom::world::{Message, World};
use acteon_fakes::wecom::{CardCode, LocalWecom};
use serde_json::{Value, json};

use crate::support::{Gateway, action};
use crate::wechat::{configuration, local_wecom, unlimited};

/// Types that are one medium, each with the beginning of its bytes.
const MEDIA: [(&str, &[u8]); 4] = [
    ("image", b"\x89PNG\r\n\x1a\n"),
    ("voice", b"#!AMR\n"),
    ("video", b"\0\0\0\x18ftypmp42"),
    ("file", b"a report"),
];

/// A world whose app has a callback URL, without which cards with buttons are refused.
fn called_back() -> World {
    let mut world = unlimited();
    world.apps[0].callback_url = Some("http://127.0.0.1:9/wecom".to_owned());
    world
}

/// Uploads a medium to a local WeChat Work, and returns its id.
async fn uploaded(wecom: &LocalWecom, kind: &str) -> String {
    let (corp_id, secret) =
        wecom.world(|world| (world.corp_id.clone(), world.apps[0].secret.clone()));
    let http = reqwest::Client::builder()
        .no_proxy()
        .build()
        .expect("a client");
    let base = wecom.url();
    let url = format!("{base}/cgi-bin/gettoken?corpid={corp_id}&corpsecret={secret}");
    let answer: Value = http
        .get(url)
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let token = answer["access_token"].as_str().expect("a token");
    let bytes = MEDIA
        .iter()
        .find(|(name, _)| *name == kind)
        .expect("a kind")
        .1;
    let head = "--b0undary\r\nContent-Disposition: form-data; name=\"media\"; filename=\"a.txt\"\r\nContent-Type: text/plain\r\n\r\n";
    let body = [head.as_bytes(), bytes, b"\r\n--b0undary--\r\n"].concat();
    let upload = http
        .post(format!(
            "{base}/cgi-bin/media/upload?access_token={token}&type={kind}"
        ))
        .header("content-type", "multipart/form-data; boundary=b0undary")
        .body(body);
    let answer: Value = upload
        .send()
        .await
        .expect("an answer")
        .json()
        .await
        .expect("JSON");
    let id = answer["media_id"].as_str();
    id.unwrap_or_else(|| panic!("{answer}")).to_owned()
}

/// A gateway with its local WeChat Work.
struct Sender {
    wecom: LocalWecom,
    gateway: Gateway,
    number: u32,
}

impl Sender {
    async fn start(more: &str) -> Self {
        let wecom = local_wecom(called_back()).await;
        let gateway = Gateway::start(&configuration(&wecom, more)).await;
        Self {
            wecom,
            gateway,
            number: 0,
        }
    }

    /// Sends a message of a type to a member: its outcome.
    async fn send(&mut self, msgtype: &str, own: &Value) -> Value {
        let payload = json!({ "touser": "lisi", "msgtype": msgtype, msgtype: own });
        self.post(&payload).await
    }

    async fn post(&mut self, payload: &Value) -> Value {
        self.number += 1;
        let id = format!("a{}", self.number);
        self.gateway
            .dispatch(&action(&id, "wechat-ops", payload))
            .await
    }

    fn last(&self) -> Option<Message> {
        self.wecom.world(|world| world.messages().last().cloned())
    }
}

/// A card of a kind.
fn card(kind: &str) -> Value {
    let mut card = json!({
        "card_type": kind, "task_id": format!("task-{kind}"), "source": { "desc": "Acteon" },
        "main_title": { "title": "磁盘将满", "desc": "db-1" },
    });
    let options = json!([{ "id": "1", "text": "一" }, { "id": "2", "text": "二" }]);
    let more = match kind {
        "text_notice" => {
            json!({ "sub_title_text": "97 %", "card_action": { "type": 1, "url": "https://e.com" } })
        }
        "news_notice" => json!({
            "card_image": { "url": "https://e.com/p.png", "aspect_ratio": 1.5 },
            "horizontal_content_list": [{ "keyname": "主机", "value": "db-1" }],
            "card_action": { "type": 2, "appid": "wx1", "pagepath": "/index" },
        }),
        "button_interaction" => {
            json!({ "button_list": [{ "text": "批准", "key": "yes" }, { "text": "拒绝", "style": 3, "key": "no" }] })
        }
        "vote_interaction" => json!({
            "checkbox": { "question_key": "q", "option_list": [{ "id": "1", "text": "一", "is_checked": true }], "mode": 1 },
            "submit_button": { "text": "提交", "key": "submit" },
        }),
        _ => json!({
            "select_list": [{ "question_key": "q", "selected_id": "2", "option_list": options }],
            "submit_button": { "key": "submit" },
        }),
    };
    for (name, value) in more.as_object().expect("an object") {
        card[name] = value.clone();
    }
    card
}

/// A message of each type and kind, with media that a local WeChat Work has.
async fn samples(wecom: &LocalWecom) -> Vec<(&'static str, Value)> {
    let mut media = Vec::new();
    for (kind, _) in MEDIA {
        media.push(uploaded(wecom, kind).await);
    }
    let [image, voice, video, file] = [0, 1, 2, 3].map(|index| &media[index]);
    vec![
        ("image", json!({ "media_id": image })),
        ("voice", json!({ "media_id": voice })),
        ("file", json!({ "media_id": file })),
        (
            "video",
            json!({ "media_id": video, "title": "t", "description": "d" }),
        ),
        (
            "news",
            json!({ "articles": [
                { "title": "一", "description": "d", "url": "https://e.com", "picurl": "https://e.com/p.png" },
                { "title": "二", "appid": "wx1", "pagepath": "pages/a" },
            ] }),
        ),
        (
            "mpnews",
            json!({ "articles": [{
                "title": "t", "thumb_media_id": image, "author": "a", "content_source_url": "https://e.com", "content": "<p>c</p>", "digest": "d",
            }] }),
        ),
        (
            "miniprogram_notice",
            json!({
                "appid": "wx1", "page": "pages/index", "title": "会议室预订", "description": "4月27日", "emphasis_first_item": true,
                "content_item": [{ "key": "会议室", "value": "402" }],
            }),
        ),
        ("template_card", card("text_notice")),
        ("template_card", card("news_notice")),
        ("template_card", card("button_interaction")),
        ("template_card", card("vote_interaction")),
        ("template_card", card("multiple_interaction")),
    ]
}

/// What WeChat Work receives is what was posted, to the letter.
#[tokio::test(flavor = "multi_thread")]
async fn each_type_arrives_as_it_was_posted() {
    let mut sender = Sender::start("").await;
    for (msgtype, own) in samples(&sender.wecom).await {
        let outcome = sender.send(msgtype, &own).await;
        assert_eq!(outcome["Executed"]["status"], "success", "{outcome}");
        let codes = sender.wecom.world(|world| world.response_codes());
        let mut codes = codes.iter().flat_map(|card| &card.codes);
        let leaks = |code: &CardCode| outcome.to_string().contains(&code.response_code);
        assert!(!codes.any(leaks), "{outcome}");
        let message = sender.last().expect("a message");
        assert_eq!((&*message.msgtype, message.content), (msgtype, own));
        assert_eq!(
            (message.delivered, message.safe),
            (vec!["lisi".to_owned()], false)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_that_reaches_some_is_partial_and_shows_no_response_code() {
    let mut sender = Sender::start("").await;
    let payload = json!({ "touser": "lisi|nobody", "msgtype": "template_card", "template_card": card("button_interaction") });
    let outcome = sender.post(&payload).await;
    let executed = &outcome["Executed"];
    assert_eq!(
        (
            executed["status"].as_str(),
            executed["body"]["invaliduser"].as_str()
        ),
        (Some("partial"), Some("nobody")),
        "{outcome}"
    );
    let cards = sender.wecom.world(|world| world.response_codes());
    let [code] = &cards[0].codes[..] else {
        panic!("{cards:?}")
    };
    for page in ["/v1/audit/a1", "/v1/actions/a1"] {
        let kept = sender.gateway.get(page).await.body.to_string();
        assert!(!kept.contains(&code.response_code), "{kept}");
    }
    assert!(
        !outcome.to_string().contains(&code.response_code),
        "{outcome}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn confidential_and_translated_messages_say_so() {
    let mut sender = Sender::start("").await;
    let id = uploaded(&sender.wecom, "file").await;
    let mut payload =
        json!({ "touser": "lisi", "msgtype": "file", "file": { "media_id": id }, "safe": true });
    assert!(sender.post(&payload).await["Executed"].is_object());
    assert!(sender.last().expect("a message").safe);
    payload["enable_id_trans"] = json!(1);
    let outcome = sender.post(&payload).await;
    let warning = outcome["Executed"]["headers"]["acteon-warning"].as_str();
    assert_eq!(
        warning,
        Some("enable_id_trans has no effect on this msgtype")
    );
}
