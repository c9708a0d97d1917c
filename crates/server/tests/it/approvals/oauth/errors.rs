//! Sign-ins that come to nothing, as people are told so.

use std::time::Duration;

use acteon_fakes::wecom::{Call, Fault};

use super::browser::Browser;
use super::{DOMAIN, asked, decisions, start};

#[tokio::test(flavor = "multi_thread")]
async fn people_are_told_in_their_language_why_it_is_not_known_who_they_are() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    let (id, link) = asked(&gateway, &wecom, "a").await;
    let faults = [
        (
            Fault::Errcode(40029),
            400,
            "it was used already, or took too long",
            "此次登录已使用或已超时",
        ),
        (
            Fault::Errcode(50001),
            500,
            "does not trust this server's domain",
            "不信任本服务器的域名",
        ),
        (
            Fault::Errcode(60020),
            500,
            "does not trust this server's IP address",
            "不信任本服务器的 IP 地址",
        ),
        (
            Fault::Reset,
            503,
            "WeChat Work does not answer just now",
            "企业微信暂时没有响应",
        ),
        (
            Fault::Status(502),
            503,
            "WeChat Work does not answer just now",
            "企业微信暂时没有响应",
        ),
        (
            Fault::Errcode(48002),
            500,
            "WeChat Work does not say who you are.",
            "企业微信未能确认您的身份",
        ),
    ];
    for (fault, status, english, chinese) in faults {
        for (language, said) in [("en", english), ("zh-CN", chinese)] {
            let mut phone = Browser::new(&gateway);
            phone.language = language;
            let back = phone.shows(&wecom, &link, "zhangsan").await;
            wecom.fault(Call::GetUserInfo, fault.clone(), Some(1));
            let seen = phone.returns(&back).await;
            let said = said.replace('\'', "&#39;");
            assert!(
                seen.status.as_u16() == status && seen.text.contains(&said),
                "{fault:?}: {} {}",
                seen.status,
                seen.text
            );
            assert_eq!(seen.referrer_policy, "no-referrer");
            assert!(!seen.text.contains("<button"), "{}", seen.text);
        }
    }
    assert_eq!(decisions(&gateway, &id).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_is_good_for_five_minutes() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    let (_, link) = asked(&gateway, &wecom, "a").await;
    for (minutes, status) in [(4, 200), (6, 400)] {
        let mut phone = Browser::new(&gateway);
        let back = phone.shows(&wecom, &link, "zhangsan").await;
        wecom.world(|world| world.advance(Duration::from_mins(minutes)));
        let seen = phone.returns(&back).await;
        assert_eq!(seen.status.as_u16(), status, "{}", seen.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_nothing_is_not_let_in() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    let (_, link) = asked(&gateway, &wecom, "a").await;
    for change in ["code=", "cod="] {
        let mut phone = Browser::new(&gateway);
        let back = phone.shows(&wecom, &link, "zhangsan").await;
        let (before, rest) = back.split_once("code=").expect("a code");
        let (_, rest) = rest.split_once('&').expect("a state");
        let seen = phone.returns(&format!("{before}{change}&{rest}")).await;
        assert_eq!(seen.status, 400, "{}", seen.text);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_that_the_app_does_not_trust_gets_nobody_back() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    wecom.world(|world| {
        let domains = &mut world.sign_ins.trusted_domains;
        domains.insert(1_000_002, format!("other.{DOMAIN}"));
    });
    let (_, link) = asked(&gateway, &wecom, "a").await;
    let mut phone = Browser::new(&gateway);
    let away = phone.get(&link).await.location.expect("an address");
    let seen = phone.get(&format!("{away}&as=zhangsan")).await;
    assert_eq!(seen.location, None);
    assert!(seen.text.contains("50001"), "{}", seen.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_approval_whose_time_is_over_only_that_is_said() {
    let (gateway, wecom) =
        start("approvers: [zhangsan], timeout_seconds: 2, on_timeout: approve").await;
    let (id, link) = asked(&gateway, &wecom, "a").await;
    let mut away = Browser::new(&gateway);
    let back = away.shows(&wecom, &link, "zhangsan").await;
    gateway
        .until(&format!("/v1/approvals/{id}"), |body| {
            body["status"] == "approved"
        })
        .await;
    let mut phone = Browser::new(&gateway);
    for seen in [phone.get(&link).await, away.returns(&back).await] {
        assert_eq!(seen.status, 404, "{}", seen.text);
        assert!(
            seen.text.contains("This link is over") && !seen.text.contains("counts as approved"),
            "{}",
            seen.text
        );
    }
}
