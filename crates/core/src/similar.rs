//! Similarity of words, for suggesting the one that was probably meant.

/// Names that are further from what was written are no suggestion.
const MAX_DISTANCE: usize = 3;

/// The nearest of the names, if one is near enough to be a slip: a third of its letters may be wrong,
/// and one of a short name. Case counts for nothing; of two as near the first by name is taken.
pub fn nearest<'a>(written: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let written = written.to_lowercase();
    let most = (written.len() / 3).clamp(1, MAX_DISTANCE);
    let near = names
        .into_iter()
        .filter(|name| name.len().abs_diff(written.len()) <= most);
    let near = near.map(|name| (distance(&written, &name.to_lowercase()), name));
    // Of a name of one letter nothing would be left that is like it.
    near.filter(|(distance, name)| *distance <= most && *distance < name.len())
        .min()
        .map(|(_, name)| name)
}

/// Slips that make one word of another: characters put in, left out or changed, and neighbours
/// swapped.
pub fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    // A swap looks back over two letters, so two rows of the table are kept.
    let mut older: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for (i, wanted) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, found) in to.iter().enumerate() {
            let changed = last[j] + usize::from(wanted != found);
            let mut slips = changed.min(last[j + 1] + 1).min(row[j] + 1);
            let is_swap = i > 0 && j > 0 && *wanted == to[j - 1] && from[i - 1] == *found;
            if is_swap {
                slips = slips.min(older[j - 1] + 1);
            }
            row.push(slips);
        }
        older = std::mem::replace(&mut last, row);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_found_and_a_guess_is_not() {
        let names = || ["wechat-ops", "wechat-dev", "log"];
        assert_eq!(nearest("wechat-op", names()), Some("wechat-ops"));
        assert_eq!(nearest("WeChat-Ops", names()), Some("wechat-ops"));
        assert_eq!(nearest("lgo", names()), Some("log"));
        assert_eq!(nearest("lig", names()), Some("log"));
        assert_eq!(nearest("lig0", names()), None);
        assert_eq!(nearest("lg", names()), Some("log"));
        assert_eq!(nearest("mail", names()), None);
    }
}
