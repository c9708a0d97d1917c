//! Settings of the sign-in of members.

use acteon_config::{Problem, SectionReader};
use acteon_wecom::OAuth;

use crate::context::Context;

/// Base URL of the pages at which members sign in; `None` for WeChat Work's own.
pub(crate) struct OAuthPages(pub(crate) Option<String>);

/// Reads the settings; `None` where nobody is asked to sign in.
pub(super) fn read(reader: &mut SectionReader<'_>, context: &Context) -> Option<OAuthPages> {
    const OAUTH: &str = "wechat.oauth";
    const PAGES: &str = "wechat.oauth_base_url";
    let settings = reader.settings();
    if !settings.flag(OAUTH) {
        reader.without_effect(&[PAGES], "wechat.oauth = true");
        return None;
    }
    if !context.links_have_an_address() {
        reader.wrong(
            OAUTH,
            "needs external_url in [server], such as https://acteon.example.com: members come back there when WeChat Work knows who they are, and its \
             domain must be the app's trusted domain (可信域名) in the admin console",
        );
    }
    let allow_insecure = settings.flag("wechat.allow_insecure_base_url");
    let pages = settings.text(PAGES).map(|url| {
        OAuth::pages(url, allow_insecure).map_err(|error| Problem::new(PAGES, error.to_string()))
    });
    let pages = pages.and_then(|pages| reader.take(pages));
    Some(OAuthPages(pages))
}
