//! What a profile makes of an action's payload, also where it cannot be rendered: then something plain stands in its place, with the error in it.

use acteon_core::Action;
use acteon_core::json::head;
use acteon_core::limits::MAX_ERROR_BYTES;
use acteon_templates::{Escaping, RenderError};
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::kept::{Compiled, EscapedFor, Field, Templates, by_type};

/// Field that is sent where nobody knows which fields a profile had.
const CONTENT: &str = "content";

/// Fields that are read as texts. In others, such as an address or a recipient, a sentence would be a fault.
const TEXTS: [&str; 10] = [
    CONTENT,
    "title",
    "description",
    "text",
    "body",
    "subject",
    "message",
    "summary",
    "markdown",
    "html",
];

/// Changes of a payload by a profile.
pub(crate) struct Patch {
    /// Fields, each with its text.
    pub(crate) fields: Box<RawValue>,
    /// What could not be rendered.
    pub(crate) failed: Option<Unrendered>,
}

/// What is said where a profile could not be rendered.
pub(crate) struct Unrendered {
    /// Error, for whoever sent the action.
    pub(crate) error: String,
    /// Text that stands for the message where nothing else can.
    pub(crate) plain: String,
}

impl Templates {
    /// Changes of an action's payload by the profile that it names. A message that says that it could not be made tells more than none: a text that
    /// cannot be rendered has something plain in its place, and the others are as they are.
    pub(crate) fn patch(&self, action: &Action, name: &str, escaped: EscapedFor) -> Patch {
        let (EscapedFor::Named(escaping) | EscapedFor::Route(escaping)) = escaped;
        let profile = self.profile(action.namespace.as_str(), action.tenant.as_str(), name);
        let (fields, escaping) = profile.map_or_else(
            || (no_profile(), escaping),
            |profile| {
                let rendered = profile.render(self, action.payload.get(), escaped);
                rendered.unwrap_or_else(|error| (profile.unrendered(&error), escaping))
            },
        );
        let first = fields.iter().find_map(|(_, text)| text.as_ref().err());
        let failed = first.map(|error| unrendered(action, name, &error.to_string()));
        let plain = failed.as_ref().map(|failed| escaping.escape(&failed.plain));
        let texts: Map<String, Value> = fields
            .into_iter()
            .filter_map(|(field, text)| {
                let text = match text {
                    Ok(text) => text,
                    Err(_) if TEXTS.contains(&field) => plain.clone()?,
                    Err(_) => return None,
                };
                Some((field.to_owned(), Value::from(text)))
            })
            .collect();
        Patch {
            fields: serde_json::value::to_raw_value(&texts)
                .unwrap_or_else(|_| RawValue::NULL.to_owned()),
            failed,
        }
    }

    /// Escaping with which a profile renders an action, for a provider whose messages are of a type where their payloads name none.
    pub(crate) fn escaping(
        &self,
        action: &Action,
        name: &str,
        of_provider: Option<&str>,
    ) -> Escaping {
        self.escaping_by(Compiled::escaping, (action, name), of_provider)
    }

    /// Escaping that an action has which a profile rendered, and a rule may have changed.
    pub(crate) fn escaping_of_rendered(
        &self,
        action: &Action,
        name: &str,
        of_provider: Option<&str>,
    ) -> Escaping {
        self.escaping_by(Compiled::escaping_of, (action, name), of_provider)
    }

    /// Escaping by what a profile says of a payload, and by the type of the message where there is no such profile.
    fn escaping_by(
        &self,
        says: fn(&Compiled, &str, Option<&str>) -> Escaping,
        (action, name): (&Action, &str),
        of_provider: Option<&str>,
    ) -> Escaping {
        let payload = action.payload.get();
        let profile = self.profile(action.namespace.as_str(), action.tenant.as_str(), name);
        profile.map_or_else(
            || by_type(payload, of_provider),
            |profile| says(profile, payload, of_provider),
        )
    }

    /// Whether the profile that an action names reads a member of payloads. Of one that is not there any more nobody knows, and so it may.
    pub(crate) fn reads(&self, action: &Action, member: &str) -> bool {
        let (namespace, tenant) = (action.namespace.as_str(), action.tenant.as_str());
        action.template.as_deref().is_some_and(|name| {
            let profile = self.profile(namespace, tenant, name);
            profile.is_none_or(|profile| profile.reads(self, member))
        })
    }

    /// Whether a namespace and tenant have a profile of this name.
    pub(crate) fn has_profile(&self, namespace: &str, tenant: &str, name: &str) -> bool {
        self.profile(namespace, tenant, name).is_some()
    }
}

/// What is sent of a profile that is not there.
fn no_profile() -> Vec<Field<'static>> {
    let error = RenderError {
        path: String::new(),
        line: None,
        message: "this namespace and tenant have no such profile any more".to_owned(),
    };
    vec![(CONTENT, Err(error))]
}

fn unrendered(action: &Action, name: &str, error: &str) -> Unrendered {
    let error = head(error, MAX_ERROR_BYTES);
    let told = format!("the profile {name:?} could not be rendered: {error}");
    Unrendered {
        error: head(&told, MAX_ERROR_BYTES).to_owned(),
        plain: format!(
            "({} {}: the profile {name} could not be rendered: {error})",
            action.action_type, action.id
        ),
    }
}
