//! Sign-in of members on a web page: the page that asks WeChat Work who is there, and the answer (pages 91022, 98152 and 91023).

use std::fmt;

use acteon_http::is_loopback;
use secrecy::{ExposeSecret, SecretString};
use url::form_urlencoded;

use crate::answer::Answer;
use crate::app::App;
use crate::error::{Call, Error};
use crate::http::{EndpointError, parse_base};

/// Server and path of the page that a member's WeChat Work passes through without asking.
const IN_WECOM: (&str, &str) = ("https://open.weixin.qq.com", "/connect/oauth2/authorize");
/// Server and path of the page that shows a QR code to a browser on a desktop.
const ON_DESKTOP: (&str, &str) = ("https://login.work.weixin.qq.com", "/wwlogin/sso/login");

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
    /// Base URL of the pages, as [`OAuth::pages`] makes it; `None` for WeChat Work's own, which are on two servers.
    pub pages: Option<&'a str>,
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
        let page = self.page(IN_WECOM);
        format!("{page}?{}#wechat_redirect", query.finish())
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
        let page = self.page(ON_DESKTOP);
        format!("{page}?{}", query.finish())
    }

    /// Base URL of the pages of an installation in a company's own network, or of a test. The codes that it gives out say who somebody is, so that it
    /// must be `https`, or `http` to this machine, unless `allow_insecure` permits more.
    ///
    /// Errors when the URL cannot be used.
    pub fn pages(url: &str, allow_insecure: bool) -> Result<String, EndpointError> {
        let base = parse_base(url).ok_or(EndpointError::NotABaseUrl)?;
        if base.scheme() == "http" && !allow_insecure && !is_loopback(&base) {
            return Err(EndpointError::Insecure);
        }
        Ok(base.as_str().trim_end_matches('/').to_owned())
    }

    fn page(&self, (server, path): (&str, &str)) -> String {
        let server = self.pages.unwrap_or(server);
        format!("{server}{path}")
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
