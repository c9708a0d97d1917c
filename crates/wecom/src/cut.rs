//! Cuts of texts that are too long, with a mark that shows where and how much is missing.
//!
//! A text is read in *pieces*: a character as people see one, or a run that must not be split (a tag, a link). Some pieces open markup that must be
//! closed again when the rest is cut off. The cut falls between two pieces. A last line that is only a link is kept: it is what the reader of a long
//! alert needs most.
//!
//! What looks like markup but does not end within the longest piece is read as plain text. This bounds the search for the end of each piece, and the
//! text that is lost to a cut.

use unicode_segmentation::UnicodeSegmentation as _;

use crate::language::Language;
use crate::unit::Unit;

/// Longest piece, in bytes; a piece also ends with its line.
const LONGEST_PIECE: usize = 256;
/// Most elements of markup that are open at a time. What is nested deeper is read as plain text.
const DEEPEST: usize = 8;
/// Most bytes that are given up so that the cut does not fall right behind an opening tag, which would enclose nothing.
const OPENED_FOR_NOTHING: usize = 16;
/// Most blanks that are removed before the mark.
const BLANKS: usize = 8;

/// Markup that a text may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Markup {
    /// No markup, as in a title.
    Plain,
    /// Tags: `<a>` in a text message, `<div>` and `<br>` in a card's description.
    Tags,
    /// WeChat Work's markdown, with its tags.
    Markdown,
}

/// Cuts `text` to at most `limit`, mark included. Returns the shorter text and how much of `text` is missing, in the limit's unit; `None` when it fits.
pub(crate) fn cut(
    text: &str,
    limit: usize,
    unit: Unit,
    markup: Markup,
    language: Language,
) -> Option<(String, usize)> {
    let total = unit.size(text);
    if total <= limit {
        return None;
    }
    let shown = text.trim_end();
    let tail = link_line(shown, limit * 4).filter(|tail| unit.size(tail) < limit / 2);
    let body = tail.map_or(text, |tail| &shown[..shown.len() - tail.len()]);
    let mark_room =
        unit.size(&language.cut_mark(total, unit)) + tail.map_or(0, |tail| unit.size(tail) + 1);
    let (end, closers) = Scanner::new(body, markup).last_fit(limit.saturating_sub(mark_room), unit);
    let head = without_blanks(&body[..end]);
    let missing = total - unit.size(head) - tail.map_or(0, |tail| unit.size(tail));
    let mut result = format!("{head}{closers}{}", language.cut_mark(missing, unit));
    if let Some(tail) = tail {
        result.push('\n');
        result.push_str(tail);
    }
    Some((result, missing))
}

fn without_blanks(head: &str) -> &str {
    let trimmed = head.trim_end_matches(['\n', '\r', ' ']);
    if head.len() - trimmed.len() <= BLANKS {
        trimmed
    } else {
        head
    }
}

/// Last line of `text`, if it is only a link and no longer than `most` bytes.
fn link_line(text: &str, most: usize) -> Option<&str> {
    let (_, line) = text
        .rsplit_once('\n')
        .filter(|(_, line)| line.len() <= most)?;
    let bare = line.trim().trim_start_matches('>').trim();
    let is_url = is_web_address(bare) && !bare.contains(char::is_whitespace);
    let is_markdown =
        bare.starts_with('[') && bare.ends_with(')') && bare.matches("](").count() == 1;
    let is_tag =
        bare.starts_with("<a ") && bare.ends_with("</a>") && bare.matches("</a>").count() == 1;
    (is_url || is_markdown || is_tag).then_some(line)
}

/// Whether a text begins with `http://` or `https://`, in small letters or capitals.
pub(crate) fn is_web_address(text: &str) -> bool {
    let begins = |scheme: &str| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    begins("http://") || begins("https://")
}

/// Reader of a text's pieces, which knows the markup that is open.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    markup: Markup,
    /// Closers of the markup that is open, such as `</div>` or `**`; the innermost is the last.
    open: Vec<&'static str>,
    /// Bytes that were searched for the ends of pieces. A test holds that they do not grow with a text whose cut stays where it is.
    searched: usize,
}

impl<'a> Scanner<'a> {
    fn new(text: &'a str, markup: Markup) -> Self {
        Self {
            text,
            at: 0,
            markup,
            open: Vec::new(),
            searched: 0,
        }
    }

