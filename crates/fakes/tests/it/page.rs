//! The page, by itself and in a real browser.

use serde_json::json;

use crate::app::{between, called_back};
use crate::browser::Browser;
use crate::support::{AGENT, Client, KINDS, with};

#[tokio::test]
async fn the_page_is_made_of_this_server_alone() {
    let client = Client::new().await;
    let (page, kind) = client.text("/").await;
    assert!(kind.starts_with("text/html"), "{kind}");
    let mut parts = Vec::new();
    for mark in ["href=\"", "src=\""] {
        let found = page.split(mark).skip(1);
        parts.extend(found.filter_map(|rest| rest.split('"').next()));
    }
    assert_eq!(
        parts,
        ["data:,", "page.css", "draw.js", "card.js", "page.js"]
    );
    for part in &parts[1..] {
        let (text, kind) = client.text(&format!("/{part}")).await;
        let expected = if part.ends_with("css") {
            "text/css"
        } else {
            "text/javascript"
        };
        assert!(kind.starts_with(expected), "{part}: {kind}");
        for outside in ["src=\"http", "url(", "@import", "import "] {
            assert!(!text.contains(outside), "{part} has {outside}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_presses_and_writes_in_a_browser() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let (app, client) = called_back().await;
    client
        .sent("zhangsan|lisi", "button_interaction", "t")
        .await;
    browser.open(&format!("{}/#lisi", client.wecom.url())).await;
    browser
        .until("return document.querySelectorAll('.press').length === 3")
        .await;
    browser.run("document.querySelector('.pick select').value = '1'; document.querySelector('.pick select').dispatchEvent(new Event('change')); document.querySelector('.press').click()").await;
    browser
        .until("return document.querySelector('.meta.good')?.textContent.startsWith('delivered')")
        .await;
    let told = &app.received()[0];
    assert!(
        told.contains("<![CDATA[approve]]>") && told.contains("<OptionId><![CDATA[1]]></OptionId>"),
        "{told}"
    );
    let code = between(told, "<ResponseCode><![CDATA[", "]]>");
    let update = json!({ "userids": ["lisi"], "agentid": AGENT, "response_code": code, "button": { "replace_name": "Approved <b>" } });
    assert_eq!(
        client.call("update_template_card", &update).await["errcode"],
        0
    );
    browser.until("const grey = document.querySelectorAll('.press'); return grey.length === 1 && grey[0].disabled && grey[0].textContent === 'Approved <b>'").await;
    browser.run("document.getElementById('text').value = 'ack 1'; document.querySelector('.send').click()").await;
    browser
        .until("return document.querySelector('.mine .good')?.textContent.startsWith('delivered')")
        .await;
    assert!(app.received()[1].contains("<Content><![CDATA[ack 1]]></Content>"));
    browser.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_cards_fit_a_phone() {
    let Some(browser) = Browser::start().await else {
        return;
    };
    let (_app, client) = called_back().await;
    for kind in KINDS {
        let long = format!(
            "{} https://example.com/{}",
            "长".repeat(60),
            "x".repeat(120)
        );
        let mut card = with(kind, "/main_title/title", json!(long));
        card["task_id"] = json!(kind);
        assert_eq!(client.send("lisi", &card).await["errcode"], 0);
    }
    let text = json!({ "touser": "lisi", "msgtype": "text", "agentid": AGENT, "text": { "content": "x".repeat(300) } });
    let msgid = client.call("send", &text).await["msgid"].clone();
    client.call("recall", &json!({ "msgid": msgid })).await;
    browser.open(&format!("{}/#lisi", client.wecom.url())).await;
    browser.until("return document.querySelectorAll('article').length === 6 && document.querySelector('article.recalled') !== null").await;
    let wide = browser.run("const list = document.getElementById('list'); return document.documentElement.scrollWidth <= innerWidth && list.scrollWidth <= list.clientWidth").await;
    assert_eq!(wide, json!(true), "nothing is out of sight");
    browser.run("location.hash = 'zhangsan'").await;
    browser.until("return document.querySelectorAll('article').length === 0 && document.getElementById('member').value === 'zhangsan'").await;
    let fetched = browser.run("return performance.getEntriesByType('resource').filter(one => !one.name.startsWith(location.origin)).map(one => one.name)").await;
    assert_eq!(fetched, json!([]), "nothing is fetched from elsewhere");
    browser.close().await;
}
