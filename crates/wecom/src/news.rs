//! Articles: `news`, which link to a page, and `mpnews`, which WeChat Work keeps itself (page 90236).

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::limits::{Limit, MessageError, fit};
use crate::overflow::Overflow;
use crate::report::{Fault, Place, Report};

/// Most articles of a message.
const MAX_ARTICLES: usize = 8;
/// Most bytes of a mini program's page.
const MAX_PAGE: usize = 128;
/// Most bytes of an author's name.
const MAX_AUTHOR: usize = 64;
/// Most bytes of an article's HTML: 666 KB.
const MAX_HTML: usize = 666 * 1024;

/// Articles that open a page each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// Articles, 1 to 8.
    pub articles: Vec<Article>,
}

/// Article that opens a web page, or a page of a mini program. It has a `url`, or an `appid` and a `pagepath`, which come first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Article {
    /// Title, at most 128 bytes.
    pub title: String,
    /// Description, at most 512 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Address of the page, at most 2048 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub url: String,
    /// Address of a picture, JPEG or PNG.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub picurl: String,
    /// Mini program, which must be bound to the app.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub appid: String,
    /// Page of the mini program, at most 128 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pagepath: String,
}

/// Articles that WeChat Work keeps itself. They can be confidential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mpnews {
    /// Articles, 1 to 8.
    pub articles: Vec<MpnewsArticle>,
}

/// Article with its text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MpnewsArticle {
    /// Title, at most 128 bytes.
    pub title: String,
    /// Id of an uploaded picture.
    pub thumb_media_id: String,
    /// Author, at most 64 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub author: String,
    /// Address that 阅读原文 ("read the original") opens.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub content_source_url: String,
    /// Text in HTML, at most 666 KB.
    pub content: String,
    /// Description, at most 512 bytes.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub digest: String,
}

impl News {
    pub(crate) fn ready(
        &mut self,
        how: (Overflow, Language),
        warnings: &mut Vec<String>,
    ) -> Result<(), MessageError> {
        let news = Place::root("news");
        let list = news.field("articles");
        let mut report = Report::new(how.0);
        report.some(list, &self.articles, MAX_ARTICLES);
        for (index, article) in self.articles.iter().enumerate() {
            article.check(list.entry(index), &mut report);
        }
        warnings.extend(report.result()?);
        for article in &mut self.articles {
            fit(&mut article.title, Limit::SHORT, how, warnings)?;
            fit_if_given(&mut article.description, Limit::LONG, how, warnings)?;
        }
        Ok(())
    }
}

impl Article {
    fn check(&self, at: Place<'_>, report: &mut Report) {
        report.needed(at.field("title"), &self.title);
        let has_page = !self.appid.is_empty() && !self.pagepath.is_empty();
        if self.url.is_empty() && !has_page {
            report.wrong(at.field("url"), Fault::MissingBoth("appid with pagepath"));
        }
        for (name, url) in [("url", &self.url), ("picurl", &self.picurl)] {
            if !url.is_empty() {
                report.link(at.field(name), url);
            }
        }
        report.bytes(at.field("pagepath"), &self.pagepath, MAX_PAGE);
    }
}

impl Mpnews {
    pub(crate) fn ready(
        &mut self,
        how: (Overflow, Language),
        warnings: &mut Vec<String>,
    ) -> Result<(), MessageError> {
        let news = Place::root("mpnews");
        let list = news.field("articles");
        let mut report = Report::new(how.0);
        report.some(list, &self.articles, MAX_ARTICLES);
        for (index, article) in self.articles.iter().enumerate() {
            article.check(list.entry(index), &mut report);
        }
        warnings.extend(report.result()?);
        for article in &mut self.articles {
            fit(&mut article.title, Limit::SHORT, how, warnings)?;
            let digest = Limit {
                field: "digest",
                ..Limit::LONG
            };
            fit_if_given(&mut article.digest, digest, how, warnings)?;
        }
        Ok(())
    }
}

impl MpnewsArticle {
    fn check(&self, at: Place<'_>, report: &mut Report) {
        report.needed(at.field("title"), &self.title);
        report.needed(at.field("thumb_media_id"), &self.thumb_media_id);
        report.bytes(at.field("author"), &self.author, MAX_AUTHOR);
        if !self.content_source_url.is_empty() {
            report.link(at.field("content_source_url"), &self.content_source_url);
        }
        report.key(at.field("content"), &self.content, MAX_HTML);
    }
}

fn fit_if_given(
    text: &mut String,
    limit: Limit,
    how: (Overflow, Language),
    warnings: &mut Vec<String>,
) -> Result<(), MessageError> {
    if text.is_empty() {
        return Ok(());
    }
    fit(text, limit, how, warnings)
}

#[cfg(test)]
mod tests;
