//! Tests of sign-in.

use super::*;
use crate::test_server::{Received, T1, serve};

#[test]
fn addresses_are_those_of_the_documentation() {
    let corp_id = SecretString::from("ww0123456789abcdef");
    let oauth = OAuth {
        corp_id: &corp_id,
        agent_id: 1_000_002,
        redirect_uri: "https://acteon.example.com/a?b=c&d=中",
        state: "s1",
        pages: None,
    };
    assert_eq!(
        oauth.url(),
        "https://open.weixin.qq.com/connect/oauth2/authorize?appid=ww0123456789abcdef&redirect_uri=https%3A%2F%2Facteon.example.com%2Fa%3Fb%3Dc%26d%3D%E4%B8%AD&response_type=code&scope=snsapi_base&state=s1&agentid=1000002#wechat_redirect"
    );
    assert_eq!(
        oauth.desktop_url(),
        "https://login.work.weixin.qq.com/wwlogin/sso/login?login_type=CorpApp&appid=ww0123456789abcdef&agentid=1000002&redirect_uri=https%3A%2F%2Facteon.example.com%2Fa%3Fb%3Dc%26d%3D%E4%B8%AD&state=s1"
    );
    assert!(!format!("{oauth:?}").contains("ww0123"));
    let elsewhere = OAuth::pages("http://127.0.0.1:8090/", false).expect("a base URL");
    let oauth = OAuth {
        pages: Some(&elsewhere),
        ..oauth
    };
    let begins = |address: String, beginning: &str| assert!(address.starts_with(beginning));
    begins(
        oauth.url(),
        "http://127.0.0.1:8090/connect/oauth2/authorize?appid=",
    );
    begins(
        oauth.desktop_url(),
        "http://127.0.0.1:8090/wwlogin/sso/login?login_type=",
    );
}

#[test]
fn pages_give_out_no_codes_in_the_clear() {
    let pages = |url| OAuth::pages(url, false);
    assert_eq!(
        pages("http://wecom.example.com"),
        Err(EndpointError::Insecure)
    );
    assert_eq!(pages("wecom.example.com"), Err(EndpointError::NotABaseUrl));
    assert!(OAuth::pages("http://wecom.example.com", true).is_ok());
    assert_eq!(
        pages("https://wecom.example.com/a/").as_deref(),
        Ok("https://wecom.example.com/a")
    );
}

#[tokio::test]
async fn a_code_says_who_signed_in() {
    let (app, calls) = serve(&[
        T1,
        r#"{"errcode":0,"errmsg":"ok","userid":"zhangsan","user_ticket":"ticket"}"#,
        r#"{"errcode":0,"errmsg":"ok","UserId":"lisi"}"#,
        r#"{"errcode":0,"errmsg":"ok","openid":"o1","external_userid":"e1"}"#,
        r#"{"errcode":0,"errmsg":"ok","userid":""}"#,
        r#"{"errcode":40029,"errmsg":"invalid code c0de/+&"}"#,
    ]);
    let code = SecretString::from("c0de/+&");
    for expected in [
        Identity::Member("zhangsan".into()),
        Identity::Member("lisi".into()),
        Identity::Outsider,
        Identity::Outsider,
    ] {
        assert_eq!(app.identify(&code).await, Ok(expected));
    }
    let error = app.identify(&code).await.expect_err("a used code");
    assert_eq!((error.code(), error.maybe_sent()), (Some(40029), false));
    assert!(!format!("{error} {error:?}").contains("c0de"));
    let calls: Vec<Received> = calls.try_iter().collect();
    assert_eq!(
        calls[1],
        (
            "/cgi-bin/auth/getuserinfo?access_token=t0ken-1&code=c0de%2F%2B%26".to_owned(),
            String::new()
        )
    );
}
