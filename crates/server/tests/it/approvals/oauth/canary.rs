//! What lets somebody in is nowhere: not in the log at its finest, and not in the database.

use acteon_fakes::wecom::{Call, Fault};
use serde_json::json;

use super::browser::Browser;
use super::{asked, asking, button, lines, wecom};
use crate::support::{Process, with_rules_in};
use crate::wechat::canary::{has_none_of, places};

#[tokio::test(flavor = "multi_thread")]
async fn no_code_state_or_cookie_is_left_anywhere() {
    let wecom = wecom().await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = with_rules_in(&folder, &asking("approvers: [zhangsan]"), &lines(&wecom));
    let process = Process::start(folder.path(), &lines, &[("RUST_LOG", "trace")]);
    let (_, link) = asked(process.client(), &wecom, "a").await;
    let mut secrets = Vec::new();
    let mut phone = Browser::new(process.client());
    // A call that repeats what it was asked with, one that breaks, somebody else, and who it should be.
    for (fault, who) in [
        (Some(true), "zhangsan"),
        (Some(false), "zhangsan"),
        (None, "lisi"),
        (None, "zhangsan"),
    ] {
        let back = phone.shows(&wecom, &link, who).await;
        let (_, query) = back.split_once('?').expect("a query");
        let values = query.split('&').filter_map(|pair| pair.split_once('='));
        let values: Vec<String> = values.map(|(_, value)| value.to_owned()).collect();
        if let Some(repeats) = fault {
            let told = json!({"errcode": 40029, "errmsg": format!("invalid code {}", values[0])});
            let fault = if repeats {
                Fault::Json(told.to_string())
            } else {
                Fault::Reset
            };
            wecom.fault(Call::GetUserInfo, fault, Some(1));
        }
        secrets.extend(values);
        secrets.extend(phone.cookies.iter().map(|cookie| cookie.value.clone()));
        let seen = phone.returns(&back).await;
        assert_eq!(
            seen.status == 200,
            fault.is_none() && who == "zhangsan",
            "{}",
            seen.text
        );
        has_none_of(&secrets, "a page", seen.text.as_bytes());
        let known = phone.cookies.iter().map(|cookie| cookie.value.clone());
        secrets.extend(known);
        if seen.status == 200 {
            let approve = button(&link, &seen.text, "approve");
            assert_eq!(phone.post(&approve, "comment=").await.status, 200);
        }
    }
    // A state that nobody began with.
    let forged = format!(
        "{}/sign-in?code=CANARYcode0001&state=CANARYstate0002",
        link.split('?').next().expect("a path")
    );
    assert_eq!(phone.get(&forged).await.status, 400);
    secrets.extend(["CANARYcode0001", "CANARYstate0002"].map(str::to_owned));
    let (code, rest) = process.terminate();
    assert_eq!(code, Some(0));
    has_none_of(&secrets, "standard output", rest.as_bytes());
    let places = places(folder.path()).await;
    for (place, content) in &places {
        has_none_of(&secrets, place, content);
    }
    let log = places.iter().find(|(place, _)| place == "log.txt");
    let log = String::from_utf8_lossy(&log.expect("a log").1).into_owned();
    assert!(
        log.contains("it is not known who opened an approval"),
        "{log}"
    );
}
