//! `[[people]]` and `[[people_groups]]` blocks, in the configuration or in a file of their own.
//!
//! No message repeats a mobile number or an e-mail address, and no subject of a message names anybody: `/ready` shows subjects to all who may look.

use std::path::Path;
use std::sync::Arc;

use acteon_config::{Block, ConfigError, InvalidInput, Key, Kind, Problem, Settings, Walker};
use acteon_core::limits::MAX_PEOPLE_FILE_BYTES;
use acteon_crypto::KeyRing;
use acteon_people::{Defined, Fault, Group, Language, Person, Roster, Source};

use super::env::{Env, variable_less};
use crate::files::read_text;

/// Keys of every `[[people]]` block.
pub const PERSON: &[Key] = &[
    Key::required(
        "id",
        Kind::Text,
        "Id, by which approvers and mentions name the person; no difference is made between capitals and small letters.",
    ),
    Key::optional(
        "name",
        Kind::Text,
        "Name for people to read. Default: the id.",
    ),
    Key::optional("wechat", Kind::Text, "Userid at WeChat Work."),
    Key::optional(
        "mobile",
        Kind::Text,
        "Mobile number, such as \"13800138000\" or \"+85251234567\".",
    ),
    Key::optional("email", Kind::Text, "E-mail address."),
    Key::optional(
        "language",
        Kind::Text,
        "Language of what the person is sent: \"en\" or \"zh\".",
    ),
    Key::optional(
        "time_zone",
        Kind::Text,
        "Time zone that the person is in, such as Asia/Shanghai.",
    ),
    Key::optional("principal", Kind::Text, "Name of the person's API key."),
];

/// Keys of every `[[people_groups]]` block.
pub const PEOPLE_GROUP: &[Key] = &[
    Key::required(
        "id",
        Kind::Text,
        "Id, by which approvers and mentions name the group, after group:.",
    ),
    Key::required("members", Kind::Texts, "Ids of the people in it."),
];

/// Reads a file of people and groups.
pub fn load_people(path: &Path) -> Result<Roster, ConfigError> {
    let text = read_text(path, MAX_PEOPLE_FILE_BYTES as u64).map_err(|error| {
        ConfigError::Unreadable(format!(
            "the file of people, {}: {error}; make it, or name another in [directory]",
            path.display()
        ))
    })?;
    parse_people(&path.display().to_string(), &text)
}

/// Checks the text of a file of people and groups. `file` is its name in messages.
pub fn parse_people(file: &str, text: &str) -> Result<Roster, ConfigError> {
    let env = Env {
        variable: &variable_less,
        keys: KeyRing::default(),
        shared: None,
    };
    let mut walker = Walker::new(file, text, &env);
    let roster = read(&mut walker, file);
    walker.refuse_rest("[[people]] and [[people_groups]]");
    walker.finish().map(|()| roster)
}

/// Reads all blocks of a file.
pub(super) fn read(walker: &mut Walker<'_>, file: &str) -> Roster {
    let file: Arc<str> = file.into();
    let mut roster = Roster::default();
    for (index, block) in walker.blocks("people").into_iter().enumerate() {
        let section = format!("people[{index}]");
        let settings = walker.read(&section, &block, &[PERSON]);
        let source = source(walker, &block, &file);
        let person = walker.check(&section, &settings, |reader| {
            let word = settings.text("language");
            let language = word.and_then(Language::parse);
            if word.is_some() && language.is_none() {
                reader.wrong("language", "must be \"en\" or \"zh\"");
            }
            person(&settings, language)
        });
        if let Some(value) = person {
            let faults = roster.add_person(Defined { value, source });
            walker.note(&section, problems(faults));
        }
    }
    for (index, block) in walker.blocks("people_groups").into_iter().enumerate() {
        let section = format!("people_groups[{index}]");
        let settings = walker.read(&section, &block, &[PEOPLE_GROUP]);
        let source = source(walker, &block, &file);
        // What is missing is told of already.
        let (Some(id), true) = (settings.text("id"), settings.has("members")) else {
            continue;
        };
        let value = Group {
            id: id.to_owned(),
            members: settings.texts("members").to_vec(),
        };
        let faults = roster.add_group(Defined { value, source });
        walker.note(&section, problems(faults));
    }
    roster
}

/// Reads the blocks of the configuration, which must have none where people are in a file of their own.
pub(super) fn read_beside(walker: &mut Walker<'_>, file: &str, has_file: bool) -> Arc<Roster> {
    let roster = read(walker, file);
    if has_file && roster.counts() != (0, 0) {
        let invalid = InvalidInput::new(
            "people are listed here and in directory.file",
            "put all in one of the two",
        );
        walker.note_file("people", invalid);
    }
    Arc::new(roster)
}

/// Person of a block; `None` where it has no id, which is told of already.
fn person(settings: &Settings, language: Option<Language>) -> Option<Person> {
    let text = |key| settings.text(key).map(str::to_owned);
    Some(Person {
        id: text("id")?,
        name: text("name"),
        wechat: text("wechat"),
        mobile: text("mobile"),
        email: text("email"),
        language,
        time_zone: text("time_zone"),
        principal: text("principal"),
    })
}

fn source(walker: &Walker<'_>, block: &Block<'_>, file: &Arc<str>) -> Source {
    Source::File {
        file: Arc::clone(file),
        line: walker.line_of(block),
    }
}

fn problems(faults: Vec<Fault>) -> impl Iterator<Item = Problem> {
    faults
        .into_iter()
        .map(|Fault { field, message }| Problem::new(field, message))
}
