//! What somebody may have meant by a name.

use acteon_core::similar::distance;

/// Names that are further from what was written are no suggestion.
const MAX_DISTANCE: usize = 3;

/// The nearest of the names, if one is near enough to be a slip.
pub(crate) fn nearest<'a>(written: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = (written.len() / 3).clamp(1, MAX_DISTANCE);
    let near = names.filter(|name| name.len().abs_diff(written.len()) <= most).map(|name| (distance(written, name), name));
    near.filter(|(distance, _)| *distance <= most).min().map(|(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_guess_is_not() {
        let names = || ["wechat-ops", "wechat-dev", "log"].into_iter();
        assert_eq!(nearest("wechat-op", names()), Some("wechat-ops"));
        assert_eq!(nearest("lgo", names()), None);
        assert_eq!(nearest("lg", names()), Some("log"));
        assert_eq!(nearest("mail", names()), None);
    }
}
