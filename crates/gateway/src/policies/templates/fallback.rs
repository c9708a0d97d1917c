//! What a profile makes of an action's payload, also where it cannot be rendered: then something plain stands in its place, with the error in it.

use acteon_core::Action;
use acteon_core::json::head;
use acteon_core::limits::MAX_ERROR_BYTES;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

use super::kept::Templates;

/// Field that is sent where nobody knows which fields a profile had.
const CONTENT: &str = "content";

/// Changes of a payload by a profile.
pub(crate) struct Patch {
    /// Fields, each with its text.
    pub(crate) fields: Box<RawValue>,
    /// Why they are something plain in place of what the profile was to render.
    pub(crate) error: Option<String>,
}

impl Templates {
    /// Changes of an action's payload by the profile that it names. A message that says that it could not be made tells more than none.
    pub(crate) fn patch(&self, action: &Action, name: &str) -> Patch {
        let profile = self.profile(action.namespace.as_str(), action.tenant.as_str(), name);
        let payload = action.payload.get();
        let rendered = match profile {
            Some(profile) => profile
                .render(self, payload)
                .map_err(|error| error.to_string()),
            None => Err("this namespace and tenant have no such profile any more".to_owned()),
        };
        let texts: Map<String, Value> = match &rendered {
            Ok(fields) => fields
                .iter()
                .map(|(field, text)| ((*field).to_owned(), Value::from(text.as_str())))
                .collect(),
            Err(error) => {
                let text = plain(action, name, error);
                let text = profile.map_or(text.clone(), |profile| {
                    profile.escaping(payload).escape(&text)
                });
                let fields: Vec<&str> = profile.map_or(vec![CONTENT], |profile| {
                    profile.profile.fields.keys().map(String::as_str).collect()
                });
                fields
                    .into_iter()
                    .map(|field| (field.to_owned(), Value::from(text.as_str())))
                    .collect()
            }
        };
        Patch {
            fields: serde_json::value::to_raw_value(&texts)
                .unwrap_or_else(|_| RawValue::NULL.to_owned()),
            error: rendered.err().map(|error| {
                let error = format!("the profile {name:?} could not be rendered: {error}");
                head(&error, MAX_ERROR_BYTES).to_owned()
            }),
        }
    }

    /// Whether the profile that an action names reads a member of payloads.
    pub(crate) fn reads(&self, action: &Action, member: &str) -> bool {
        let (namespace, tenant) = (action.namespace.as_str(), action.tenant.as_str());
        let name = action.template.as_deref();
        let profile = name.and_then(|name| self.profile(namespace, tenant, name));
        profile.is_some_and(|profile| profile.reads(self, member))
    }

    /// Whether a namespace and tenant have a profile of this name.
    pub(crate) fn has_profile(&self, namespace: &str, tenant: &str, name: &str) -> bool {
        self.profile(namespace, tenant, name).is_some()
    }
}

/// Text in place of one that could not be rendered.
fn plain(action: &Action, name: &str, error: &str) -> String {
    let error = head(error, MAX_ERROR_BYTES);
    format!(
        "({} {}: the profile {name} could not be rendered: {error})",
        action.action_type, action.id
    )
}
