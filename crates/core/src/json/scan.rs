//! Where the parts of a JSON text end. Works on bytes without recursion; on what is no JSON the ends mean nothing, and nothing panics.

/// First index from `at` on that is no blank.
pub(super) fn past_blanks(bytes: &[u8], mut at: usize) -> usize {
    while matches!(bytes.get(at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
        at += 1;
    }
    at
}

/// Index behind the closing quote of the text in quotes that begins at `at`.
pub(super) fn text_end(bytes: &[u8], at: usize) -> usize {
    let mut at = at + 1;
    loop {
        match bytes.get(at) {
            Some(b'"') => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
            None => return bytes.len(),
        }
    }
}

/// Index behind the number or word that begins at `at`.
pub(super) fn word_end(bytes: &[u8], mut at: usize) -> usize {
    while matches!(
        bytes.get(at),
        Some(b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'+' | b'-' | b'.')
    ) {
        at += 1;
    }
    at
}

/// Index behind the value that begins at `at`.
pub(super) fn value_end(bytes: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    loop {
        let end = match bytes.get(at) {
            Some(b'"') => text_end(bytes, at),
            Some(b'{' | b'[') => {
                depth += 1;
                at + 1
            }
            Some(b'}' | b']') => {
                depth = depth.saturating_sub(1);
                at + 1
            }
            Some(_) => word_end(bytes, at).max(at + 1),
            None => return bytes.len(),
        };
        if depth == 0 {
            return end;
        }
        at = end;
    }
}

/// Code unit that `\uXXXX` at `at` stands for.
pub(super) fn code_unit(bytes: &[u8], at: usize) -> Option<u16> {
    let digits = bytes.get(at..at + 6)?.strip_prefix(b"\\u")?;
    digits.iter().try_fold(0u16, |unit, digit| {
        Some(unit << 4 | u16::try_from(char::from(*digit).to_digit(16)?).ok()?)
    })
}

/// Index of a half of a surrogate pair that stands alone between `at` and `end`.
pub(super) fn lone_surrogate(bytes: &[u8], mut at: usize, end: usize) -> Option<usize> {
    while at < end {
        if bytes.get(at) != Some(&b'\\') {
            at += 1;
            continue;
        }
        match code_unit(bytes, at) {
            Some(0xd800..=0xdbff) if matches!(code_unit(bytes, at + 6), Some(0xdc00..=0xdfff)) => {
                at += 12;
            }
            Some(0xd800..=0xdfff) => return Some(at),
            Some(_) => at += 6,
            None => at += 2,
        }
    }
    None
}
