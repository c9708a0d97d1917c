//! Codes, states and cookies that come a second time.

use acteon_fakes::wecom::Call;

use super::browser::Browser;
use super::{asked, start};

/// Value of a parameter of an address.
fn value<'a>(address: &'a str, name: &str) -> &'a str {
    let (_, query) = address.split_once('?').expect("a query");
    let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let found = pairs.find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("no {name} in {address}")).1
}

#[tokio::test(flavor = "multi_thread")]
async fn a_code_works_once() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    let (_, first) = asked(&gateway, &wecom, "a").await;
    let (_, second) = asked(&gateway, &wecom, "b").await;
    let mut phone = Browser::new(&gateway);
    let back = phone.shows(&wecom, &first, "zhangsan").await;
    assert_eq!(phone.returns(&back).await.status, 200);
    let used = value(&back, "code").to_owned();
    let other = phone.shows(&wecom, &second, "zhangsan").await;
    let replayed = other.replace(value(&other, "code"), &used);
    let seen = phone.returns(&replayed).await;
    assert_eq!(seen.status, 400, "{}", seen.text);
    assert!(
        seen.text
            .contains("WeChat Work does not take this sign-in any more"),
        "{}",
        seen.text
    );
    assert!(!seen.text.contains(&used), "{}", seen.text);
    // The page leads back to the link.
    let (_, rest) = seen.text.split_once("<p><a href=\"").expect("a link");
    let (again, _) = rest.split_once('"').expect("an address");
    let base = reqwest::Url::parse(&replayed).expect("an address");
    let again = base.join(&again.replace("&amp;", "&")).expect("an address");
    assert_eq!(again.as_str(), second);
    assert_eq!(
        phone.opens_as(&wecom, &second, "zhangsan").await.status,
        200
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_state_works_once_although_the_browser_keeps_its_cookie() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    let (_, link) = asked(&gateway, &wecom, "a").await;
    let mut phone = Browser::new(&gateway);
    let back = phone.shows(&wecom, &link, "zhangsan").await;
    let away = phone.cookies.clone();
    assert_eq!(phone.returns(&back).await.status, 200);
    let asked_before = wecom.calls(Call::GetUserInfo);
    // As it stands, and with the cookie of before and a code that is good.
    assert_eq!(phone.returns(&back).await.status, 400);
    phone.cookies.clear();
    let fresh = phone.shows(&wecom, &link, "zhangsan").await;
    phone.cookies = away;
    let replayed = back.replace(value(&back, "code"), value(&fresh, "code"));
    let seen = phone.returns(&replayed).await;
    assert_eq!(seen.status, 400, "{}", seen.text);
    assert!(seen.text.contains("was used already"), "{}", seen.text);
    assert_eq!(wecom.calls(Call::GetUserInfo), asked_before);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_changed_on_the_way_is_refused() {
    let (gateway, wecom) = start("approvers: [zhangsan]").await;
    let (_, link) = asked(&gateway, &wecom, "a").await;
    let (other, _) = asked(&gateway, &wecom, "b").await;
    let mut phone = Browser::new(&gateway);
    let back = phone.shows(&wecom, &link, "zhangsan").await;
    let kept = phone.cookies.clone();
    let [away] = &kept[..] else {
        panic!("one cookie: {kept:?}");
    };
    let (until, _) = away.value.split_once('.').expect("an end");
    let later = (until.parse::<i64>().expect("a number") + 1).to_string();
    let id = link
        .rsplit('/')
        .next()
        .and_then(|rest| rest.split('?').next());
    let id = id.expect("an id");
    let mut tries = vec![
        (
            back.replace(value(&back, "state"), &"0".repeat(64)),
            away.value.clone(),
        ),
        (back.replace(value(&back, "state"), ""), away.value.clone()),
        (back.replace("state=", "stat="), away.value.clone()),
        (back.clone(), away.value.replacen(until, &later, 1)),
        (
            back.clone(),
            away.value.replace("person=zhangsan", "person=lisi"),
        ),
        (back.clone(), String::new()),
        (back.clone(), "..".to_owned()),
        (back.clone(), format!("{until}.x./evil?sig=a&expires_at=1")),
        (back.replace(id, &other), away.value.clone()),
    ];
    // The last, which is good, shows that the others were tried as they should be.
    tries.push((back.clone(), away.value.clone()));
    let last = tries.len() - 1;
    for (number, (address, value)) in tries.into_iter().enumerate() {
        let mut cookie = away.clone();
        cookie.path = cookie
            .path
            .replace(id, if address.contains(&other) { &other } else { id });
        cookie.value = value;
        phone.cookies = vec![cookie];
        let seen = phone.returns(&address).await;
        let status = if number == last { 200 } else { 400 };
        assert_eq!(seen.status.as_u16(), status, "{number}: {}", seen.text);
    }
}