    /// Last place, in bytes, where text and closers fit into `room`, with the closers that are needed there.
    fn last_fit(&mut self, room: usize, unit: Unit) -> (usize, String) {
        let mut used = 0;
        let mut best = 0;
        let mut open_there = Vec::new();
        while let Some((piece, opens)) = self.next_piece() {
            used += unit.size(piece);
            if used > room {
                break;
            }
            let closers: usize = self.open.iter().map(|closer| closer.len()).sum();
            if used + closers <= room && (!opens || self.at - best > OPENED_FOR_NOTHING) {
                best = self.at;
                open_there.clone_from(&self.open);
            }
        }
        (best, open_there.iter().rev().copied().collect())
    }

    /// Reads the next piece; `true` when it opened markup.
    fn next_piece(&mut self) -> Option<(&'a str, bool)> {
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        let (length, opens) = match (self.markup, first) {
            (Markup::Tags | Markup::Markdown, '<') => self.tag(rest),
            (Markup::Markdown, '*') if rest.starts_with("**") => (2, self.toggle("**")),
            (Markup::Markdown, '`') => (1, self.toggle("`")),
            (Markup::Markdown, '[') => (link_length(self.reach(rest)).unwrap_or(1), false),
            (Markup::Markdown, '\n') => {
                self.open.retain(|closer| closer.starts_with('<'));
                (1, false)
            }
            _ => (self.letter(rest), false),
        };
        self.at += length;
        Some((&rest[..length], opens))
    }

    /// Length in bytes of the grapheme cluster at the start of `rest`, which people see as one character: a letter with its accents, an emoji.
    fn letter(&mut self, rest: &'a str) -> usize {
        if let [first, second, ..] = rest.as_bytes()
            && first.is_ascii()
            && second.is_ascii()
            && *first != b'\r'
        {
            return 1;
        }
        let near = &rest[..rest.floor_char_boundary(LONGEST_PIECE)];
        let letter = near.graphemes(true).next().map_or(1, str::len);
        self.searched += letter;
        letter
    }

    /// Part of `rest` that a piece can be in: up to its line's end, and no longer than the longest piece.
    fn reach(&mut self, rest: &'a str) -> &'a str {
        let reach = &rest[..rest.floor_char_boundary(LONGEST_PIECE)];
        self.searched += reach.len();
        reach.split('\n').next().unwrap_or(reach)
    }

    /// Closes markup whose mark opens and closes alike, or opens it where it is not open. `true` when it was opened.
    fn toggle(&mut self, closer: &'static str) -> bool {
        if let Some(index) = self.open.iter().rposition(|open| *open == closer) {
            self.open.truncate(index);
            return false;
        }
        self.opens(closer)
    }

    /// Opens markup; `false` where too much is open already, so that it is plain text.
    fn opens(&mut self, closer: &'static str) -> bool {
        let fits = self.open.len() < DEEPEST;
        if fits {
            self.open.push(closer);
        }
        fits
    }

    /// Length in bytes of the tag, or of the whole link, at the start of `rest`, and whether it opened markup; 1 where `<` is plain text.
    fn tag(&mut self, rest: &'a str) -> (usize, bool) {
        let rest = self.reach(rest);
        let Some(end) = rest.find('>').map(|end| end + 1) else {
            return (1, false);
        };
        if rest.starts_with("<a ")
            && let Some(close) = rest.find("</a>")
        {
            return (close + 4, false);
        }
        for (opening, closer) in [("<a ", "</a>"), ("<font", "</font>"), ("<div", "</div>")] {
            if rest.starts_with(opening) {
                return (end, self.opens(closer));
            }
            if rest.starts_with(closer)
                && let Some(index) = self.open.iter().rposition(|open| *open == closer)
            {
                self.open.truncate(index);
            }
        }
        let known = rest.starts_with("<br") || rest.starts_with("</");
        (if known { end } else { 1 }, false)
    }
}

/// Length in bytes of the markdown link at the start of `line`, if there is one.
fn link_length(line: &str) -> Option<usize> {
    let middle = line.find("](")?;
    let end = line[middle..].find(')')? + middle + 1;
    (!line[1..middle].contains('[')).then_some(end)
}

#[cfg(test)]
mod tests;
