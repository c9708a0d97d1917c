//! Templates and profiles.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::{PartialSchema, ToSchema};

/// Template as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TemplateBody {
    /// Id of the template.
    pub id: String,
    /// Name, by which profiles refer to it.
    pub name: String,
    /// Namespace that it belongs to.
    pub namespace: String,
    /// Tenant that it belongs to.
    pub tenant: String,
    /// Source: a text with expressions.
    pub content: String,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Labels for people, a text by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When it was changed last.
    #[schema(format = "date-time")]
    pub updated_at: String,
}

/// Answer of `GET /v1/templates`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Templates {
    /// Number of templates on this page.
    pub count: usize,
    /// Templates, each as it stands.
    pub templates: Vec<TemplateBody>,
}

/// Profile as it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct ProfileBody {
    /// Id of the profile.
    pub id: String,
    /// Name, by which actions refer to it.
    pub name: String,
    /// Namespace that it belongs to.
    pub namespace: String,
    /// Tenant that it belongs to.
    pub tenant: String,
    /// Members of the payload, each with its source.
    #[schema(schema_with = fields)]
    pub fields: Value,
    /// What values are escaped for; without it the payload's `msgtype` says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escaping: Option<String>,
    /// What it is for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Labels for people, a text by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// When it was made.
    #[schema(format = "date-time")]
    pub created_at: String,
    /// When it was changed last.
    #[schema(format = "date-time")]
    pub updated_at: String,
}

/// Answer of `GET /v1/templates/profiles`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Profiles {
    /// Number of profiles on this page.
    pub count: usize,
    /// Profiles, each as it stands.
    pub profiles: Vec<ProfileBody>,
}

/// Answer of `POST /v1/templates/render`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct RenderedProfile {
    /// Fields of the profile, each with the text that it comes to.
    pub rendered: BTreeMap<String, String>,
}

/// Answer of `POST /v1/templates/reload`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct TemplatesReloaded {
    /// Number of templates that are in force.
    pub templates: usize,
    /// Number of profiles that are in force.
    pub profiles: usize,
}

fn fields() -> utoipa::openapi::Ref {
    utoipa::openapi::Ref::from_schema_name("ProfileFields")
}

/// Schemas of the bodies.
pub(crate) fn schemas() -> Vec<(&'static str, Value)> {
    let reference = json!({
        "type": "object",
        "patternProperties": { "^\\$ref$": { "type": "string", "description": "Name of a template." } },
        "required": ["$ref"],
        "additionalProperties": false,
    });
    let source = json!({ "anyOf": [{ "type": "string" }, reference] });
    let fields = json!({
        "description": "Members of the payload, each with a text with expressions, or with the template that it refers to.",
        "type": "object",
        "minProperties": 1,
        "maxProperties": 64,
        "additionalProperties": source,
    });
    macro_rules! of {
        ($($body:ident),* $(,)?) => {
            vec![("ProfileFields", fields), $((stringify!($body), json!($body::schema())),)*]
        };
    }
    of!(
        TemplateBody,
        Templates,
        ProfileBody,
        Profiles,
        RenderedProfile,
        TemplatesReloaded
    )
}
