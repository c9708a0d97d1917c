//! Similarity of words, for suggesting the one that was probably meant.

/// Names that are further from what was written are no suggestion.
const MAX_DISTANCE: usize = 3;

/// The nearest of the names, if one is near enough to be a slip. Case counts for nothing.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let most = (written.len() / 3).clamp(1, MAX_DISTANCE);
    let near = names
        .into_iter()
        .filter(|name| name.len().abs_diff(written.len()) <= most);
    let near = near.map(|name| (distance(&written, &name.to_lowercase()), name));
    near.filter(|(distance, _)| *distance <= most)
        .min()
        .map(|(_, name)| name)
}

/// The number of characters that must be put in, left out or changed to make one word of another.
pub fn distance(from: &str, to: &str) -> usize {
    let to: Vec<char> = to.chars().collect();
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (place, wanted) in from.chars().enumerate() {
        let mut before = std::mem::replace(&mut row[0], place + 1);
        for (column, found) in to.iter().enumerate() {
            let changed = before + usize::from(wanted != *found);
            before = row[column + 1];
            row[column + 1] = changed.min(before + 1).min(row[column] + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_guess_is_not() {
        let names = || ["wechat-ops", "wechat-dev", "log"];
        assert_eq!(nearest("wechat-op", names()), Some("wechat-ops"));
        assert_eq!(nearest("WeChat-Ops", names()), Some("wechat-ops"));
        assert_eq!(nearest("lgo", names()), None);
        assert_eq!(nearest("lg", names()), Some("log"));
        assert_eq!(nearest("mail", names()), None);
    }
}
