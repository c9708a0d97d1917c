//! Sign-ins in a real browser, whose own rules hold for cookies, forms and what comes from another site.

use std::net::SocketAddr;

use acteon_testkit::proxy::FaultProxy;

use super::{asked, asking, card, decisions, lines_at, shown, wecom};
use crate::approvals::phone::expect;
use crate::support::Gateway;
use crate::support::browser::Browser;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_signs_in_and_decides_and_another_does_not() {
    for (language, decided, not_theirs) in [
        (
            "en",
            "Your decision is recorded.",
            "This link is for another person",
        ),
        ("zh-CN", "您的审批意见已记录。", "此链接属于其他人"),
    ] {
        let Some(browser) = Browser::start(language).await else {
            return;
        };
        // Where people reach it is known before it starts, and is another site than the service's.
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
        let proxy = FaultProxy::start(nowhere).await.expect("a proxy");
        let domain = format!("localhost:{}", proxy.address().port());
        let wecom = wecom().await;
        wecom.world(|world| {
            let domains = &mut world.sign_ins.trusted_domains;
            domains.insert(1_000_002, domain.clone());
        });
        let lines = lines_at(&format!("http://{domain}"), &wecom);
        let gateway = Gateway::with_rules(&asking("approvers: [zhangsan, lisi]"), &lines).await;
        let address = gateway.base().strip_prefix("http://");
        let address = address.and_then(|address| address.parse().ok());
        proxy.redirect_to(address.expect("an address"));
        let (id, link) = asked(&gateway, &wecom, "a").await;

        browser.open(&link).await;
        expect(&browser, &["Who are you?"]).await;
        browser.tap("a[href$='as=lisi']").await;
        expect(&browser, &[not_theirs]).await;
        assert!(!browser.has("button").await);
        browser.picture(&format!("sign-in-other-{language}")).await;

        browser.open(&link).await;
        browser.tap("a[href$='as=zhangsan']").await;
        browser.write("textarea", "good").await;
        browser.tap("button.approve").await;
        expect(&browser, &[decided, "good"]).await;
        assert_eq!(shown(&gateway, &id).await["decided_by"], "zhangsan");
        assert_eq!(decisions(&gateway, &id).await, 1);
        // Known for a while, and for their own link alone.
        browser.open(&link).await;
        expect(&browser, &["good"]).await;
        browser.open(&card(&wecom, &id, "lisi").await).await;
        expect(&browser, &["Who are you?"]).await;
        browser.close().await;
    }
}
