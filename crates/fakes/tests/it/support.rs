//! A client of the local WeChat Work, and cards to send.

use acteon_fakes::wecom::LocalWecom;
use acteon_fakes::wecom::world::{App, World};
use serde_json::{Value, json};

pub(crate) const AGENT: i64 = 1_000_002;
/// Second app of the corporation.
pub(crate) const OTHER_AGENT: i64 = 1_000_003;
pub(crate) const TOKEN: &str = "AcTg8wTok3nV1";
pub(crate) const AES_KEY: &str = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG";

/// Names of all kinds of cards.
pub(crate) const KINDS: [&str; 5] = [
    "text_notice",
    "news_notice",
    "button_interaction",
    "vote_interaction",
    "multiple_interaction",
];

pub(crate) struct Client {
    pub(crate) wecom: LocalWecom,
    http: reqwest::Client,
}

impl Client {
    /// Client of a corporation with two apps, which are called back at a URL.
    pub(crate) async fn called_back_at(url: &str) -> Self {
        let mut world = World::default();
        let called_back = |app: &mut App| {
            app.callback_url = Some(url.to_owned());
            app.callback_token = Some(TOKEN.to_owned());
            app.callback_aes_key = Some(AES_KEY.to_owned());
        };
        let mut other = world.apps[0].clone();
        other.agent_id = OTHER_AGENT;
        other.secret = "other-secret".into();
        world.apps.push(other);
        world.apps.iter_mut().for_each(called_back);
        Self::of(world).await
    }

    /// Client whose callbacks lead nowhere.
    pub(crate) async fn new() -> Self {
        Self::called_back_at("http://127.0.0.1:9/wecom").await
    }

    pub(crate) async fn of(world: World) -> Self {
        Self {
            wecom: LocalWecom::start(world).await.expect("a local WeChat Work"),
            http: reqwest::Client::new(),
        }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.wecom.url())
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.http.get(self.url(path)).send().await;
        answer.expect("an answer").json().await.expect("JSON")
    }

    /// Text of a path, and its type.
    pub(crate) async fn text(&self, path: &str) -> (String, String) {
        let answer = self.http.get(self.url(path)).send().await;
        let answer = answer.expect("an answer").error_for_status();
        let answer = answer.expect("a success");
        let kind = answer.headers()["content-type"].to_str().expect("text");
        let kind = kind.to_owned();
        (answer.text().await.expect("text"), kind)
    }

    /// Posts to a control route. Its status, and its answer as JSON or text.
    pub(crate) async fn control(&self, path: &str, body: &Value) -> (u16, Value) {
        let path = self.url(&format!("/control/{path}"));
        let answer = self.http.post(path).json(body).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("text");
        let json = serde_json::from_str(&text);
        (status, json.unwrap_or(Value::String(text)))
    }

    async fn token(&self, agent_id: i64) -> String {
        let secret = self.wecom.world(|world| {
            let app = world.apps.iter().find(|app| app.agent_id == agent_id);
            app.expect("an app").secret.clone()
        });
        let query = format!("corpid=ww0123456789abcdef&corpsecret={secret}");
        let answer = self.get(&format!("/cgi-bin/gettoken?{query}")).await;
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    /// Calls the API as an app.
    pub(crate) async fn call_as(&self, agent_id: i64, path: &str, body: &Value) -> Value {
        let token = self.token(agent_id).await;
        let url = self.url(&format!("/cgi-bin/message/{path}?access_token={token}"));
        let answer = self.http.post(url).json(body).send().await;
        answer.expect("an answer").json().await.expect("JSON")
    }

    pub(crate) async fn call(&self, path: &str, body: &Value) -> Value {
        self.call_as(AGENT, path, body).await
    }

    /// Uploads a medium as an app.
    pub(crate) async fn upload(&self, kind: &str, filename: &str, bytes: &[u8]) -> Value {
        let token = self.token(AGENT).await;
        let path = format!("/cgi-bin/media/upload?access_token={token}&type={kind}");
        let head = format!(
            "--b0undary\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{filename}\"; filelength={}\r\nContent-Type: image/png\r\n\r\n",
            bytes.len()
        );
        let body = [head.as_bytes(), bytes, b"\r\n--b0undary--\r\n"].concat();
        let request = self.http.post(self.url(&path)).body(body);
        let request = request.header("content-type", "multipart/form-data; boundary=b0undary");
        let answer = request.send().await.expect("an answer");
        answer.json().await.expect("JSON")
    }

    /// Sends a card to members.
    pub(crate) async fn send(&self, touser: &str, card: &Value) -> Value {
        self.call("send", &message(touser, card)).await
    }

    /// Sends a card of a kind, with a task id of its own, to members. Its message id and its response code.
    pub(crate) async fn sent(&self, touser: &str, kind: &str, task_id: &str) -> (String, String) {
        let answer = self
            .send(touser, &with(kind, "/task_id", json!(task_id)))
            .await;
        assert_eq!(answer["errcode"], 0, "{answer}");
        let text = |field: &str| answer[field].as_str().expect(field).to_owned();
        (text("msgid"), text("response_code"))
    }

    /// What a member sees of the last message.
    pub(crate) fn face(&self, userid: &str) -> Option<Value> {
        self.wecom.world(|world| {
            let last = world.messages().last().expect("a message");
            last.face(userid).cloned()
        })
    }
}

