//! Links to approvals as they are followed: their parts, and who follows them.

use std::sync::Arc;

use acteon_gateway::{Link, LinkTarget, LinkUse};
use axum::extract::FromRequestParts;
use axum::http::HeaderValue;
use axum::http::request::Parts;
use axum::response::Response;

use super::cookie;
use super::visitor::Visitor;
use super::words::Language;
use crate::http::error::Refusal;
use crate::http::extract::path::Path;
use crate::http::extract::query::{FromQuery, Parameters, Query, refusal};
use crate::http::state::AppState;

/// Digits of a signature.
const SIGNATURE_DIGITS: usize = 64;

/// Most cookies of a name that are looked at.
const MAX_COOKIES: usize = 4;

/// Path of an approval in links.
pub(in crate::http) type LinkPath = (String, String, String);

/// Query of a link.
pub(in crate::http) struct LinkQuery {
    signature: String,
    expires_at: i64,
    key: Option<String>,
    person: Option<String>,
    /// Language that was chosen on the page.
    pub(super) language: Option<Language>,
}

impl LinkQuery {
    /// Link with the path of its approval, and the userid of who brings it.
    pub(super) fn link<'a>(
        &'a self,
        (namespace, tenant, id): &'a LinkPath,
        used_to: LinkUse,
        member: Option<&'a str>,
    ) -> Link<'a> {
        Link {
            target: LinkTarget {
                namespace,
                tenant,
                id,
                expires_at: self.expires_at,
            },
            used_to,
            person: self.person.as_deref(),
            key: self.key.as_deref(),
            signature: &self.signature,
            member,
        }
    }
}

impl FromQuery for LinkQuery {
    fn names() -> Vec<&'static str> {
        vec!["sig", "expires_at", "kid", "person", "lang"]
    }

    // Messengers add some of their own.
    const IGNORES_OTHERS: bool = true;

    fn read(parameters: &Parameters) -> Result<Self, Refusal> {
        let missing = |name: &str| {
            refusal(format!(
                "the query parameter {name:?} is missing: a link to an approval has it"
            ))
        };
        let signature = parameters.get("sig").ok_or_else(|| missing("sig"))?;
        let seconds = |text: &str| text.parse::<i64>().ok();
        let expires_at = parameters
            .parsed("expires_at", "a number of seconds since 1970", seconds)?
            .ok_or_else(|| missing("expires_at"))?;
        let given = |name| parameters.get(name).map(str::to_owned);
        Ok(Self {
            // What is too long is no signature of ours, and is not looked at.
            signature: signature.chars().take(SIGNATURE_DIGITS + 1).collect(),
            expires_at,
            key: given("kid").filter(|key| !key.is_empty()),
            person: given("person"),
            language: parameters.get("lang").map(Language::of_word),
        })
    }
}

/// Link that somebody follows, and who does.
pub(in crate::http) struct Visit {
    path: LinkPath,
    query: LinkQuery,
    /// Userid of who has signed in.
    member: Option<String>,
    pub(in crate::http) visitor: Visitor,
}

impl Visit {
    /// Link with the path that it has.
    pub(in crate::http) fn link(&self, used_to: LinkUse) -> Link<'_> {
        self.query.link(&self.path, used_to, self.member.as_deref())
    }

    /// Language that was chosen on the page.
    pub(super) fn chosen_language(&self) -> Option<Language> {
        self.query.language
    }

    /// Knows who has signed in. A form of another site's page is nobody's.
    fn recognize(&mut self, state: &AppState, parts: &Parts) {
        let site = parts.headers.get("sec-fetch-site");
        // Another host of the same site is another's as well.
        let is_own = |site: &HeaderValue| {
            let site = site.as_bytes();
            site.eq_ignore_ascii_case(b"same-origin") || site.eq_ignore_ascii_case(b"none")
        };
        let is_foreign = site.is_some_and(|site| !is_own(site));
        if is_foreign && !parts.method.is_safe() {
            return;
        }
        let target = self.link(LinkUse::Open).target;
        let mut values = cookie::values(&parts.headers, cookie::MEMBER).take(MAX_COOKIES);
        let member = values.find_map(|value| state.gateway.signed_in_member(&target, value));
        self.member = member;
    }
}

impl FromRequestParts<Arc<AppState>> for Visit {
    type Rejection = Response;

    async fn from_request_parts(
        parts: &mut Parts,
        state: &Arc<AppState>,
    ) -> Result<Self, Response> {
        let mut visitor = Visitor::of(parts);
        let path = Path::<LinkPath>::from_request_parts(parts, state).await;
        let query = Query::<LinkQuery>::from_request_parts(parts, state).await;
        match (path, query) {
            (Ok(Path(path)), Ok(Query(query))) => {
                visitor.language = query.language.unwrap_or(visitor.language);
                let mut visit = Self {
                    path,
                    query,
                    member: None,
                    visitor,
                };
                visit.recognize(state, parts);
                Ok(visit)
            }
            (Err(refusal), _) | (_, Err(refusal)) => Err(visitor.refused(refusal)),
        }
    }
}
