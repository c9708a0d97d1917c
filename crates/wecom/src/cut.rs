//! Cutting what is too long, visibly.
//!
//! A text is taken as *pieces*: a character, or a run that must not be torn apart (a tag, a link). Some pieces open markup that must be
//! closed again when the rest is cut away. The cut falls between pieces, and a mark says how much is missing. A last line
//! that is only a link stays: it is what the reader of a long alert needs most.

/// What a limit counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Bytes,
    Characters,
}

impl Unit {
    pub(crate) fn size(self, text: &str) -> usize {
        match self {
            Self::Bytes => text.len(),
            Self::Characters => text.chars().count(),
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Characters => "characters",
        }
    }
}

/// Which markup a text may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Markup {
    /// None, as in a title.
    Plain,
    /// `<a>` links in text, `<div>` in a card.
    Tags,
    /// The markdown of WeChat Work.
    Markdown,
}

/// `text` cut to at most `limit`, and how much is missing; `None` when it fits.
pub(crate) fn cut(text: &str, limit: usize, unit: Unit, markup: Markup) -> Option<(String, usize)> {
    let total = unit.size(text);
    if total <= limit {
        return None;
    }
    let tail = link_line(text).filter(|tail| unit.size(tail) < limit / 2);
    let body = tail.map_or(text, |tail| &text[..text.len() - tail.len()]);
    let mark_room = unit.size(&mark(total, unit)) + tail.map_or(0, |tail| unit.size(tail) + 1);
    let (end, closers) = last_fit(body, limit.saturating_sub(mark_room), unit, markup);
    let head = body[..end].trim_end_matches(['\n', ' ']);
    let missing = total - unit.size(head) - tail.map_or(0, |tail| unit.size(tail));
    let mut result = format!("{head}{closers}{}", mark(missing, unit));
    if let Some(tail) = tail {
        result.push('\n');
        result.push_str(tail);
    }
    Some((result, missing))
}

fn mark(missing: usize, unit: Unit) -> String {
    format!("… [{missing} {} cut]", unit.name())
}

/// The last line, if it is nothing but a link.
fn link_line(text: &str) -> Option<&str> {
    let (_, line) = text.trim_end().rsplit_once('\n')?;
    let line = &text[text.trim_end().len() - line.len()..];
    let bare = line.trim().trim_start_matches('>').trim();
    let is_url = (bare.starts_with("http://") || bare.starts_with("https://")) && !bare.contains(char::is_whitespace);
    let is_markdown = bare.starts_with('[') && bare.ends_with(')') && bare.matches("](").count() == 1;
    let is_tag = bare.starts_with("<a ") && bare.ends_with("</a>") && bare.matches("</a>").count() == 1;
    (is_url || is_markdown || is_tag).then_some(line)
}

/// Where to cut so that text and closers fit into `room`, and the closers.
fn last_fit(text: &str, room: usize, unit: Unit, markup: Markup) -> (usize, String) {
    let mut scanner = Scanner { text, at: 0, markup, open: Vec::new() };
    let mut used = 0;
    let mut best = (0, String::new());
    while let Some((piece, opens)) = scanner.next_piece() {
        used += unit.size(piece);
        if used > room {
            break;
        }
        let closers: usize = scanner.open.iter().map(|closer| closer.len()).sum();
        if !opens && used + closers <= room {
            best = (scanner.at, scanner.open.iter().rev().copied().collect());
        }
    }
    best
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    markup: Markup,
    open: Vec<&'static str>,
}

impl<'a> Scanner<'a> {
    /// The next piece, and whether it opened markup.
    fn next_piece(&mut self) -> Option<(&'a str, bool)> {
        let rest = &self.text[self.at..];
        let first = rest.chars().next()?;
        let (length, opens) = match (self.markup, first) {
            (Markup::Tags | Markup::Markdown, '<') => self.tag(rest),
            (Markup::Markdown, '*') if rest.starts_with("**") => (2, self.toggle("**")),
            (Markup::Markdown, '`') => (1, self.toggle("`")),
            (Markup::Markdown, '[') => (link_length(rest).unwrap_or(1), false),
            (Markup::Markdown, '\n') => {
                self.open.retain(|closer| closer.starts_with('<'));
                (1, false)
            }
            _ => (first.len_utf8(), false),
        };
        self.at += length;
        Some((&rest[..length], opens))
    }

