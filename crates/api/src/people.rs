//! People and groups.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

/// Person as they stand.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PersonBody {
    /// Id, by which approvers and mentions name the person.
    pub id: String,
    /// Name for people to read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Userid at WeChat Work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wechat: Option<String>,
    /// Mobile number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mobile: Option<String>,
    /// E-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Language of what the person is sent: `en` or `zh`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Time zone that the person is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Name of the person's API key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principal: Option<String>,
    /// File that defines the person, where one does: the API cannot change them then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// When the API made the person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub created_at: Option<String>,
    /// When the API changed the person last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub updated_at: Option<String>,
}

/// Answer of `GET /v1/people`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct People {
    /// Number of people on this page.
    pub count: usize,
    /// People, each as they stand.
    pub people: Vec<PersonBody>,
}

/// Group of people as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PeopleGroupBody {
    /// Id, by which approvers and mentions name the group, after `group:`.
    pub id: String,
    /// Ids of the people in it.
    pub members: Vec<String>,
    /// File that defines the group, where one does: the API cannot change it then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Line of that file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// When the API made the group.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub created_at: Option<String>,
    /// When the API changed the group last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(format = "date-time")]
    pub updated_at: Option<String>,
}

/// Answer of `GET /v1/people-groups`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct PeopleGroups {
    /// Number of groups on this page.
    pub count: usize,
    /// Groups, each as it stands.
    pub people_groups: Vec<PeopleGroupBody>,
}

/// Schemas of the bodies.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let members = json!({
        "description": "Ids of the people in a group, each once.",
        "type": "array",
        "minItems": 1,
        "maxItems": 1000,
        "items": { "type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9_@.-]{0,63}$" },
    });
    macro_rules! of {
        ($($body:ident),* $(,)?) => {
            vec![("GroupMembers", members), $((stringify!($body), json!($body::schema())),)*]
        };
    }
    of!(PersonBody, People, PeopleGroupBody, PeopleGroups)
}
