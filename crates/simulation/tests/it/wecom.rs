//! The local WeChat Work, as any client sees it.

use acteon_fakes::wecom::{LocalWecom, RateLimit, world::World};
use serde_json::{Value, json};

struct Client {
    wecom: LocalWecom,
    http: reqwest::Client,
}

impl Client {
    async fn new(world: World) -> Self {
        Self {
            wecom: LocalWecom::start(world).await.expect("a local WeChat Work"),
            http: reqwest::Client::new(),
        }
    }

    async fn get(&self, path: &str) -> Value {
        self.http
            .get(format!("{}{path}", self.wecom.url()))
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    }

    async fn token(&self) -> String {
        let answer = self
            .get("/cgi-bin/gettoken?corpid=ww0123456789abcdef&corpsecret=local-wecom-app-secret")
            .await;
        answer["access_token"].as_str().expect("a token").to_owned()
    }

    async fn send(&self, token: &str, body: &Value) -> Value {
        let url = format!(
            "{}/cgi-bin/message/send?access_token={token}",
            self.wecom.url()
        );
        self.http
            .post(url)
            .json(body)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON")
    }
}

fn text(to: &str, content: &str) -> Value {
    json!({ "touser": to, "msgtype": "text", "agentid": 1_000_002, "text": { "content": content }, "safe": 0 })
}

#[tokio::test]
async fn gettoken_refuses_in_the_documented_ways() {
    let mut world = World::default();
    world.settings.wrong_secrets_allowed = 2;
    let client = Client::new(world).await;
    for (query, code) in [
        ("", 41002),
        ("corpid=ww0123456789abcdef", 41004),
        ("corpid=other&corpsecret=x", 40013),
        ("corpid=ww0123456789abcdef&corpsecret=wrong", 40001),
        ("corpid=ww0123456789abcdef&corpsecret=wrong", 40001),
        (
            "corpid=ww0123456789abcdef&corpsecret=local-wecom-app-secret",
            45009,
        ),
    ] {
        let answer = client.get(&format!("/cgi-bin/gettoken?{query}")).await;
        assert_eq!(answer["errcode"], code, "{query}: {answer}");
        assert!(answer["errmsg"].as_str().is_some_and(|text| text.contains("hint: [") && text.contains("from ip: 127.0.0.1")));
    }
}

#[tokio::test]
async fn checks_come_in_the_order_of_the_real_api() {
    let client = Client::new(World::default()).await;
    let token = client.token().await;
    assert_eq!(client.token().await, token, "the same while it is good");
    let send = |token: &'static str| client.send(token, &Value::Null);
    assert_eq!(send("").await["errcode"], 41001);
    assert_eq!(send("unknown").await["errcode"], 40014);
    let ok = text("zhangsan", "x");
    let changed = |field: &str, value: Value| {
        let mut body = ok.clone();
        body[field] = value;
        body
    };
    for (body, code) in [
        (changed("agentid", Value::Null), 41011),
        (changed("agentid", json!(1)), 40056),
        (changed("agentid", json!("1000002")), 0),
        (changed("touser", json!(" ")), 82001),
        (changed("touser", json!(vec!["u"; 1001].join("|"))), 40032),
        (changed("toparty", json!(vec!["1"; 101].join("|"))), 82002),
        (changed("totag", json!(vec!["1"; 101].join("|"))), 82003),
        (changed("msgtype", json!("markdown_v2")), 40008),
        (changed("text", json!({ "content": "" })), 44004),
        (changed("touser", json!("nobody")), 81013),
        (ok.clone(), 0),
    ] {
        assert_eq!(
            client.send(&token, &body).await["errcode"],
            code,
            "{}",
            &body.to_string()[..120.min(body.to_string().len())]
        );
    }
    client.wecom.world(|world| world.revoke(1_000_002, 42001));
    assert_eq!(client.send(&token, &ok).await["errcode"], 42001);
    client.wecom.world(|world| world.apps[0].disabled = true);
    assert_eq!(
        client.send(&token, &ok).await["errcode"],
        42001,
        "the token is looked at first"
    );
}

