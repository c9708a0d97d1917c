//! Approvals that show themselves to whom WeChat Work says to be the person asked.

mod browser;
mod canary;
mod errors;
mod foreign;
mod phone;
mod replays;
#[cfg(feature = "postgres")]
mod several;

use acteon_fakes::wecom::LocalWecom;
use serde_json::{Value, json};

use super::phone_ends::KEY;
use super::{LOG, id_of, pending, rule, shown};
use crate::support::{Client, Gateway, PATIENCE, until};
use crate::wechat::{configuration, local_wecom, unlimited};
use browser::{Browser, EXTERNAL, IN_WECHAT, IN_WECOM};

/// Domain of the gateways, which the app trusts.
const DOMAIN: &str = "acteon.example.com";

/// A local WeChat Work that trusts the gateways.
async fn wecom() -> LocalWecom {
    let wecom = local_wecom(unlimited()).await;
    wecom.world(|world| {
        let domains = &mut world.sign_ins.trusted_domains;
        domains.insert(1_000_002, DOMAIN.to_owned());
    });
    wecom
}

/// Lines of a gateway that has people sign in.
fn lines(wecom: &LocalWecom) -> String {
    lines_at(EXTERNAL, wecom)
}

/// Lines of a gateway that has people sign in, and is reached at an address.
fn lines_at(external: &str, wecom: &LocalWecom) -> String {
    let more = format!(
        "wechat.oauth = true\nwechat.oauth_base_url = \"{}\"\nwechat.default_touser = \"zhaoliu\"\nwechat.timeout_seconds = 2",
        wecom.url()
    );
    format!(
        "server.external_url = \"{external}\"\nserver.approval_secret = \"{KEY}\"\n{LOG}{}",
        configuration(wecom, &more)
    )
}

/// A rule that asks through WeChat Work.
fn asking(keys: &str) -> String {
    rule(keys).replace("notify_provider: hook", "notify_provider: wechat-ops")
}

/// A gateway that has people sign in, and asks about deploys by this policy.
async fn start(keys: &str) -> (Gateway, LocalWecom) {
    let wecom = wecom().await;
    let gateway = Gateway::with_rules(&asking(keys), &lines(&wecom)).await;
    (gateway, wecom)
}

/// Link of the card about an approval that a member got.
async fn card(wecom: &LocalWecom, id: &str, userid: &str) -> String {
    let found = || {
        wecom.world(|world| {
            let to = |message: &&acteon_fakes::wecom::world::Message| {
                message.delivered.iter().any(|member| member == userid)
            };
            let mut cards = world.messages().filter(to).map(|message| &message.content);
            let url = |card: &Value| card["url"].as_str().map(str::to_owned);
            cards.find_map(|card| url(card).filter(|url| url.contains(id)))
        })
    };
    until("no card came", PATIENCE, async || found().is_some()).await;
    found().expect("a card")
}

/// An approval, and the link to it that `zhangsan` got.
async fn asked(gateway: &Client, wecom: &LocalWecom, name: &str) -> (String, String) {
    let id = id_of(&pending(gateway, name).await);
    let link = card(wecom, &id, "zhangsan").await;
    (id, link)
}

/// Address that a button of a page leads to.
fn button(link: &str, page: &str, name: &str) -> String {
    let (_, rest) = page
        .split_once(&format!("class=\"{name}\" formaction=\""))
        .unwrap_or_else(|| panic!("no button in {page}"));
    let (target, _) = rest.split_once('"').expect("an address");
    let base = reqwest::Url::parse(link).expect("an address");
    let target = base.join(&target.replace("&amp;", "&"));
    target.expect("an address").to_string()
}

