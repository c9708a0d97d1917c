//! Sign-in of members on a web page: the page that asks WeChat Work who is there, and the answer (pages 91022, 98152 and 91023).

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use crate::answer::Answer;
use crate::app::App;
use crate::error::{Call, Error};

/// Page that a member's WeChat Work passes through without asking.
const IN_WECOM: &str = "https://open.weixin.qq.com/connect/oauth2/authorize";
/// Page that shows a QR code to a browser on a desktop.
const ON_DESKTOP: &str = "https://login.work.weixin.qq.com/wwlogin/sso/login";

/// Sign-in at a web page. Its host must be a trusted domain of the app (50001 otherwise). `Debug` shows the page alone.
#[derive(Clone, Copy)]
pub struct OAuth<'a> {
    /// Corporation's id.
    pub corp_id: &'a SecretString,
    /// Agent id of the app.
    pub agent_id: u32,
    /// Address of the page, to which the member comes back with the parameters `code` and `state`.
    pub redirect_uri: &'a str,
    /// Text that comes back as it is: letters and digits, 128 bytes at most. Make it one that nobody guesses, and take back only what was given out.
    pub state: &'a str,
}

/// Who a code belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// Member of the corporation, by the userid.
    Member(String),
    /// Somebody who is no member.
    Outsider,
}

impl OAuth<'_> {
    /// Address for a link that is opened in WeChat Work. It learns the userid and nothing else (`snsapi_base`), and asks nobody.
    pub fn url(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("appid", self.corp_id.expose_secret())
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("response_type", "code")
            .append_pair("scope", "snsapi_base")
            .append_pair("state", self.state)
            .append_pair("agentid", &self.agent_id.to_string());
        format!("{IN_WECOM}?{}#wechat_redirect", query.finish())
    }

    /// Address for a browser on a desktop: it shows a QR code, which the member scans with the phone.
    pub fn desktop_url(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("login_type", "CorpApp")
            .append_pair("appid", self.corp_id.expose_secret())
            .append_pair("agentid", &self.agent_id.to_string())
            .append_pair("redirect_uri", self.redirect_uri)
            .append_pair("state", self.state);
        format!("{ON_DESKTOP}?{}", query.finish())
    }
}

impl fmt::Debug for OAuth<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OAuth")
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

impl App {
    /// Says who came back with a code (`auth/getuserinfo`, page 91023). A code works once, and for five minutes.
    ///
    /// Errors as [`Error`] says; with code 40029 the code was used before, is too old or was never given out.
    pub async fn identify(&self, code: &SecretString) -> Result<Identity, Error> {
        let answer = self
            .call(Call::GetUserInfo, &[("code", code)], None)
            .await?;
        Ok(identity(&answer))
    }
}

/// Older pages write `UserId`.
fn identity(answer: &Answer) -> Identity {
    let userid = answer.text("userid").or_else(|| answer.text("UserId"));
    match userid {
        Some(userid) if !userid.is_empty() => Identity::Member(userid.to_owned()),
        _ => Identity::Outsider,
    }
}

#[cfg(test)]
mod tests;
