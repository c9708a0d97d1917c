//! Files of people and groups: all problems at once, and changes while the server runs.

use std::path::Path;

use acteon_server::config::{ConfigError, Diagnostic, parse_people};
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{LOG, PRIVATE, ids};
use crate::support::{Gateway, Process, log_of, parse, run_command, with_store};

const FILE: &str = r#"[[people]]
id = "zhangsan"
name = "张三"
wechat = "ZhangSan"
mobile = "13800138000"
email = "zhang.san@example.com"
language = "zh"
time_zone = "Asia/Shanghai"
principal = "zhangsan-key"

[[people]]
id = "lisi"

[[people_groups]]
id = "release-managers"
members = ["zhangsan", "LiSi"]
"#;

fn problems(text: &str) -> Vec<Diagnostic> {
    match parse_people("people.toml", text) {
        Err(ConfigError::Wrong { diagnostics, .. }) => diagnostics,
        Err(other) => panic!("{other}"),
        Ok(_) => Vec::new(),
    }
}

#[test]
fn everything_wrong_with_a_file_comes_out_at_once_with_its_line() {
    let text = r#"people_group = 1
[[people]]
id = "zhangsan"
wechat = "zs"
mobile = "138 0013 8000"
email = "zhang.san@example..com"
language = "fr"
time_zone = "Asia/Shanghia"
[[people]]
id = "ZhangSan"
wechat = "ZS"
principal = "key"
wecaht = "x"
[[people]]
principal = "key"
id = "lisi"
[[people]]
name = "nobody"
[[people_groups]]
id = "ops"
members = ["zhangsan", "wangwu", "lisi", "LISI"]
[[people_groups]]
id = "OPS"
members = []
"#;
    let found = problems(text);
    let told: Vec<String> = found
        .iter()
        .map(|found| format!("{} {}: {}", found.place.line, found.subject, found.message))
        .collect();
    let expected = [
        "1 people_group: there is no such section",
        "5 people[0]: mobile: must be 5 to 15 digits",
        "6 people[0]: email: must be an e-mail address",
        "7 people[0]: language: must be \"en\" or \"zh\"",
        "8 people[0]: time_zone: must be the name of a time zone",
        "10 people[1]: id: is that of the person in line 2 too",
        "11 people[1]: wechat: is that of the person in line 2 too",
        "13 people[1]: wecaht: there is no such key",
        "15 people[2]: principal: is that of the person in line 9 too",
        "17 people[3]: id is missing",
        "21 people_groups[0]: members: has \"LISI\" twice",
        "21 people_groups[0]: members: has \"wangwu\", who is not among the people of this file",
        "23 people_groups[1]: id: is that of the group in line 19 too",
        "24 people_groups[1]: members: must be 1 to 1000 ids of people, are 0",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}\nexpected {expected}");
    }
    let whole = format!("{found:?}");
    for said in ["8000", "zhang.san@"] {
        assert!(!whole.contains(said), "{whole}");
    }
    assert_eq!(problems(FILE), []);
}

#[test]
fn people_stand_in_the_configuration_or_in_a_file_of_their_own() {
    assert!(parse(&format!("{FILE}{LOG}")).is_ok());
    let both = parse(&format!("[directory]\nfile = \"people.toml\"\n{FILE}{LOG}"));
    assert!(
        both.err()
            .is_some_and(|told| told.contains("people are listed here and in directory.file")),
    );
    let alone = parse(&format!("[directory]\nwatch = false\n{LOG}"));
    assert!(
        alone
            .err()
            .is_some_and(|told| told.contains("has no effect without directory.file"))
    );
}

fn configuration(folder: &Path) -> String {
    std::fs::write(folder.join("people.toml"), FILE).expect("written");
    let file = folder.join("people.toml").display().to_string();
    format!("[directory]\nfile = {file:?}\n{LOG}")
}

