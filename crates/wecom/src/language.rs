//! The language of what is added to messages: people read it on their phones.

use std::time::Duration;

use crate::unit::Unit;

/// A language. The words of messages themselves are their sender's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Chinese.
    Zh,
}

impl Language {
    /// Every one, with the word that configurations have for it.
    pub const ALL: [(&str, Self); 2] = [("en", Self::En), ("zh", Self::Zh)];

    /// The language that a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == word)
            .map(|(_, language)| language)
    }

    /// Says that a message is sent so much late.
    pub fn late_mark(self, late: Duration) -> String {
        let minutes = late.as_secs() / 60;
        let late = match (self, minutes / 60, minutes % 60) {
            (Self::En, 0, minutes) => format!("{minutes} min"),
            (Self::En, hours, 0) => format!("{hours} h"),
            (Self::En, hours, minutes) => format!("{hours} h {minutes} min"),
            (Self::Zh, 0, minutes) => format!("{minutes} 分钟"),
            (Self::Zh, hours, 0) => format!("{hours} 小时"),
            (Self::Zh, hours, minutes) => format!("{hours} 小时 {minutes} 分钟"),
        };
        match self {
            Self::En => format!("[sent {late} late]"),
            Self::Zh => format!("[延迟 {late}发送]"),
        }
    }

    /// The language of a mark that [`Self::late_mark`] wrote, perhaps under another configuration: what was sent once is sent again as it was.
    pub(crate) fn of_late_mark(mark: &str) -> Self {
        if mark.starts_with("[延迟") {
            Self::Zh
        } else {
            Self::En
        }
    }

    /// Says how much of a text is missing.
    pub(crate) fn cut_mark(self, missing: usize, unit: Unit) -> String {
        match (self, unit) {
            (Self::En, _) => format!("… [{missing} {} cut]", unit.as_str()),
            (Self::Zh, Unit::Bytes) => format!("… [已截断 {missing} 字节]"),
            (Self::Zh, Unit::Characters) => format!("… [已截断 {missing} 字]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_is_told_in_hours_and_minutes_and_its_language_is_known_again() {
        for (minutes, en, zh) in [
            (5, "[sent 5 min late]", "[延迟 5 分钟发送]"),
            (60, "[sent 1 h late]", "[延迟 1 小时发送]"),
            (312, "[sent 5 h 12 min late]", "[延迟 5 小时 12 分钟发送]"),
        ] {
            let late = Duration::from_secs(minutes * 60 + 59);
            assert_eq!(
                (
                    Language::En.late_mark(late).as_str(),
                    Language::Zh.late_mark(late).as_str()
                ),
                (en, zh)
            );
        }
        for (_, language) in Language::ALL {
            assert_eq!(
                Language::of_late_mark(&language.late_mark(Duration::from_mins(90))),
                language
            );
        }
    }
}
