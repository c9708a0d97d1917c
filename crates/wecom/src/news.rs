//! Articles: `news`, which link to a page, and `mpnews`, which WeChat Work keeps itself (page 90236).

use serde::{Deserialize, Serialize};

use crate::language::Language;
use crate::limits::{MAX_LONG, MAX_SHORT, cut_at};
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
    pub(crate) fn check(&self, report: &mut Report) {
        let news = Place::root("news");
        let list = news.field("articles");
        report.some(list, &self.articles, MAX_ARTICLES);
        for (index, article) in self.articles.iter().enumerate() {
            article.check(list.entry(index), report);
        }
    }

    pub(crate) fn cut(&mut self, language: Language, warnings: &mut Vec<String>) {
        let news = Place::root("news");
        for (index, article) in self.articles.iter_mut().enumerate() {
            let at = news.field("articles").entry(index);
            for (name, text, most) in [
                ("title", &mut article.title, MAX_SHORT),
                ("description", &mut article.description, MAX_LONG),
            ] {
                cut_at(text, at.field(name), most, language, warnings);
            }
        }
    }
}

impl Article {
    fn check(&self, at: Place<'_>, report: &mut Report) {
        if report.needed(at.field("title"), &self.title) {
            report.cuttable(at.field("title"), &self.title, MAX_SHORT);
        }
        report.cuttable(at.field("description"), &self.description, MAX_LONG);
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
    pub(crate) fn check(&self, report: &mut Report) {
        let news = Place::root("mpnews");
        let list = news.field("articles");
        report.some(list, &self.articles, MAX_ARTICLES);
        for (index, article) in self.articles.iter().enumerate() {
            article.check(list.entry(index), report);
        }
    }

    pub(crate) fn cut(&mut self, language: Language, warnings: &mut Vec<String>) {
        let news = Place::root("mpnews");
        for (index, article) in self.articles.iter_mut().enumerate() {
            let at = news.field("articles").entry(index);
            for (name, text, most) in [
                ("title", &mut article.title, MAX_SHORT),
                ("digest", &mut article.digest, MAX_LONG),
            ] {
                cut_at(text, at.field(name), most, language, warnings);
            }
        }
    }
}

impl MpnewsArticle {
    fn check(&self, at: Place<'_>, report: &mut Report) {
        if report.needed(at.field("title"), &self.title) {
            report.cuttable(at.field("title"), &self.title, MAX_SHORT);
        }
        report.needed(at.field("thumb_media_id"), &self.thumb_media_id);
        report.bytes(at.field("author"), &self.author, MAX_AUTHOR);
        if !self.content_source_url.is_empty() {
            report.link(at.field("content_source_url"), &self.content_source_url);
        }
        report.key(at.field("content"), &self.content, MAX_HTML);
        report.cuttable(at.field("digest"), &self.digest, MAX_LONG);
    }
}

#[cfg(test)]
mod tests;