#[test]
fn check_counts_them_and_tells_what_is_wrong() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("acteon.toml");
    std::fs::write(&path, configuration(folder.path())).expect("written");
    let path = path.display().to_string();
    let check = || {
        let output = run_command(&["check", "-c", &path], &[], "");
        let told = [output.stdout, output.stderr].concat();
        (
            output.status.success(),
            String::from_utf8(told).expect("UTF-8"),
        )
    };
    let (is_well, told) = check();
    assert!(
        is_well && told.contains("  2 people, in 1 group(s)\n"),
        "{told}"
    );
    let wrong = FILE.replace("id = \"lisi\"", "id = \"lisa\"");
    std::fs::write(folder.path().join("people.toml"), wrong).expect("written");
    let (is_well, told) = check();
    assert!(
        !is_well && told.contains("people.toml:16:11: people_groups[0]: members: has \"LiSi\""),
        "{told}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_is_in_force_and_a_broken_one_is_not() {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = configuration(folder.path());
    let process = Process::start(folder.path(), &configuration, &[("RUST_LOG", "debug")]);
    let client = process.client();
    let file = folder.path().join("people.toml");
    let shown = client.get("/v1/people/ZHANGSAN").await.body;
    assert_eq!(
        (&shown["mobile"], &shown["line"], &shown["created_at"]),
        (&json!(PRIVATE[0]), &json!(1), &Value::Null)
    );
    assert_eq!(shown["file"], file.display().to_string());

    std::fs::write(&file, format!("{FILE}[[people]]\nid = \"wangwu\"\n")).expect("written");
    let list = client.until("/v1/people", |list| list["count"] == 3).await;
    assert_eq!(ids(&list, "people"), ["lisi", "wangwu", "zhangsan"]);

    let broken = FILE.replace(PRIVATE[0], "13800138000x");
    std::fs::write(&file, broken).expect("written");
    let ready = client
        .until("/ready", |body| body["status"] == "degraded")
        .await;
    let reason = format!(
        "people: those before stay in force: {}:5: people[0]: mobile",
        file.display()
    );
    assert_eq!(ready["reasons"], json!([reason]));
    let metrics = client.get("/metrics").await.body;
    assert!(
        metrics
            .as_str()
            .is_some_and(|text| text.contains("acteon_people_broken 1\n"))
    );
    assert_eq!(
        client.get("/v1/people").await.body["count"],
        3,
        "all or nothing"
    );
    let reloaded = client.post("/admin/reload", &json!(null)).await;
    assert_eq!(reloaded.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(reloaded.body["people"], Value::Null);

    std::fs::write(&file, FILE).expect("written");
    client
        .until("/ready", |body| body["status"] == "ready")
        .await;
    let reloaded = client.post("/admin/reload", &json!(null)).await.body;
    assert_eq!(reloaded["people"], 2);
    let log = log_of(folder.path());
    assert!(
        log.contains("people and groups loaded people=3 groups=1"),
        "{log}"
    );
    for said in PRIVATE {
        assert!(!log.contains(said), "{log}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_file_defines_is_changed_there_and_covers_what_the_api_made() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), LOG, &[("RUST_LOG", "")]);
    let client = process.client();
    let made = json!({ "name": "made over the API", "principal": "key" });
    assert_eq!(
        client.put("/v1/people/LISI", &made).await.status,
        StatusCode::CREATED
    );
    let file = folder.path().join("acteon.toml");
    std::fs::write(&file, with_store(folder.path(), &format!("{LOG}{FILE}"))).expect("written");
    let reloaded = client.post("/admin/reload", &json!(null)).await.body;
    assert_eq!(reloaded["configuration"]["changed"], json!(["people"]));
    let covered = "the person \"lisi\" of the API has no effect beside line";
    assert!(
        log_of(folder.path()).contains(covered),
        "{}",
        log_of(folder.path())
    );
    let shown = client.get("/v1/people/lisi").await.body;
    assert_eq!(
        (&shown["id"], &shown["name"]),
        (&json!("lisi"), &Value::Null)
    );
    let place = format!("line {} of {}", shown["line"], file.display());
    for path in ["/v1/people/lisi", "/v1/people-groups/Release-Managers"] {
        let body = json!({ "members": ["lisi"] });
        let body = if path.contains("groups") {
            body
        } else {
            json!({})
        };
        let refused = client.put(path, &body).await;
        assert_eq!(refused.status, StatusCode::CONFLICT, "{path}");
        let message = refused.body["message"].as_str().expect("a text").to_owned();
        assert!(
            message.contains(" is defined in line ") && message.ends_with("; change that file"),
            "{message}"
        );
    }
    // The one beneath can be deleted, though the file's is a member of a group; and then there is nothing more that the API could change.
    assert_eq!(
        client.delete("/v1/people/lisi").await.status,
        StatusCode::NO_CONTENT
    );
    let refused = client.delete("/v1/people/lisi").await;
    assert_eq!(
        (refused.status, &refused.body["message"]),
        (
            StatusCode::CONFLICT,
            &json!(format!(
                "the person \"lisi\" is defined in {place}; change that file"
            ))
        )
    );
    // Its principal is free again for somebody whom the API makes.
    let made = client
        .put("/v1/people/wangwu", &json!({ "principal": "key" }))
        .await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.body);
    let taken = client
        .put(
            "/v1/people/zhaoliu",
            &json!({ "principal": "zhangsan-key" }),
        )
        .await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    std::fs::write(&file, with_store(folder.path(), LOG)).expect("written");
    client.post("/admin/reload", &json!(null)).await;
    assert_eq!(
        ids(&client.get("/v1/people").await.body, "people"),
        ["wangwu"]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broken_file_stops_a_start_and_leaves_what_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = configuration(folder.path());
    std::fs::write(folder.path().join("people.toml"), "[[people]]\n").expect("written");
    let config = parse(&text).expect("a configuration");
    let started = acteon_server::Server::start(config, folder.path()).await;
    let error = started.err().map(|error| error.to_string());
    assert!(error.is_some_and(|error| error.contains("people.toml:1:1: people[0]: id is missing")));
    drop(Gateway::start(LOG).await);
}
