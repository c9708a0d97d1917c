//! Bodies of requests about people and groups, and of the answers.

use acteon_api::{PeopleGroupBody, PersonBody};
use acteon_core::Timestamp;
use acteon_core::limits::{MAX_EMAIL_BYTES, MAX_NAME_BYTES, MAX_PERSON_ID_BYTES};
use acteon_people::{Defined, Group, Language, Person, Source, folded};
use serde_json::{Value, json};

use super::error::Refusal;
use super::extract::json_body::FromBody;
use super::shape::{Field, FieldType, FieldValues, Shape};

const ID: FieldType = FieldType::Text(MAX_PERSON_ID_BYTES);
const NAME: FieldType = FieldType::Text(MAX_NAME_BYTES);

const PERSON: Shape = Shape {
    what: "a person",
    code: "INVALID_BODY",
    fields: &[&[
        Field::optional("id", ID),
        Field::optional("name", NAME),
        Field::optional("wechat", ID),
        Field::optional("mobile", NAME),
        Field::optional("email", FieldType::Text(MAX_EMAIL_BYTES)),
        Field::optional("language", FieldType::Word(Language::WORDS)),
        Field::optional("time_zone", FieldType::TimeZone),
        Field::optional("principal", NAME),
    ]],
};

const GROUP: Shape = Shape {
    what: "a group of people",
    code: "INVALID_BODY",
    fields: &[&[
        Field::optional("id", ID),
        Field::needed("members", FieldType::JsonOf("GroupMembers")),
    ]],
};

/// Person of a body, whose id may be in the path alone.
pub(super) struct PutPerson {
    id: Option<String>,
    person: Person,
}

impl PutPerson {
    /// Person with the id of the path. Errors where the body has another.
    pub(super) fn of(self, path: String) -> Result<Person, Refusal> {
        is_same(self.id.as_deref(), &path)?;
        let id = path;
        Ok(Person { id, ..self.person })
    }
}

impl FromBody for PutPerson {
    const SHAPE: &'static Shape = &PERSON;

    fn example() -> Value {
        json!({ "name": "张三", "wechat": "zhangsan", "language": "zh", "time_zone": "Asia/Shanghai", "principal": "zhangsan-key" })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let word = values.owned("language").map(|word| word.to_lowercase());
        Ok(Self {
            id: values.owned("id"),
            person: Person {
                id: String::new(),
                name: values.owned("name"),
                wechat: values.owned("wechat"),
                mobile: values.owned("mobile"),
                email: values.owned("email"),
                language: word.as_deref().and_then(Language::parse),
                time_zone: values.owned("time_zone"),
                principal: values.owned("principal"),
            },
        })
    }
}

/// Group of a body, whose id may be in the path alone.
pub(super) struct PutGroup {
    id: Option<String>,
    members: Vec<String>,
}

impl PutGroup {
    /// Group with the id of the path. Errors where the body has another.
    pub(super) fn of(self, path: String) -> Result<Group, Refusal> {
        is_same(self.id.as_deref(), &path)?;
        Ok(Group {
            id: path,
            members: self.members,
        })
    }
}

impl FromBody for PutGroup {
    const SHAPE: &'static Shape = &GROUP;

    fn example() -> Value {
        json!({ "members": ["lisi"] })
    }

    fn from_fields(mut values: FieldValues<'_>, _: Timestamp) -> Result<Self, Refusal> {
        let wrong = || {
            let message = "must be a list of ids of people, such as [\"zhangsan\", \"lisi\"]";
            Refusal::field("members", message)
        };
        let raw = values.json("members").ok_or_else(wrong)?;
        Ok(Self {
            id: values.owned("id"),
            members: serde_json::from_str(raw.get()).map_err(|_| wrong())?,
        })
    }
}

fn is_same(id: Option<&str>, path: &str) -> Result<(), Refusal> {
    if id.is_none_or(|id| folded(id) == folded(path)) {
        return Ok(());
    }
    let message =
        "is another than in the path: leave it out, or name the same; an id cannot be changed";
    Err(Refusal::field("id", message))
}

/// Where something is defined: file and line, or when it was made and changed last.
type Places = (
    Option<String>,
    Option<usize>,
    Option<String>,
    Option<String>,
);

fn places(source: &Source) -> Places {
    match source {
        Source::File { file, line } => (Some(file.to_string()), Some(*line), None, None),
        Source::Api {
            created_at,
            updated_at,
        } => (
            None,
            None,
            Some(created_at.to_string()),
            Some(updated_at.to_string()),
        ),
    }
}

pub(super) fn person_body(Defined { value, source }: &Defined<Person>) -> PersonBody {
    let (file, line, created_at, updated_at) = places(source);
    let Person {
        id,
        name,
        wechat,
        mobile,
        email,
        language,
        time_zone,
        principal,
    } = value.clone();
    PersonBody {
        id,
        name,
        wechat,
        mobile,
        email,
        language: language.map(|language| language.as_str().to_owned()),
        time_zone,
        principal,
        file,
        line,
        created_at,
        updated_at,
    }
}

pub(super) fn group_body(Defined { value, source }: &Defined<Group>) -> PeopleGroupBody {
    let (file, line, created_at, updated_at) = places(source);
    let Group { id, members } = value.clone();
    PeopleGroupBody {
        id,
        members,
        file,
        line,
        created_at,
        updated_at,
    }
}