    fn toggle(&mut self, closer: &'static str) -> bool {
        if let Some(index) = self.open.iter().rposition(|open| *open == closer) {
            self.open.truncate(index);
            return false;
        }
        self.open.push(closer);
        true
    }

    fn tag(&mut self, rest: &str) -> (usize, bool) {
        let Some(end) = rest.find('>').map(|end| end + 1) else { return (1, false) };
        if rest.starts_with("<a ") {
            return (rest.find("</a>").map_or(end, |close| close + 4), false);
        }
        for (opening, closer) in [("<font", "</font>"), ("<div", "</div>")] {
            if rest.starts_with(opening) {
                self.open.push(closer);
                return (end, true);
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

/// The length of a markdown link at the start of `rest`, if there is one on this line.
fn link_length(rest: &str) -> Option<usize> {
    let line = rest.lines().next()?;
    let middle = line.find("](")?;
    let end = line[middle..].find(')')? + middle + 1;
    (!line[1..middle].contains('[')).then_some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_fits_is_left_alone() {
        assert_eq!(cut("abc", 3, Unit::Bytes, Markup::Plain), None);
        assert_eq!(cut("中文字", 3, Unit::Characters, Markup::Plain), None);
    }

    #[test]
    fn a_cut_falls_between_characters_and_says_how_much_is_missing() {
        let (text, missing) = cut(&"中".repeat(20), 40, Unit::Bytes, Markup::Plain).expect("cut");
        assert!(text.len() <= 40, "{text}");
        assert!(text.ends_with(&format!("… [{missing} bytes cut]")), "{text}");
        assert_eq!(missing + text.matches('中').count() * 3, 60);
    }

    #[test]
    fn markup_that_is_open_is_closed() {
        let long = format!("<font color=\"warning\">**{}**</font>", "x".repeat(100));
        let (text, _) = cut(&long, 70, Unit::Bytes, Markup::Markdown).expect("cut");
        assert!(text.contains("x**</font>… ["), "{text}");
        let (text, _) =
            cut(&format!("ab [runbook](https://example.com/{})", "x".repeat(90)), 60, Unit::Bytes, Markup::Markdown).expect("cut");
        assert!(text.starts_with("ab… ["), "{text}");
    }

    #[test]
    fn a_last_line_that_is_a_link_stays() {
        let long = format!("{}\n> [Open runbook](https://example.com/r)", "line\n".repeat(500));
        let (text, _) = cut(&long, 2048, Unit::Bytes, Markup::Markdown).expect("cut");
        assert!(text.ends_with("cut]\n> [Open runbook](https://example.com/r)"), "{text}");
        assert!(text.len() <= 2048 && text.len() > 2000, "{}", text.len());
    }

    proptest! {
        #[test]
        fn a_cut_text_fits_and_counts_what_is_missing(text in "([a-z*`\\[\\]()<>/ \n中]|\\*\\*|</?font>|<a href=\"x\">|</a>){0,300}", limit in 60usize..200) {
            for (unit, markup) in [(Unit::Bytes, Markup::Markdown), (Unit::Characters, Markup::Tags), (Unit::Bytes, Markup::Plain)] {
                if let Some((cut_text, missing)) = cut(&text, limit, unit, markup) {
                    prop_assert!(unit.size(&cut_text) <= limit, "{cut_text:?}");
                    let mark = format!("… [{missing} {} cut]", unit.name());
                    prop_assert!(missing > 0 && cut_text.contains(&mark), "{cut_text:?}");
                } else {
                    prop_assert!(unit.size(&text) <= limit);
                }
            }
        }
    }
}