/// Number of decisions about an approval.
async fn decisions(gateway: &Client, id: &str) -> usize {
    let found = shown(gateway, id).await;
    found["decisions"].as_array().map_or(0, Vec::len)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_opens_for_its_person_and_they_decide() {
    for (agent, page) in [
        (None, "/wwlogin/sso/login?login_type=CorpApp&"),
        (Some(IN_WECOM), "/connect/oauth2/authorize?"),
        (Some(IN_WECHAT), "/connect/oauth2/authorize?"),
    ] {
        // Userids are the same whatever their case.
        let (gateway, wecom) = start("approvers: [ZhangSan, lisi]").await;
        let (id, link) = asked(&gateway, &wecom, "a").await;
        let mut phone = Browser::new(&gateway);
        phone.agent = agent.unwrap_or(phone.agent);
        let away = phone.get(&link).await;
        assert_eq!((away.status.as_u16(), &*away.text), (302, ""));
        assert_eq!(away.referrer_policy, "no-referrer");
        let address = away.location.clone().expect("an address");
        assert!(
            address.starts_with(&format!("{}{page}", wecom.url())),
            "{address}"
        );
        assert!(
            !address.contains("sig%3D") && !address.contains("sig="),
            "the service does not get the link: {address}"
        );
        let back = phone.says(&wecom, &away, "zhangsan").await;
        let ended = phone.get(&back).await;
        assert_eq!((ended.status.as_u16(), &*ended.text), (302, ""));
        assert_eq!(ended.referrer_policy, "no-referrer");
        let to = ended.location.expect("an address");
        assert_eq!(to, link, "nothing is added to the link");
        let [cookie] = &phone.cookies[..] else {
            panic!("one cookie is left: {:?}", phone.cookies);
        };
        let path = format!("/gate/v1/approvals/incidents/acme/{id}");
        assert_eq!(cookie.path, path);
        for attribute in ["HttpOnly", "SameSite=Lax", "Secure"] {
            assert!(cookie.attributes.contains(attribute), "{cookie:?}");
        }
        let seen = phone.get(&to).await;
        assert_eq!(seen.status, 200, "{}", seen.text);
        assert!(
            seen.text.contains("Waiting for a decision"),
            "{}",
            seen.text
        );
        assert_eq!(decisions(&gateway, &id).await, 0, "looking changes nothing");
        let approve = button(&to, &seen.text, "approve");
        let after = phone.post(&approve, "comment=good").await;
        assert!(
            after.status == 200 && after.text.contains("Your decision is recorded."),
            "{}",
            after.text
        );
        let found = shown(&gateway, &id).await;
        assert_eq!(
            (&found["status"], &found["decided_by"], &found["comment"]),
            (&json!("approved"), &json!("ZhangSan"), &json!("good"))
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_signs_in_decides_where_a_link_names_nobody() {
    let (gateway, wecom) = start("timeout_seconds: 600").await;
    let asked = pending(&gateway, "a").await;
    let id = id_of(&asked);
    let approve = asked["approve_url"].as_str().expect("a link");
    let mut phone = Browser::new(&gateway);
    let outsider = phone.opens_as(&wecom, approve, "@outsider").await;
    assert_eq!(outsider.status, 403, "{}", outsider.text);
    let seen = phone.opens_as(&wecom, approve, "LiSi").await;
    assert!(seen.text.contains("<dd>lisi</dd>"), "{}", seen.text);
    let target = button(approve, &seen.text, "approve");
    let after = phone.post(&target, "comment=").await;
    assert_eq!(after.status, 200, "{}", after.text);
    let found = shown(&gateway, &id).await;
    assert_eq!(
        (&found["status"], &found["decided_by"]),
        (&json!("approved"), &json!("lisi"))
    );
    assert_eq!(found["decisions"][0]["way"], "open_link");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_names_nobody_is_for_the_approvers_where_there_are_some() {
    let people = "\n[[people]]\nid = \"lena\"\nname = \"李娜\"\nwechat = \"LiSi\"\n";
    let wecom = wecom().await;
    let lines = lines(&wecom) + people;
    let gateway = Gateway::with_rules(&asking("approvers: [lena, zhangsan]"), &lines).await;
    let asked = pending(&gateway, "a").await;
    let id = id_of(&asked);
    let approve = asked["approve_url"].as_str().expect("a link");
    let mut stranger = Browser::new(&gateway);
    let seen = stranger.opens_as(&wecom, approve, "wangwu").await;
    assert!(
        seen.status == 403 && seen.text.contains("This link is for another person"),
        "{}",
        seen.text
    );
    let mut phone = Browser::new(&gateway);
    let seen = phone.opens_as(&wecom, approve, "lisi").await;
    assert!(seen.text.contains("李娜 (lena)"), "{}", seen.text);
    let target = button(approve, &seen.text, "approve");
    assert_eq!(phone.post(&target, "comment=").await.status, 200);
    assert_eq!(shown(&gateway, &id).await["decided_by"], "lena");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_passed_on_is_for_who_gets_it() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    let (id, link) = asked(&gateway, &wecom, "a").await;
    let mut first = Browser::new(&gateway);
    let seen = first.opens_as(&wecom, &link, "zhangsan").await;
    let delegate = button(&link, &seen.text, "delegate");
    let after = first.post(&delegate, "to=wangwu&comment=away").await;
    assert_eq!(after.status, 200, "{}", after.text);
    let theirs = card(&wecom, &id, "wangwu").await;
    let reject = theirs.replacen('?', "/reject?", 1);
    let refused = first.post(&reject, "comment=").await;
    assert_eq!(refused.status, 403, "{}", refused.text);
    assert_eq!(
        decisions(&gateway, &id).await,
        0,
        "known, and somebody else"
    );
    // The same browser in the hands of the other.
    let seen = first.opens_as(&wecom, &theirs, "wangwu").await;
    assert_eq!(
        button(&theirs, &seen.text, "reject"),
        format!("{reject}&lang=en")
    );
    assert_eq!(first.post(&reject, "comment=").await.status, 200);
    assert_eq!(shown(&gateway, &id).await["decided_by"], "wangwu");
}
