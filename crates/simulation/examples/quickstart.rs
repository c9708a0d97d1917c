//! The first five minutes: a local WeChat Work, a real gateway with an encrypted secret, and three messages over HTTP.
//!
//! `cargo run -p acteon-simulation --example quickstart` keeps running until Ctrl-C; with `-- --once` it ends after the messages.

use std::net::SocketAddr;

use acteon_crypto::{Envelope, KeyRing};
use acteon_fakes::wecom::{LocalWecom, world::World};
use acteon_server::Server;
use acteon_server::config::{Config, Env};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let wecom = match LocalWecom::listen(World::default(), SocketAddr::from(([127, 0, 0, 1], 8090)))
        .await
    {
        Ok(wecom) => wecom,
        Err(_) => LocalWecom::start(World::default()).await?,
    };
    let (configuration, keys) = configuration(&wecom)?;
    println!(
        "A local WeChat Work is running, and this configuration starts a gateway in front of it:\n\n{configuration}"
    );
    let none = |_: &str| None;
    let mut config = Config::parse(
        "quickstart.toml",
        &configuration,
        &Env {
            variable: &none,
            keys,
            shared: None,
        },
    )?;
    if tokio::net::TcpListener::bind((config.server.host.as_str(), config.server.port))
        .await
        .is_err()
    {
        config.server.port = 0;
    }
    let folder = tempfile::tempdir()?;
    let server = Server::start(config, folder.path()).await?;
    let api = format!("http://{}", server.address());
    for (what, payload) in messages() {
        let outcome = dispatch(&api, &payload).await?;
        println!("{what}\n  {outcome}");
    }
    println!("\nLook at the messages   {}/", wecom.url());
    println!("The gateway's API      {api}/v1/dispatch");
    println!("Its state              {api}/v1/providers/health, {api}/metrics");
    println!("\nSend one yourself:\n");
    println!(
        "  curl -s {api}/v1/dispatch -H 'content-type: application/json' -d '{}'\n",
        action(&json!({ "touser": "@all", "content": "Hello" }))
    );
    if std::env::args().any(|argument| argument == "--once") {
        server.stop().await;
        return Ok(());
    }
    println!("Ctrl-C stops it.");
    tokio::signal::ctrl_c().await?;
    server.stop().await;
    Ok(())
}

/// A gateway with the local WeChat Work as `wechat-ops`, its credentials encrypted with a fresh key.
fn configuration(wecom: &LocalWecom) -> Result<(String, KeyRing), Failure> {
    let keys = KeyRing::parse(&KeyRing::generate()?)?;
    let text = wecom.provider("wechat-ops", |secret| {
        Envelope::seal(&secret.into(), &keys).map(|envelope| envelope.to_string())
    })?;
    Ok((text, keys))
}

fn messages() -> [(&'static str, Value); 3] {
    [
        (
            "A text to everybody",
            json!({ "touser": "@all", "content": "Deploy #4823 shipped to production." }),
        ),
        (
            "A markdown alert to two departments; its warning is for members who read in personal WeChat, which shows no markdown",
            json!({
                "toparty": "12|15",
                "msgtype": "markdown",
                "content": "### Latency spike on **checkout-api**\n> p95 above 2s for 5 minutes\n> [Open runbook](https://wiki.example.com/runbook/checkout-latency)",
            }),
        ),
        (
            "A card to a tag",
            json!({
                "totag": "oncall",
                "msgtype": "textcard",
                "title": "CRITICAL: checkout-api down",
                "description": "5xx rate above 50% for 2 minutes. Oncall paged.",
                "url": "https://wiki.example.com/runbook/checkout-5xx",
                "btntxt": "Open",
            }),
        ),
    ]
}

fn action(payload: &Value) -> Value {
    json!({ "namespace": "incidents", "tenant": "acme", "provider": "wechat-ops", "action_type": "notify", "payload": payload })
}

async fn dispatch(api: &str, payload: &Value) -> Result<Value, Failure> {
    let client = reqwest::Client::builder().no_proxy().build()?;
    Ok(client
        .post(format!("{api}/v1/dispatch"))
        .json(&action(payload))
        .send()
        .await?
        .json()
        .await?)
}
