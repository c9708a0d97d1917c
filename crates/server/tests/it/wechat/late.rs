//! A message that is late says so. Once it may have arrived, every further send of it is the same.

use acteon_fakes::wecom::{Call, Fault};

use serde_json::{Value, json};

use super::{configuration, configuration_at, local_wecom, text, unlimited};
use crate::support::{PATIENCE, Process, action, store_lines};

/// Makes the action older, and due.
fn age(folder: &std::path::Path, minutes: i64) {
    let connection = rusqlite::Connection::open(folder.join("acteon.db")).expect("the database");
    let aged = connection
        .execute(
            "UPDATE jobs SET due_at = 0, not_before = not_before - ?1 * 60000",
            [minutes],
        )
        .expect("aged");
    assert_eq!(aged, 1);
}

/// `languages` are those of the first process that sends, and of the next.
async fn is_repeated_as_it_was(check: &str, fault: Fault, action: &Value, languages: [&str; 2]) {
    let folder = tempfile::tempdir().expect("a folder");
    if !store_lines(folder.path()).is_empty() {
        return;
    }
    let closed = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let rarely = "retry.max_retries = 0\nretry.delays_seconds = [600]\n";
    let process = Process::start(
        folder.path(),
        &format!(
            "{rarely}{}",
            configuration_at(&format!("http://{closed}"), check)
        ),
        &[],
    );
    assert!(process.client().dispatch(action).await["Scheduled"].is_object());
    process.kill();
    age(folder.path(), 5);
    let wecom = local_wecom(unlimited()).await;
    let [first, next] = languages.map(|language| {
        format!(
            "{rarely}{}",
            configuration(
                &wecom,
                &format!("{check}\nwechat.language = \"{language}\"")
            )
        )
    });
    let ends = matches!(fault, Fault::CutAfterAccept);
    wecom.fault(Call::Send, fault, Some(1));
    let process = Process::start(folder.path(), &first, &[]);
    let give_up = tokio::time::Instant::now() + PATIENCE;
    while wecom.world(|world| world.counts().messages) < 1 {
        assert!(
            tokio::time::Instant::now() < give_up,
            "sent {} times",
            wecom.calls(Call::Send)
        );
        tokio::task::yield_now().await;
    }
    if ends {
        process
            .client()
            .until("/v1/actions/a", |view| view["possible_duplicate"] == true)
            .await;
    }
    process.kill();
    // The next process comes when the message is later still.
    age(folder.path(), 10);
    let process = Process::start(folder.path(), &next, &[]);
    let view = process
        .client()
        .until("/v1/actions/a", |view| view["state"] != "open")
        .await;
    assert_eq!(
        (view["state"].as_str(), view["possible_duplicate"].as_bool()),
        (Some("done"), Some(true)),
        "{view}"
    );
    let duplicates = wecom.world(|world| world.counts().duplicates);
    let contents: Vec<String> = wecom.world(|world| {
        world
            .messages()
            .map(|message| message.content.to_string())
            .collect()
    });
    let note = if languages[0] == "zh" {
        "[延迟 5 分钟发送]"
    } else {
        "[sent 5 min late]"
    };
    assert!(
        contents
            .iter()
            .all(|content| *content == contents[0] && content.contains(note)),
        "{contents:?}"
    );
    // WeChat Work drops only what is equal byte for byte.
    let dropped = u64::from(!check.is_empty());
    assert_eq!(
        (wecom.calls(Call::Send), duplicates, contents.len() as u64),
        (2, dropped, 2 - dropped)
    );
}

const CHECK: &str = "wechat.enable_duplicate_check = true\nwechat.duplicate_check_interval = 60";

#[tokio::test(flavor = "multi_thread")]
async fn a_late_message_that_may_have_arrived_is_repeated_as_it_was() {
    is_repeated_as_it_was("", Fault::CutAfterAccept, &text("a"), ["en", "en"]).await;
    is_repeated_as_it_was(CHECK, Fault::CutAfterAccept, &text("a"), ["en", "en"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_late_message_whose_sender_died_is_repeated_as_it_was() {
    is_repeated_as_it_was("", Fault::SlowAfterAccept(60_000), &text("a"), ["en", "en"]).await;
    is_repeated_as_it_was(
        CHECK,
        Fault::SlowAfterAccept(60_000),
        &text("a"),
        ["en", "en"],
    )
    .await;
}

/// The note takes room from a text that is full, and what it is cut with is in the language of the note.
#[tokio::test(flavor = "multi_thread")]
async fn a_change_of_language_changes_no_byte_of_what_may_have_arrived() {
    let full = action(
        "a",
        "wechat-ops",
        &json!({ "touser": "@all", "content": "满".repeat(682) }),
    );
    is_repeated_as_it_was(CHECK, Fault::CutAfterAccept, &full, ["zh", "en"]).await;
    is_repeated_as_it_was(CHECK, Fault::SlowAfterAccept(60_000), &full, ["en", "zh"]).await;
}

/// Articles say it in the description of the first one, and stay within its limit.
#[tokio::test(flavor = "multi_thread")]
async fn late_articles_are_repeated_as_they_were() {
    let full = "d".repeat(512);
    let articles =
        json!([{ "title": "t", "description": full, "url": "https://wiki.example.com" }]);
    let news = action(
        "a",
        "wechat-ops",
        &json!({ "touser": "@all", "msgtype": "news", "news": { "articles": articles } }),
    );
    is_repeated_as_it_was(CHECK, Fault::CutAfterAccept, &news, ["zh", "en"]).await;
}
