//! Cookies of sign-ins: one while somebody is away to sign in, and one by which they are known after that. No script of a page reads them, no other
//! site's form sends them, and no other approval's page gets them.

use acteon_gateway::Kept;
use axum::http::{HeaderMap, HeaderValue, header};

/// Cookie while somebody is away to sign in.
pub(super) const AWAY: &str = "acteon_sign_in";

/// Cookie of who has signed in.
pub(super) const MEMBER: &str = "acteon_signed_in";

/// Values of the cookies of a name. There may be several, of the paths above.
pub(super) fn values<'h>(headers: &'h HeaderMap, name: &'h str) -> impl Iterator<Item = &'h str> {
    let given = headers.get_all(header::COOKIE).iter();
    let pairs = given
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(';'))
        .filter_map(|pair| pair.trim().split_once('='));
    pairs
        .filter(move |(known, _)| *known == name)
        .map(|(_, value)| value)
}

/// Header that has a browser keep a value; `None` where the path cannot stand in one.
pub(super) fn header_of(name: &str, kept: &Kept) -> Option<HeaderValue> {
    let Kept {
        value,
        path,
        is_secure,
        lasts,
    } = kept;
    let secure = if *is_secure { "; Secure" } else { "" };
    let seconds = lasts.as_secs();
    // With `Strict` the browser that comes back from the service would not send it.
    let text =
        format!("{name}={value}; Path={path}; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::from_str(&text).ok()
}
