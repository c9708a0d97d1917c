//! Paths that no route has, and the route that was probably meant.

use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;
use acteon_core::similar::distance;
use axum::http::StatusCode;

use super::error::Refusal;

/// Longest path, in bytes, for which a similar route is looked for, and most slips in all its
/// parts.
const MAX_PATH_BYTES: usize = 1024;
const MAX_SLIPS: usize = 4;

/// Refusal of a path that no route has.
pub(super) fn none(path: &str, routes: &[&'static str]) -> Refusal {
    let near = nearest(path, routes)
        .map_or("all are in the HTTP API page of the book".into(), |near| {
            format!("did you mean {near}?")
        });
    let shown = head(path, MAX_NAME_BYTES);
    Refusal::new(
        StatusCode::NOT_FOUND,
        "NOT_FOUND",
        format!("there is no route {shown:?}; {near}"),
    )
}

/// Route that a path was most likely meant for: with slips in its words, without its version,
/// behind another prefix, or with a slash too many.
fn nearest(path: &str, routes: &[&'static str]) -> Option<String> {
    if path.len() > MAX_PATH_BYTES {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    let behind = parts.strip_prefix(&["api"]).unwrap_or(&parts);
    let versioned = [&["v1"], behind].concat();
    let spellings = [&parts[..], behind, &versioned];
    let found = spellings
        .iter()
        .flat_map(|parts| routes.iter().filter_map(|route| fit(parts, route)));
    found.min().map(|(_, route)| route)
}

/// Number of slips in the words of a path, if it may be meant for a route, and that route with the
/// path's parameters.
fn fit(parts: &[&str], route: &str) -> Option<(usize, String)> {
    let wanted: Vec<&str> = route.split('/').filter(|part| !part.is_empty()).collect();
    if parts.len() != wanted.len() {
        return None;
    }
    let (mut slips, mut written) = (0, String::new());
    for (part, word) in parts.iter().zip(wanted) {
        let is_parameter = word.starts_with('{');
        if !is_parameter {
            let most = (word.len() / 3).max(1);
            if part.len().abs_diff(word.len()) > most {
                return None;
            }
            let between = distance(&part.to_ascii_lowercase(), word);
            slips += between;
            if between > most || slips > MAX_SLIPS {
                return None;
            }
        }
        written.push('/');
        written.push_str(if is_parameter { part } else { word });
    }
    (!written.is_empty()).then_some((slips, written))
}
