//! Templates and profiles as the store keeps them, and what may be wrong with them.

use std::collections::BTreeMap;

use acteon_core::Timestamp;
use acteon_core::limits::{MAX_NAME_BYTES, MAX_PROFILE_FIELDS, MAX_TEMPLATE_BYTES};
use acteon_templates::{Escaping, Problem, Text};
use serde::{Deserialize, Serialize};

use crate::policies::error::PolicyError;
use crate::policies::quota::check_texts;

/// Template: a text with expressions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Template {
    /// Id, made by the gateway.
    pub id: String,
    /// Name, by which profiles of the same namespace and tenant refer to it.
    pub name: String,
    /// Namespace that it belongs to.
    pub namespace: String,
    /// Tenant that it belongs to.
    pub tenant: String,
    /// Source.
    pub content: String,
    /// Description for people, without an effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Labels for whoever looks after it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Instant at which it was made.
    pub created_at: Timestamp,
    /// Instant at which it was changed last.
    pub updated_at: Timestamp,
}

/// Profile: fields of a payload, each with what it is rendered from.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Profile {
    /// Id, made by the gateway.
    pub id: String,
    /// Name, by which actions of the same namespace and tenant refer to it.
    pub name: String,
    /// Namespace that it belongs to.
    pub namespace: String,
    /// Tenant that it belongs to.
    pub tenant: String,
    /// Members of the payload, each with what it is rendered from.
    pub fields: BTreeMap<String, FieldSource>,
    /// Name of what values are escaped for; `None` goes by the payload's `msgtype`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escaping: Option<String>,
    /// Description for people, without an effect.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Labels for whoever looks after it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Instant at which it was made.
    pub created_at: Timestamp,
    /// Instant at which it was changed last.
    pub updated_at: Timestamp,
}

/// Source of a profile's field.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
pub enum FieldSource {
    /// A text with expressions.
    Inline(String),
    /// Name of a template.
    Reference {
        /// The name.
        #[serde(rename = "$ref")]
        name: String,
    },
}

/// Change of a template; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TemplateChange {
    /// Source.
    pub content: Option<String>,
    /// Description for people.
    pub description: Option<String>,
    /// Labels, in place of all that it has.
    pub labels: Option<BTreeMap<String, String>>,
}

/// Change of a profile; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ProfileChange {
    /// Fields, in place of all that it has.
    pub fields: Option<BTreeMap<String, FieldSource>>,
    /// Name of what values are escaped for.
    pub escaping: Option<String>,
    /// Description for people.
    pub description: Option<String>,
    /// Labels, in place of all that it has.
    pub labels: Option<BTreeMap<String, String>>,
}

impl Template {
    /// Text that no two templates may share.
    pub(super) fn key(&self) -> String {
        key(&self.namespace, &self.tenant, &self.name)
    }

    pub(super) fn check(&self) -> Result<(), PolicyError> {
        check_name(&self.name)?;
        check_texts(self.description.as_deref(), &self.labels)?;
        Text::compile(&self.content).map_err(|problem| told(&[problem], "content"))?;
        Ok(())
    }
}

impl Profile {
    /// Text that no two profiles may share.
    pub(super) fn key(&self) -> String {
        key(&self.namespace, &self.tenant, &self.name)
    }

    /// Names of the templates that it refers to.
    pub(super) fn references(&self) -> impl Iterator<Item = &str> {
        self.fields.values().filter_map(|source| match source {
            FieldSource::Inline(_) => None,
            FieldSource::Reference { name } => Some(name.as_str()),
        })
    }

    /// Checks everything but its sources.
    pub(super) fn check(&self) -> Result<(), PolicyError> {
        check_name(&self.name)?;
        check_texts(self.description.as_deref(), &self.labels)?;
        if self.fields.is_empty() || self.fields.len() > MAX_PROFILE_FIELDS {
            let message = format!(
                "must be 1 to {MAX_PROFILE_FIELDS}, each with a text or with {{\"$ref\": \"name of a template\"}}"
            );
            return Err(PolicyError::invalid("fields", message));
        }
        let long = |name: &&String| name.is_empty() || name.len() > MAX_NAME_BYTES;
        if self.fields.keys().any(|name| long(&name)) {
            let message = format!("must have names of 1 to {MAX_NAME_BYTES} bytes");
            return Err(PolicyError::invalid("fields", message));
        }
        let bytes: usize = self.fields.values().map(FieldSource::len).sum();
        if bytes > MAX_TEMPLATE_BYTES {
            let message =
                format!("must be at most {MAX_TEMPLATE_BYTES} bytes together, are {bytes}");
            return Err(PolicyError::invalid("fields", message));
        }
        if let Some(name) = self
            .escaping
            .as_deref()
            .filter(|name| Escaping::from_name(name).is_none())
        {
            let known = Escaping::ALL.map(Escaping::name).join(", ");
            let message = format!("must be one of {known}, not {name:?}");
            return Err(PolicyError::invalid("escaping", message));
        }
        Ok(())
    }
}

impl FieldSource {
    fn len(&self) -> usize {
        match self {
            Self::Inline(source) => source.len(),
            Self::Reference { name } => name.len(),
        }
    }
}

/// Text that tells namespace, tenant and name of a document apart from all others of its kind.
pub(super) fn key(namespace: &str, tenant: &str, name: &str) -> String {
    format!("{namespace}\u{1f}{tenant}\u{1f}{name}")
}

/// Problems as an error of the field that they are in.
pub(super) fn told(problems: &[Problem], field: &str) -> PolicyError {
    PolicyError::Problems(
        problems
            .iter()
            .map(|problem| {
                let field = if problem.path.is_empty() {
                    field.to_owned()
                } else {
                    format!("{field}.{}", problem.path)
                };
                let line = problem.line.map(|line| format!("line {line}: "));
                (
                    field,
                    format!("{}{}", line.unwrap_or_default(), problem.message),
                )
            })
            .collect(),
    )
}

fn check_name(name: &str) -> Result<(), PolicyError> {
    let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.is_empty() || name.len() > MAX_NAME_BYTES || !name.bytes().all(is_fit) {
        let message =
            format!("must be 1 to {MAX_NAME_BYTES} letters, digits, dots, hyphens and underscores");
        return Err(PolicyError::invalid("name", message));
    }
    if [".", ".."].contains(&name) {
        let message = "must not be . or .., which stand for folders in paths";
        return Err(PolicyError::invalid("name", message));
    }
    Ok(())
}
