//! Media: their upload, and how long their ids are good.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{AGENT, Client, OTHER_AGENT};

const MB: usize = 1024 * 1024;

/// Bytes that begin as a format does.
fn bytes_of(begin: &[u8], size: usize) -> Vec<u8> {
    let mut bytes = begin.to_vec();
    bytes.resize(size, 0);
    bytes
}

fn message(kind: &str, media_id: &Value) -> Value {
    json!({ "touser": "lisi", "msgtype": kind, "agentid": AGENT, kind: { "media_id": media_id } })
}

#[tokio::test]
async fn each_kind_is_uploaded_up_to_its_limit_and_sent() {
    let client = Client::new().await;
    for (kind, begin, limit, too_large) in [
        ("image", &b"\xff\xd8\xff"[..], 10 * MB, 40009),
        ("voice", b"#!AMR", 2 * MB, 45001),
        ("video", b"\0\0\0\0ftyp", 10 * MB, 40011),
        ("file", b"", 20 * MB, 45001),
    ] {
        let upload = async |size| client.upload(kind, "a.txt", &bytes_of(begin, size)).await;
        let uploaded = upload(limit).await;
        let id = &uploaded["media_id"];
        let created_at = &uploaded["created_at"];
        assert!(id.is_string() && created_at.is_string(), "{uploaded}");
        assert_eq!(
            uploaded,
            json!({ "errcode": 0, "errmsg": "", "type": kind, "media_id": id, "created_at": created_at })
        );
        for (size, code) in [(limit + 1, too_large), (0, 44001), (5, 40006)] {
            assert_eq!(upload(size).await["errcode"], code, "{kind} {size}");
        }
        // Ids are good for all apps of a corporation.
        for app in [AGENT, OTHER_AGENT] {
            let mut body = message(kind, id);
            body["agentid"] = json!(app);
            assert_eq!(client.call_as(app, "send", &body).await["errcode"], 0);
        }
        assert_eq!(client.face("lisi"), Some(json!({ "media_id": id })));
    }
}

#[tokio::test]
async fn what_is_none_of_its_kind_is_refused() {
    let client = Client::new().await;
    for (kind, bytes, code) in [
        ("image", &b"GIF89a.."[..], 40123),
        ("voice", b"RIFF....", 301_017),
        ("video", b"RIFF....", 40004),
        ("picture", b"RIFF....", 40005),
        ("", b"RIFF....", 40005),
    ] {
        let answer = client.upload(kind, "a", bytes).await;
        assert_eq!(answer["errcode"], code, "{kind}: {answer}");
    }
}

#[tokio::test]
async fn an_id_is_good_for_its_kind_and_three_days() {
    let client = Client::new().await;
    let code = async |kind: &str, id: &Value| {
        let answer = client.call("send", &message(kind, id)).await;
        answer["errcode"].as_i64().expect("a code")
    };
    let id = client.upload("file", "a.txt", b"123456").await["media_id"].clone();
    assert_eq!(code("file", &id).await, 0);
    assert_eq!(code("image", &id).await, 40007);
    assert_eq!(code("file", &json!("media_unknown")).await, 40007);
    for none in [json!(""), json!(null), json!(5)] {
        assert_eq!(code("file", &none).await, 41006, "{none}");
    }
    let advance = |by| client.wecom.world(|world| world.advance(by));
    advance(Duration::from_hours(71));
    assert_eq!(code("file", &id).await, 0);
    advance(Duration::from_hours(1));
    assert_eq!(code("file", &id).await, 40145);
}

#[tokio::test]
async fn some_files_can_be_confidential() {
    let client = Client::new().await;
    for (filename, code) in [("a.PDF", 0), ("a.zip", 40004), ("a", 40004)] {
        let id = client.upload("file", filename, b"123456").await["media_id"].clone();
        let mut body = message("file", &id);
        body["safe"] = json!(1);
        let answer = client.call("send", &body).await;
        assert_eq!(answer["errcode"], code, "{filename}");
    }
}
