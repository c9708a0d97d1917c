//! Language of the marks that are added to messages for their readers.

use std::time::Duration;

use crate::unit::Unit;

/// Language of the marks. The messages themselves are in their senders' words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// English, such as `[sent 5 min late]`.
    #[default]
    En,
    /// Chinese, such as `[延迟 5 分钟发送]`.
    Zh,
}

impl Language {
    /// All languages, each with its word in configurations.
    pub const ALL: [(&str, Self); 2] = [("en", Self::En), ("zh", Self::Zh)];

    /// Language of a word of [`Self::ALL`]; `None` for other words.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|(known, _)| *known == word)
            .map(|(_, language)| language)
    }

    /// Mark of a message that is sent `late`, in hours and whole minutes.
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

    /// Language of a mark that [`Self::late_mark`] made. The configuration may have changed since, but what may have arrived is sent again unchanged.
    pub(crate) fn of_late_mark(mark: &str) -> Self {
        if mark.starts_with("[延迟") {
            Self::Zh
        } else {
            Self::En
        }
    }

    /// Mark where a text was cut, with how much of it is missing.
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
