//! The file of the API keys, and what changes in it while a server runs.

use reqwest::StatusCode;
use serde_json::Value;

use super::{CALLERS, LOG, auth_file, start};
use crate::support::run_command;

#[tokio::test(flavor = "multi_thread")]
async fn keys_change_without_a_restart_and_a_broken_file_changes_none() {
    let (gateway, path) = start(&CALLERS[..1]).await;
    let ops = gateway.with_key("acme-ops");
    let other_header = reqwest::Client::new()
        .get(format!("{}/v1/audit", gateway.base()))
        .header("x-api-key", "root")
        .send()
        .await
        .expect("an answer");
    assert_eq!(other_header.status(), StatusCode::OK);
    assert_eq!(ops.get("/v1/audit").await.status, StatusCode::UNAUTHORIZED);
    std::fs::write(&path, auth_file(&CALLERS[1..2])).expect("written");
    ops.until("/v1/audit", |body| body["records"].is_array())
        .await;
    assert_eq!(
        gateway.with_key("root").get("/v1/audit").await.status,
        StatusCode::UNAUTHORIZED,
        "the key is gone"
    );
    std::fs::write(
        &path,
        "[[api_keys]]\nname = \"x\"\nkey_hash = \"tooshort\"\nrole = \"king\"\n",
    )
    .expect("written");
    let ready = ops
        .until("/ready", |ready| ready["status"] == "degraded")
        .await;
    assert!(
        ready
            .to_string()
            .contains("API keys: those before stay in force")
            && ready.to_string().contains("auth.toml:3:"),
        "{ready}"
    );
    let metrics = |value: u8| {
        move |body: &Value| {
            body.as_str()
                .is_some_and(|text| text.contains(&format!("\nacteon_api_keys_broken {value}\n")))
        }
    };
    ops.until("/metrics", metrics(1)).await;
    let folder = path.parent().expect("a folder").to_owned();
    let configuration = folder.join("acteon.toml");
    std::fs::write(&configuration, format!("auth.enabled = true\n{LOG}")).expect("written");
    let output = run_command(
        &["check", "-c", configuration.to_str().expect("text")],
        &[],
        "",
    );
    let said = String::from_utf8_lossy(&output.stderr);
    for expected in [
        "64 hexadecimal digits",
        "admin, operator or viewer",
        "has no grants",
        "auth.toml:3:",
    ] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert_eq!(ops.get("/v1/audit").await.status, StatusCode::OK);
    std::fs::write(&path, auth_file(&CALLERS[1..3])).expect("written");
    ops.until("/ready", |ready| ready["status"] == "ready")
        .await;
    ops.until("/metrics", metrics(0)).await;
}

/// An editor or a redirection empties a file before it writes: nobody is locked out meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn an_emptied_file_takes_no_key_away() {
    let (gateway, path) = start(&CALLERS[..1]).await;
    let root = gateway.with_key("root");
    for text in ["", "# no keys\n"] {
        std::fs::write(&path, text).expect("written");
        let ready = root
            .until("/ready", |ready| {
                ready["status"] == "degraded" || ready.get("code").is_some()
            })
            .await;
        assert!(
            ready.to_string().contains("auth.toml:1: api_keys"),
            "{text:?}: {ready}"
        );
        root.until("/metrics", |body| {
            body.as_str()
                .is_some_and(|text| text.contains("\nacteon_api_keys_broken 1\n"))
        })
        .await;
        assert_eq!(root.get("/v1/audit").await.status, StatusCode::OK);
        std::fs::write(&path, auth_file(&CALLERS[..2])).expect("written");
        root.until("/ready", |ready| ready["status"] == "ready")
            .await;
    }
}

#[test]
fn a_hash_is_of_one_key_and_a_grant_allows_something() {
    use acteon_crypto::KeyRing;
    let parse = |text: &str| {
        acteon_server::config::AuthTable::parse("auth.toml", text, &KeyRing::default())
            .map(|table| table.len())
    };
    let both = auth_file(&CALLERS[..1])
        + &auth_file(&CALLERS[..1])
            .replace("name = \"root\"", "name = \"eyes\"")
            .replace("admin", "viewer");
    let refused = parse(&both)
        .expect_err("which of the two would it be")
        .to_string();
    assert!(
        refused.contains("auth.toml:10:") && refused.contains("that of \"root\" too"),
        "{refused}"
    );
    let refused = parse(&auth_file(&CALLERS[..1]).replace("tenants = [\"*\"]", "tenants = []"))
        .expect_err("it allows nothing")
        .to_string();
    assert!(refused.contains("tenants: is empty"), "{refused}");
    assert!(parse(&auth_file(&CALLERS)).is_ok_and(|keys| keys == CALLERS.len()));
}

#[test]
fn a_hash_may_stand_in_an_envelope() {
    use acteon_crypto::{Envelope, KeyRing, SecretString};
    let ring = KeyRing::parse(&"42".repeat(32)).expect("a key");
    let plain = auth_file(&CALLERS[..1]);
    let hash = plain
        .lines()
        .find_map(|line| line.strip_prefix("key_hash = "))
        .expect("a hash")
        .trim_matches('"')
        .to_owned();
    let envelope = Envelope::seal(&SecretString::from(hash.as_str()), &ring)
        .expect("an envelope")
        .to_string();
    let sealed = plain.replace(&hash, &envelope);
    let parse =
        |ring: &KeyRing| acteon_server::config::AuthTable::parse("auth.toml", &sealed, ring);
    assert!(
        parse(&ring)
            .expect("a table")
            .caller(acteon_server::config::KeyOf("root"))
            .is_some()
    );
    assert!(
        parse(&KeyRing::default()).is_err(),
        "an envelope that nobody can open is no hash"
    );
}
