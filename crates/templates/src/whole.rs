//! Strings that are one expression and nothing else, and expressions that are one path and nothing else.

/// Path to a value: the name of a root, and the steps from there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Path {
    pub(crate) root: String,
    pub(crate) steps: Vec<Step>,
}

/// Step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Member(String),
    Item(usize),
}

/// The expression of a source that is one `{{ expression }}` and nothing else.
pub(crate) fn expression(source: &str) -> Option<&str> {
    let inner = source.trim().strip_prefix("{{")?.strip_suffix("}}")?;
    let inner = inner.strip_prefix(['-', '+']).unwrap_or(inner);
    let inner = inner.strip_suffix('-').unwrap_or(inner);
    is_one(inner).then(|| inner.trim())
}

/// Whether no end of a tag stands in `inner`, quoted texts and maps aside.
fn is_one(inner: &str) -> bool {
    let mut quote = None;
    let mut braces = 0usize;
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        match (quote, letter) {
            (Some(_), '\\') => {
                letters.next();
            }
            (Some(open), _) if open == letter => quote = None,
            (None, '"' | '\'') => quote = Some(letter),
            (None, '{') => braces += 1,
            (None, '}') if braces == 0 => return false,
            (None, '}') => braces -= 1,
            _ => {}
        }
    }
    quote.is_none() && braces == 0
}

/// The path that an expression is, such as `payload.items[0].id`.
pub(crate) fn path(expression: &str) -> Option<Path> {
    let end = expression
        .find(|letter| !is_of_name(letter))
        .unwrap_or(expression.len());
    let (root, mut rest) = expression.split_at(end);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after
                .find(|letter| !is_of_name(letter))
                .unwrap_or(after.len());
            let (name, after) = after.split_at(end);
            steps.push(Step::Member(checked_name(name)?.to_owned()));
            rest = after;
        } else {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            steps.push(match quoted_name(index) {
                Some(name) => Step::Member(name.to_owned()),
                None => Step::Item(index.parse().ok()?),
            });
            rest = after;
        }
    }
    Some(Path {
        root: checked_name(root)?.to_owned(),
        steps,
    })
}

fn is_of_name(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '_'
}

fn checked_name(name: &str) -> Option<&str> {
    let first = name.chars().next()?;
    (!first.is_ascii_digit()).then_some(name)
}

fn quoted_name(index: &str) -> Option<&str> {
    let quote = index
        .chars()
        .next()
        .filter(|letter| matches!(letter, '"' | '\''))?;
    let name = index.strip_prefix(quote)?.strip_suffix(quote)?;
    (!name.contains([quote, '\\'])).then_some(name)
}
