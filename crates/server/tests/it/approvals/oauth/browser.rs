//! A browser that keeps cookies, as far as sign-ins need one.

use acteon_fakes::wecom::LocalWecom;
use reqwest::header::{
    ACCEPT, ACCEPT_LANGUAGE, CONTENT_TYPE, COOKIE, LOCATION, SET_COOKIE, USER_AGENT,
};
use reqwest::{Method, StatusCode};

use crate::approvals::page::BROWSER;
use crate::support::{Client, PATIENCE};

/// Where people reach the gateways: a proxy there takes away the path.
pub(super) const EXTERNAL: &str = "https://acteon.example.com/gate";

/// What the browser of the WeChat Work app calls itself.
pub(super) const IN_WECOM: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 wxwork/4.1.30 Language/zh";

/// What that of the WeChat app does.
pub(super) const IN_WECHAT: &str =
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 MicroMessenger/8.0.50 Language/zh_CN";

/// What a browser on a desktop calls itself.
const ON_DESKTOP: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

/// Browser of one person.
pub(super) struct Browser {
    http: reqwest::Client,
    /// Base URL of the gateway that answers next.
    gateway: String,
    pub(super) agent: &'static str,
    pub(super) language: &'static str,
    /// Where the next form stands; its own site where it is not said.
    pub(super) site: Option<&'static str>,
    pub(super) cookies: Vec<Cookie>,
}

/// Cookie for the gateway, with all that was said of it.
#[derive(Clone, Debug)]
pub(super) struct Cookie {
    pub(super) name: String,
    pub(super) value: String,
    pub(super) path: String,
    pub(super) attributes: String,
}

/// What a browser was answered.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) status: StatusCode,
    /// Address to which it is sent on.
    pub(super) location: Option<String>,
    pub(super) referrer_policy: String,
    pub(super) text: String,
}

impl Browser {
    pub(super) fn new(gateway: &Client) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        Self {
            http: http.build().expect("a client"),
            gateway: gateway.base().to_owned(),
            agent: ON_DESKTOP,
            language: "en",
            site: None,
            cookies: Vec::new(),
        }
    }

    /// Has another gateway answer, as a balancer does.
    pub(super) fn answered_by(&mut self, gateway: &Client) {
        gateway.base().clone_into(&mut self.gateway);
    }

    /// Looks at an address, and follows nothing.
    pub(super) async fn get(&mut self, address: &str) -> Seen {
        self.send(Method::GET, address, None).await
    }

    /// Sends a form of a page.
    pub(super) async fn post(&mut self, address: &str, form: &str) -> Seen {
        self.send(Method::POST, address, Some(form)).await
    }

    async fn send(&mut self, method: Method, address: &str, form: Option<&str>) -> Seen {
        let below = address.strip_prefix(EXTERNAL);
        let to = below.map_or(address.to_owned(), |below| {
            format!("{}{below}", self.gateway)
        });
        // From another site it comes as one that is sent on.
        let of_form = self.site.unwrap_or("same-origin");
        let site = if form.is_some() {
            of_form
        } else {
            "cross-site"
        };
        let mut request = self
            .http
            .request(method, to.split('#').next().expect("an address"))
            .header(ACCEPT, BROWSER)
            .header(ACCEPT_LANGUAGE, self.language)
            .header(USER_AGENT, self.agent)
            .header("sec-fetch-site", site);
        if let Some(form) = form {
            request = request
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.to_owned());
        }
        if below.is_some() {
            let cookies = self.cookies_for(address);
            if !cookies.is_empty() {
                request = request.header(COOKIE, cookies);
            }
        }
        let response = request.send().await.expect("an answer");
        if below.is_some() {
            for cookie in response.headers().get_all(SET_COOKIE) {
                self.keep(cookie.to_str().expect("a text"));
            }
        }
        let header = |name| {
            let value = response.headers().get(name)?;
            Some(value.to_str().expect("a text").to_owned())
        };
        Seen {
            status: response.status(),
            location: header(LOCATION),
            referrer_policy: header(reqwest::header::REFERRER_POLICY).unwrap_or_default(),
            text: response.text().await.expect("a text"),
        }
    }

    /// Cookies that go with a request, as RFC 6265 says in 5.4.
    fn cookies_for(&self, address: &str) -> String {
        let url = reqwest::Url::parse(address).expect("an address");
        let path = url.path();
        let fits = |cookie: &&Cookie| {
            path.strip_prefix(&*cookie.path)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        let cookies = self.cookies.iter().filter(fits);
        let cookies = cookies.map(|cookie| format!("{}={}", cookie.name, cookie.value));
        cookies.collect::<Vec<_>>().join("; ")
    }

    fn keep(&mut self, header: &str) {
        let (pair, attributes) = header.split_once("; ").expect("attributes");
        let (name, value) = pair.split_once('=').expect("a pair");
        let attribute = |name: &str| {
            let mut parts = attributes.split("; ");
            parts.find_map(|part| part.strip_prefix(name)?.strip_prefix('='))
        };
        let path = attribute("Path").expect("a path").to_owned();
        self.cookies
            .retain(|cookie| cookie.name != name || cookie.path != path);
        if attribute("Max-Age") != Some("0") {
            self.cookies.push(Cookie {
                name: name.to_owned(),
                value: value.to_owned(),
                path,
                attributes: attributes.to_owned(),
            });
        }
    }

    /// Goes from a link to the page of the service's, and says there who it is; the address to which that sends them.
    pub(super) async fn shows(&mut self, wecom: &LocalWecom, link: &str, who: &str) -> String {
        let away = self.get(link).await;
        assert_eq!(away.status, 302, "{away:?}");
        self.says(wecom, &away, who).await
    }

    /// Says who it is to the service, to which an answer led.
    pub(super) async fn says(&mut self, wecom: &LocalWecom, away: &Seen, who: &str) -> String {
        let page = away.location.as_deref().expect("an address");
        assert!(page.starts_with(&wecom.url()), "{page}");
        let page = page.split('#').next().expect("an address");
        let chosen = self.get(&format!("{page}&as={who}")).await;
        assert_eq!(chosen.status, 302, "{chosen:?}");
        chosen.location.expect("an address")
    }

    /// Follows a link, signs in as somebody, and follows where that leads.
    pub(super) async fn opens_as(&mut self, wecom: &LocalWecom, link: &str, who: &str) -> Seen {
        let back = self.shows(wecom, link, who).await;
        self.returns(&back).await
    }

    /// Comes back from the service, and goes on to the link where it may.
    pub(super) async fn returns(&mut self, back: &str) -> Seen {
        assert!(back.starts_with(EXTERNAL), "{back}");
        let ended = self.get(back).await;
        match ended.location.clone() {
            Some(link) => {
                assert!(
                    link.starts_with(EXTERNAL),
                    "nobody is led elsewhere: {link}"
                );
                self.get(&link).await
            }
            None => ended,
        }
    }
}
