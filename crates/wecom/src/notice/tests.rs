//! Tests of notices: their bytes and their limits.

use super::*;
use crate::content::Content;
use crate::language::Language;
use crate::message::{Message, Ready};
use crate::overflow::Overflow;
use crate::recipients::Recipients;

type Change<'a> = &'a dyn Fn(&mut MiniprogramNotice);

fn notice() -> MiniprogramNotice {
    MiniprogramNotice {
        appid: "wx1".into(),
        title: "会议室预订".into(),
        ..MiniprogramNotice::default()
    }
}

fn ready(notice: MiniprogramNotice, touser: &str) -> Result<Ready, String> {
    let message = Message {
        recipients: Recipients {
            touser: touser.into(),
            ..Recipients::default()
        },
        agentid: 1,
        content: Content::MiniprogramNotice {
            miniprogram_notice: notice,
        },
        safe: 0,
        enable_id_trans: Some(1),
        enable_duplicate_check: None,
        duplicate_check_interval: None,
    };
    let ready = message.ready(Overflow::Truncate, Language::En);
    ready.map_err(|error| error.to_string())
}

fn item(key: &str, value: &str) -> NoticeItem {
    NoticeItem {
        key: key.into(),
        value: value.into(),
    }
}

#[test]
fn notices_are_written_as_the_api_reads_them() {
    let whole = MiniprogramNotice {
        page: "pages/index".into(),
        description: "4月27日".into(),
        emphasis_first_item: Some(true),
        content_item: vec![item("会议室", "402")],
        ..notice()
    };
    let ready = ready(whole, "lisi").expect("ready");
    assert_eq!(ready.warnings, Vec::<String>::new());
    let bytes = ready.message.to_bytes();
    assert_eq!(
        std::str::from_utf8(&bytes),
        Ok(
            r#"{"touser":"lisi","agentid":1,"msgtype":"miniprogram_notice","miniprogram_notice":{"appid":"wx1","page":"pages/index","title":"会议室预订","description":"4月27日","emphasis_first_item":true,"content_item":[{"key":"会议室","value":"402"}]},"safe":0,"enable_id_trans":1}"#
        )
    );
    assert_eq!(Message::from_bytes(&bytes), Some(ready.message.clone()));
    assert_eq!(ready.message.clone().mark_late("[late]"), ready.message);
}

#[test]
fn each_limit_is_met_and_passed() {
    let with = |change: Change<'_>| {
        let mut notice = notice();
        change(&mut notice);
        ready(notice, "lisi").map(|ready| ready.warnings)
    };
    let key = "k".repeat(10);
    let value = "值".repeat(30);
    let met: [Change<'_>; 5] = [
        &|notice| notice.title = "四个汉字".into(),
        &|notice| notice.title = "十".repeat(12),
        &|notice| notice.description = "十".repeat(12),
        &|notice| notice.page = "p".repeat(1024),
        &|notice| notice.content_item = vec![item(&key, &value); 10],
    ];
    for change in met {
        assert_eq!(with(change), Ok(Vec::new()));
    }
    let passed: [(Change<'_>, &str); 10] = [
        (&|notice| notice.appid.clear(), "appid is missing or empty"),
        (&|notice| notice.title.clear(), "title is missing or empty"),
        (
            &|notice| notice.title = "三个字".into(),
            "title is 3 characters long, at least 4 are needed",
        ),
        (
            &|notice| notice.title = "十".repeat(13),
            "title is 13 characters long, at most 12 are allowed; shorten it",
        ),
        (
            &|notice| notice.description = "三个字".into(),
            "description is 3 characters long, at least 4 are needed",
        ),
        (
            &|notice| notice.page = "p".repeat(1025),
            "page is 1025 bytes long, at most 1024 are allowed; shorten it",
        ),
        (
            &|notice| notice.content_item = vec![item("k", "v"); 11],
            "content_item has 11 entries, at most 10 are allowed",
        ),
        (
            &|notice| notice.content_item = vec![item("k", "v"), item("", "v")],
            "content_item[1].key is missing or empty",
        ),
        (
            &|notice| notice.content_item = vec![item(&"k".repeat(11), "v")],
            "content_item[0].key is 11 characters long, at most 10 are allowed; shorten it",
        ),
        (
            &|notice| notice.content_item = vec![item("k", &"v".repeat(31))],
            "content_item[0].value is 31 characters long, at most 30 are allowed; shorten it",
        ),
    ];
    for (change, told) in passed {
        assert_eq!(with(change), Err(format!("miniprogram_notice.{told}")));
    }
}

#[test]
fn a_notice_goes_to_those_who_are_named() {
    let refused = ready(notice(), "@all").expect_err("everybody");
    assert!(refused.starts_with("touser is @all"), "{refused}");
}
