//! How alike two words are.

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