#[tokio::test]
async fn delivery_is_partial_cut_deduplicated_and_dropped_as_the_server_does_it() {
    let client = Client::new(World::default()).await;
    let token = client.token().await;
    let partial = client.send(&token, &text("ZhangSan|nobody", "x")).await;
    assert_eq!(
        (partial["errcode"].as_i64(), partial["invaliduser"].as_str()),
        (Some(0), Some("nobody"))
    );
    client.send(&token, &text("lisi", &"中".repeat(1000))).await;
    let last = client
        .wecom
        .world(|world| world.messages().last().cloned())
        .expect("a message");
    assert!(
        last.cut
            && last.content["content"]
                .as_str()
                .is_some_and(|text| text.len() == 2046)
    );
    let mut checked = text("lisi", "once");
    checked["enable_duplicate_check"] = json!(1);
    for _ in 0..2 {
        assert_eq!(client.send(&token, &checked).await["errcode"], 0);
    }
    for number in 0..31 {
        assert_eq!(
            client
                .send(&token, &text("wangwu", &number.to_string()))
                .await["errcode"],
            0
        );
    }
    let counts = client.wecom.world(|world| world.counts().clone());
    assert_eq!((counts.duplicates, counts.dropped, counts.cut), (1, 1, 1));
}

#[tokio::test]
async fn the_frequency_limit_and_the_page_work() {
    let mut world = World::default();
    world.settings.rate_limit = Some(RateLimit {
        calls: 2,
        window_ms: 60_000,
        penalty_ms: 0,
    });
    let client = Client::new(world).await;
    let token = client.token().await;
    let codes = [
        client.send(&token, &text("lisi", "1")).await,
        client.send(&token, &text("lisi", "2")).await,
        client.send(&token, &text("lisi", "3")).await,
    ];
    assert_eq!(
        codes.map(|answer| answer["errcode"].as_i64()),
        [Some(0), Some(0), Some(45009)]
    );
    let page = client
        .http
        .get(client.wecom.url())
        .send()
        .await
        .expect("a page")
        .text()
        .await
        .expect("text");
    assert!(page.contains("企业微信"));
    assert_eq!(
        client
            .get("/control/messages?since=1")
            .await
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn control_refuses_what_it_does_not_know() {
    let client = Client::new(World::default()).await;
    let control = |path: &str| format!("{}/control/{path}", client.wecom.url());
    for (path, body, named) in [
        (
            "faults",
            json!({ "call": "send", "fault": { "errcode": -1 }, "tims": 3 }),
            "tims",
        ),
        (
            "faults",
            json!({ "call": "send", "fault": { "errcod": -1 } }),
            "errcod",
        ),
        (
            "revoke",
            json!({ "agent_id": 1_000_002, "cod": 42001 }),
            "cod",
        ),
        (
            "apps",
            json!({ "agent_id": 1, "secret": "s", "name": "n", "disable": true }),
            "disable",
        ),
        (
            "members",
            json!({ "userid": "u", "tag": ["oncall"] }),
            "tag",
        ),
    ] {
        let answer = client
            .http
            .post(control(path))
            .json(&body)
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status().as_u16(), 422, "{path}");
        let text = answer.text().await.expect("text");
        assert!(text.contains(named), "{path}: {text}");
    }
    let answer = client
        .http
        .put(control("settings"))
        .json(&json!({ "latency": 5 }))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status().as_u16(), 422);
    assert_eq!(
        client
            .http
            .get(control("messages?sinc=1"))
            .send()
            .await
            .expect("an answer")
            .status()
            .as_u16(),
        400
    );
}

#[test]
fn the_program_says_that_its_port_is_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port().to_string();
    let ended = |arguments: &[&str]| {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_local-wecom"))
            .args(arguments)
            .output()
            .expect("it ran");
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stderr).expect("text")
    };
    let text = ended(&[&port]);
    assert!(
        text.starts_with(&format!("local-wecom: port {port} is in use: "))
            && !text.contains("Os {"),
        "{text}"
    );
    assert!(ended(&["80x"]).contains("\"80x\" is not a port"));
    assert!(ended(&["8090", "8091"]).contains("\"8091\" is one argument too many"));
}
