//! Notices of a mini program (`miniprogram_notice`, page 90236), which open one of its pages.

use serde::{Deserialize, Serialize};

use crate::report::{Place, Report};

/// Most bytes of the mini program's page.
const MAX_PAGE: usize = 1024;
/// Characters of a title and of a description.
const TITLE: std::ops::RangeInclusive<usize> = 4..=12;
/// Most names with values.
const MAX_ITEMS: usize = 10;
/// Most characters of a name.
const MAX_KEY: usize = 10;
/// Most characters of a value.
const MAX_VALUE: usize = 30;

/// Notice of a mini program that is bound to the app. It goes to members, departments and tags that are named, and not to everybody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MiniprogramNotice {
    /// Mini program.
    pub appid: String,
    /// Page that it opens, at most 1024 bytes; nothing opens without one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub page: String,
    /// Title, 4 to 12 characters.
    pub title: String,
    /// Description, 4 to 12 characters.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// Whether the first of the values is shown in large letters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub emphasis_first_item: Option<bool>,
    /// Names with values, 10 at most.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content_item: Vec<NoticeItem>,
}

/// Name and value of a notice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoticeItem {
    /// Name, at most 10 characters.
    pub key: String,
    /// Value, at most 30 characters.
    pub value: String,
}

impl MiniprogramNotice {
    pub(crate) fn check(&self, report: &mut Report) {
        let notice = Place::root("miniprogram_notice");
        report.needed(notice.field("appid"), &self.appid);
        report.bytes(notice.field("page"), &self.page, MAX_PAGE);
        if report.needed(notice.field("title"), &self.title) {
            report.characters(notice.field("title"), &self.title, TITLE);
        }
        if !self.description.is_empty() {
            report.characters(notice.field("description"), &self.description, TITLE);
        }
        let list = notice.field("content_item");
        report.at_most(list, &self.content_item, MAX_ITEMS);
        for (index, NoticeItem { key, value }) in self.content_item.iter().enumerate() {
            let at = list.entry(index);
            for (name, text, most) in [("key", key, MAX_KEY), ("value", value, MAX_VALUE)] {
                if report.needed(at.field(name), text) {
                    report.characters(at.field(name), text, 1..=most);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
