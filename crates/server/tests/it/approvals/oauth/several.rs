//! Sign-ins over several gateways, which share a PostgreSQL and no memory.

use acteon_fakes::wecom::Call;

use super::browser::Browser;
use super::{asked, asking, button, lines, shown, wecom};
use crate::shared::Shared;
use crate::support::with_rules_in;

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_in_goes_on_at_whichever_gateway_answers() {
    let Some(shared) = Shared::find().await else {
        return;
    };
    let wecom = wecom().await;
    let folder = tempfile::tempdir().expect("a folder");
    let lines = with_rules_in(&folder, &asking("approvers: [zhangsan]"), &lines(&wecom));
    let (first, second) = (shared.gateway(&lines).await, shared.gateway(&lines).await);
    let (id, link) = asked(&first, &wecom, "a").await;
    let mut phone = Browser::new(&first);
    let back = phone.shows(&wecom, &link, "zhangsan").await;
    let away = phone.cookies.clone();
    phone.answered_by(&second);
    let ended = phone.get(&back).await;
    assert_eq!(ended.status, 302, "{}", ended.text);
    phone.answered_by(&first);
    let seen = phone.get(&link).await;
    assert_eq!(seen.status, 200, "{}", seen.text);
    // What was used at one is used at all.
    let mut replaying = Browser::new(&first);
    replaying.cookies = away;
    assert_eq!(replaying.get(&back).await.status, 400);
    assert_eq!(wecom.calls(Call::GetUserInfo), 1, "it is refused before");
    let approve = button(&link, &seen.text, "approve");
    phone.answered_by(&second);
    assert_eq!(phone.post(&approve, "comment=").await.status, 200);
    assert_eq!(shown(&first, &id).await["decided_by"], "zhangsan");
}
