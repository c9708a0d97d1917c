//! Words of the page, all of a language in one file.

mod en;
mod list;
mod zh;

use axum::http::{HeaderMap, header};

pub(super) use list::Words;

/// Language of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::http) enum Language {
    English,
    Chinese,
}

impl Language {
    /// Language of a tag; English where it is none of these.
    pub(in crate::http) fn of_word(word: &str) -> Self {
        if word.to_ascii_lowercase().starts_with("zh") {
            Self::Chinese
        } else {
            Self::English
        }
    }

    /// Language that a browser asks for.
    pub(in crate::http) fn of_headers(headers: &HeaderMap) -> Self {
        let asked = headers
            .get(header::ACCEPT_LANGUAGE)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let mut best: Option<(f32, Self)> = None;
        for part in asked.split(',').take(32) {
            let (tag, quality) = part.split_once(";q=").unwrap_or((part, "1"));
            let tag = tag.trim().to_ascii_lowercase();
            let language = match tag.split('-').next() {
                Some("zh") => Self::Chinese,
                Some("en") => Self::English,
                _ => continue,
            };
            let quality = quality.trim().parse::<f32>().unwrap_or(0.0);
            if best.is_none_or(|(before, _)| quality > before) {
                best = Some((quality, language));
            }
        }
        best.map_or(Self::English, |(_, language)| language)
    }

    pub(super) const fn words(self) -> &'static Words {
        match self {
            Self::English => &en::WORDS,
            Self::Chinese => &zh::WORDS,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_language_is_the_one_that_is_asked_for_most() {
        for (asked, language) in [
            ("zh-CN,zh;q=0.9,en;q=0.8", Language::Chinese),
            ("en-GB,en;q=0.9,zh;q=0.8", Language::English),
            ("en;q=0.1, zh;q=0.2", Language::Chinese),
            ("de, fr;q=0.5", Language::English),
            ("", Language::English),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(asked));
            assert_eq!(Language::of_headers(&headers), language, "{asked}");
        }
    }
}
