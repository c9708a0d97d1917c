//! Person, and their language.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::check::{self, Fault};

/// Person: who may be asked and mentioned.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Id, which is matched without case.
    pub id: String,
    /// Name for people to read; without one the id stands for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Userid at WeChat Work, which is matched without case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wechat: Option<String>,
    /// Mobile number, which no log shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// E-mail address, which no log shows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Language of what they are sent and shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Language>,
    /// Name of the time zone that they are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Name of their API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
}

/// Language of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Language {
    /// English.
    #[serde(rename = "en")]
    English,
    /// Chinese in simplified characters.
    #[serde(rename = "zh")]
    Chinese,
}

impl Person {
    /// Person of whom nothing is known but the id.
    pub fn new(id: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            name: None,
            wechat: None,
            mobile: None,
            email: None,
            language: None,
            time_zone: None,
            principal: None,
        }
    }

    /// Name to show: their name, or their id where they have none.
    pub fn shown_name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// All that is wrong with it. No message has a value in it.
    pub fn faults(&self) -> Vec<Fault> {
        type Check = fn(&str) -> Option<String>;
        let id = Some(&self.id);
        let fields: [(&'static str, Option<&String>, Check); 7] = [
            ("id", id, check::id),
            ("name", self.name.as_ref(), check::name),
            ("wechat", self.wechat.as_ref(), check::id),
            ("mobile", self.mobile.as_ref(), check::mobile),
            ("email", self.email.as_ref(), check::email),
            ("time_zone", self.time_zone.as_ref(), check::time_zone),
            ("principal", self.principal.as_ref(), check::principal),
        ];
        let wrong = |(field, value, check): (&'static str, Option<&String>, Check)| {
            Some(Fault::new(field, check(value?)?))
        };
        fields.into_iter().filter_map(wrong).collect()
    }
}

/// Shows the id alone: what else is known of a person is for nobody's log.
impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Person")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Language {
    /// Words for the languages.
    pub const WORDS: &'static [&'static str] = &["en", "zh"];

    /// Language that a word stands for.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "en" => Some(Self::English),
            "zh" => Some(Self::Chinese),
            _ => None,
        }
    }

    /// Word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh",
        }
    }
}