/// Request that sends a card.
pub(crate) fn message(touser: &str, card: &Value) -> Value {
    json!({ "touser": touser, "msgtype": "template_card", "agentid": AGENT, "template_card": card })
}

/// Card of a kind, with every part that it may have.
pub(crate) fn card(kind: &str) -> Value {
    let mut card = json!({
        "card_type": kind,
        "source": { "icon_url": "https://example.com/i.png", "desc": "Disk alarm" },
        "task_id": "task-1",
        "main_title": { "title": "The disk of db-3 is full", "desc": "97 %" },
    });
    let options = json!([{ "id": "1", "text": "One" }, { "id": "2", "text": "Two" }]);
    let question = |key: &str| json!({ "question_key": key, "title": key, "option_list": options, "selected_id": "2" });
    let more = match kind {
        "text_notice" => json!({
            "emphasis_content": { "title": "97 %", "desc": "used" },
            "sub_title_text": "since 12:03",
            "jump_list": jumps(),
            "card_action": { "type": 1, "url": "https://example.com" },
        }),
        "news_notice" => json!({
            "card_image": { "url": "https://example.com/i.png", "aspect_ratio": 1.5 },
            "vertical_content_list": [{ "title": "First", "desc": "Second" }],
            "jump_list": jumps(),
            "card_action": { "type": 2, "appid": "wx1", "pagepath": "/index" },
        }),
        "button_interaction" => json!({
            "button_selection": question("how-long"),
            "button_list": [
                { "text": "Approve", "style": 1, "key": "approve" },
                { "text": "Reject", "style": 2, "key": "reject" },
                { "type": 1, "text": "Look", "url": "https://example.com" },
            ],
        }),
        "vote_interaction" => json!({
            "checkbox": { "question_key": "which", "mode": 1, "option_list": [
                { "id": "a", "text": "A", "is_checked": true }, { "id": "b", "text": "B" },
            ] },
            "submit_button": { "text": "Send", "key": "submit" },
        }),
        _ => json!({
            "select_list": [question("first"), question("second")],
            "submit_button": { "text": "Send", "key": "submit" },
        }),
    };
    merge(&mut card, more);
    if !kind.starts_with("vote") && !kind.starts_with("multiple") {
        merge(&mut card, shared());
    }
    card
}

fn shared() -> Value {
    json!({
        "action_menu": { "desc": "More", "action_list": [{ "text": "Mute", "key": "mute" }, { "text": "Stop", "key": "stop" }] },
        "quote_area": { "type": 1, "url": "https://example.com", "title": "Before", "quote_text": "It was 90 %" },
        "horizontal_content_list": [
            { "keyname": "Host", "value": "db-3" },
            { "type": 1, "keyname": "Graph", "value": "Open", "url": "https://example.com" },
            { "type": 2, "keyname": "Log", "value": "disk.log", "media_id": "m1" },
            { "type": 3, "keyname": "Owner", "value": "Zhang San", "userid": "zhangsan" },
        ],
    })
}

fn jumps() -> Value {
    json!([{ "type": 1, "title": "Graph", "url": "https://example.com" }, { "type": 2, "title": "App", "appid": "wx1" }])
}

fn merge(left: &mut Value, right: Value) {
    let (Value::Object(fields), Value::Object(more)) = (left, right) else {
        panic!("two objects")
    };
    fields.extend(more);
}

/// Card of a kind with another value at a pointer, or none for `null`.
pub(crate) fn with(kind: &str, pointer: &str, value: Value) -> Value {
    let mut changed = card(kind);
    let (parent, name) = pointer.rsplit_once('/').expect("a pointer");
    match changed.pointer_mut(parent).expect(pointer) {
        Value::Array(items) => items[name.parse::<usize>().expect("an index")] = value,
        Value::Object(fields) if value.is_null() => drop(fields.remove(name)),
        Value::Object(fields) => drop(fields.insert(name.to_owned(), value)),
        other => panic!("{pointer} is in {other}"),
    }
    changed
}
