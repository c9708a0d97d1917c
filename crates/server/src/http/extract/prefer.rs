//! How long a caller wants to wait: the `Prefer` header of RFC 7240.

use std::convert::Infallible;
use std::time::Duration;

use acteon_core::limits::{DEFAULT_WAIT, MAX_WAIT};
use acteon_gateway::Wait;
use axum::extract::FromRequestParts;
use axum::http::HeaderMap;
use axum::http::request::Parts;

/// Wait that a caller prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) struct Preference {
    pub(in crate::http) wait: Wait,
    /// Whether the caller sent a preference, so that a pending answer is 202.
    pub(in crate::http) said: bool,
}

impl<S: Send + Sync> FromRequestParts<S> for Preference {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(read(&parts.headers))
    }
}

/// Reads `respond-async` and `wait=N`, N in seconds. What cannot be read is ignored, and of two the first counts, as the RFC asks: several headers
/// are one list.
fn read(headers: &HeaderMap) -> Preference {
    let mut preference = Preference {
        wait: Wait::ForOutcome(DEFAULT_WAIT),
        said: false,
    };
    let values = headers
        .get_all("prefer")
        .iter()
        .filter_map(|value| value.to_str().ok());
    let mut asynchronous = false;
    for item in values.flat_map(|value| value.split(',')) {
        let item = item.split(';').next().unwrap_or_default().trim();
        if item.eq_ignore_ascii_case("respond-async") {
            asynchronous = true;
        }
        let seconds = item
            .split_once('=')
            .filter(|(name, _)| name.trim().eq_ignore_ascii_case("wait"));
        if !preference.said
            && let Some(seconds) = seconds.and_then(|(_, seconds)| whole(seconds))
        {
            let wait = match seconds {
                0 => Wait::ForCommit,
                seconds => Wait::ForEnd(Duration::from_secs(seconds).min(MAX_WAIT)),
            };
            preference = Preference { wait, said: true };
        }
    }
    if asynchronous && !preference.said {
        return Preference {
            wait: Wait::ForCommit,
            said: true,
        };
    }
    preference
}

/// Whole number of seconds; the largest `u64` where it is larger.
fn whole(text: &str) -> Option<u64> {
    let digits = text.trim().trim_matches('"');
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_rfc_writes() {
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("prefer", text.parse().expect("a header value"));
            super::read(&headers)
        };
        let waits = |seconds| Preference {
            wait: Wait::ForEnd(Duration::from_secs(seconds)),
            said: true,
        };
        assert_eq!(
            read("respond-async"),
            Preference {
                wait: Wait::ForCommit,
                said: true
            }
        );
        assert_eq!(read("wait=10"), waits(10));
        assert_eq!(read("respond-async, wait=3"), waits(3));
        assert_eq!(read("Wait = \"7\" ; x=y"), waits(7));
        assert_eq!(read("wait=99999"), waits(60));
        assert_eq!(
            read("wait=99999999999999999999"),
            waits(60),
            "longer than any number that is counted with"
        );
        assert_eq!(read("wait=3, wait=1"), waits(3), "the first of two counts");
        assert_eq!(
            read("wait=soon, wait=4"),
            waits(4),
            "what cannot be read is none"
        );
        assert_eq!(
            read("wait=0"),
            read("respond-async"),
            "an answer needs its commit all the same"
        );
        assert_eq!(
            read("wait=soon, handling=lenient"),
            Preference {
                wait: Wait::ForOutcome(DEFAULT_WAIT),
                said: false
            }
        );
    }
}
