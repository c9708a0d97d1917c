//! People who decide on their phones in the place of others, or later than others, in a real browser.

use super::phone::{at, expect};
use super::{asking, id_of, message, pending, shown, told};
use crate::support::browser::Browser;

#[tokio::test(flavor = "multi_thread")]
async fn a_decision_is_passed_on_taken_back_and_decided_by_another() {
    let Some(english) = Browser::start("en-GB").await else {
        return;
    };
    let chinese = Browser::start("zh-CN").await.expect("a second one");
    let (gateway, hook) = asking("approvers: [lena, max], quorum: 2").await;
    let id = id_of(&pending(&gateway, "a").await);
    let lena = message(&hook, &id, "lena", 0).await;
    let open = at(&gateway, &lena["url"]);
    english.open(&open).await;
    english.unfold("section summary").await;
    expect(
        &english,
        &["Pass it on to somebody else", "Id of the person"],
    )
    .await;
    english.picture("delegate-en").await;
    english.write("#to", "max").await;
    english.write("#why", "on leave until Monday").await;
    english.tap("button.delegate").await;
    expect(&english, &["They are asked about this themselves"]).await;
    english.picture("delegate-refused-en").await;
    english.clear("#to").await;
    english.write("#to", "otto").await;
    english.tap("button.delegate").await;
    expect(&english, &["You have passed this decision on to otto"]).await;
    assert!(!english.has("button.approve").await);
    english.picture("delegated-en").await;
    english.tap("header a").await;
    expect(&english, &["您已将此审批转交给 otto"]).await;
    english.prefer("dark").await;
    english.picture("delegated-dark-zh").await;
    english.tap("button.take-back").await;
    expect(&english, &["已撤回转交"]).await;
    assert!(english.has("button.approve").await);
    english.unfold("section summary").await;
    english.write("#to", "otto").await;
    english.picture("delegate-dark-zh").await;
    english.tap("button.delegate").await;

    let otto = message(&hook, &id, "otto", 0).await;
    chinese.open(&at(&gateway, &otto["url"])).await;
    expect(&chinese, &["转交人", "lena", "等待审批"]).await;
    chinese.picture("delegate-got-zh").await;
    chinese.tap("button.approve").await;
    expect(&chinese, &["您的审批意见已记录。"]).await;
    english.open(&format!("{open}&lang=en")).await;
    expect(&english, &["You have passed this decision on to otto"]).await;
    assert!(!english.has("button").await, "it is decided in her place");
    let max = message(&hook, &id, "max", 0).await;
    english
        .open(&format!("{}&lang=en", at(&gateway, &max["url"])))
        .await;
    expect(&english, &["otto", "Approvals still needed\n1"]).await;
    english.picture("quorum-dark-en").await;
    english.tap("button.approve").await;
    expect(&english, &["Approved"]).await;
    english.close().await;
    chinese.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_later_decides_later() {
    for (language, approved) in [("en", "Approved"), ("zh-CN", "已通过")] {
        let Some(browser) = Browser::start(language).await else {
            return;
        };
        let keys = "approvers: [lena], escalate_to: boss, escalate_after_seconds: 3";
        let (gateway, hook) = asking(keys).await;
        let id = id_of(&pending(&gateway, "a").await);
        let lena = message(&hook, &id, "lena", 0).await;
        let before = told(&hook, &id, "boss");
        if shown(&gateway, &id).await["escalated_at"].is_null() {
            assert!(before.is_empty(), "{before:?}");
        }
        // Nobody makes a link of their own out of somebody else's.
        let url = at(&gateway, &lena["url"]);
        browser
            .open(&url.replace("person=lena", "person=boss"))
            .await;
        assert!(!browser.has("button").await);
        let boss = message(&hook, &id, "boss", 0).await;
        let subject = boss["subject"].as_str().expect("a text");
        assert!(subject.starts_with("Escalated"), "{subject}");
        assert!(shown(&gateway, &id).await["escalated_at"].is_string());
        browser.open(&at(&gateway, &boss["url"])).await;
        browser.picture(&format!("escalated-{language}")).await;
        browser.tap("button.approve").await;
        expect(&browser, &[approved]).await;
        assert_eq!(shown(&gateway, &id).await["decided_by"], "boss");
        // Whoever comes later sees what became of it.
        browser.open(&url).await;
        expect(&browser, &[approved, "boss"]).await;
        assert!(!browser.has("button").await);
        browser.close().await;
    }
}
