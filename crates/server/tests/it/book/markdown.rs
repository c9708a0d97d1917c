//! Fenced blocks and inline code of a Markdown page.

use std::path::Path;

/// A fenced block.
#[derive(Debug)]
pub(super) struct Block {
    /// Line of its opening fence, from 1.
    pub(super) line: usize,
    /// First word behind the fence.
    pub(super) language: String,
    /// Further words, such as `fails`.
    pub(super) words: Vec<String>,
    /// Why it cannot be run: what follows `not-run:`.
    pub(super) excuse: Option<String>,
    pub(super) text: String,
}

impl Block {
    pub(super) fn says(&self, word: &str) -> bool {
        self.words.iter().any(|said| said == word)
    }

    /// The file that it is, where its first line names one in a comment: `# rules/oncall.yaml`, with remarks behind a comma.
    pub(super) fn file(&self) -> Option<&str> {
        let name = self
            .text
            .lines()
            .next()?
            .strip_prefix("# ")?
            .split(',')
            .next()?
            .trim();
        let kind = Path::new(name).extension().unwrap_or_default();
        ((kind == "toml" || kind == "yaml") && !name.contains(' ')).then_some(name)
    }
}

/// Every fenced block.
pub(super) fn blocks(page: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in page.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(_), Some(_)) => found.extend(open.take()),
            (Some(block), None) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            (None, Some(info)) => open = Some(opened(index + 1, info)),
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed: {open:?}");
    found
}

fn opened(line: usize, info: &str) -> Block {
    let (head, excuse) = match info.split_once("not-run:") {
        Some((head, excuse)) => (head, Some(excuse.trim().to_owned())),
        None => (info, None),
    };
    let mut words = head.split_whitespace().map(str::to_owned);
    Block {
        line,
        language: words.next().unwrap_or_default(),
        words: words.collect(),
        excuse,
        text: String::new(),
    }
}

/// Inline code outside of fenced blocks, each with its line.
pub(super) fn spans(page: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut is_fenced = false;
    for (index, line) in page.lines().enumerate() {
        if line.starts_with("```") {
            is_fenced = !is_fenced;
        } else if !is_fenced {
            found.extend(
                line.split('`')
                    .skip(1)
                    .step_by(2)
                    .map(|span| (index + 1, span)),
            );
        }
    }
    found
}

/// A command of a `console` block, and what the page says that it prints.
#[derive(Debug, Default)]
pub(super) struct Command {
    pub(super) line: usize,
    pub(super) text: String,
    pub(super) printed: Vec<String>,
}

/// The commands of a `console` block. One goes on over lines while a quote is open or a line ends in a backslash.
pub(super) fn commands(block: &Block) -> Vec<Command> {
    let mut found: Vec<Command> = Vec::new();
    let mut goes_on = false;
    for (index, line) in block.text.lines().enumerate() {
        if let Some(text) = line.strip_prefix("$ ").filter(|_| !goes_on) {
            found.push(Command {
                line: block.line + 1 + index,
                text: text.to_owned(),
                printed: Vec::new(),
            });
        } else if let Some(last) = found.last_mut() {
            if goes_on {
                last.text.push('\n');
                last.text.push_str(line);
            } else {
                last.printed.push(line.to_owned());
            }
        } else {
            panic!(
                "line {}: a console block begins with a command: {line}",
                block.line + 1 + index
            );
        }
        goes_on = found
            .last()
            .is_some_and(|last| last.printed.is_empty() && is_open(&last.text));
    }
    found
}

fn is_open(command: &str) -> bool {
    let code = command.split(" # ").next().unwrap_or_default();
    code.matches('\'').count() % 2 == 1 || code.ends_with('\\')
}
