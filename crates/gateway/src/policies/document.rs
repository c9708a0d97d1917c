//! Documents of policies, as the store keeps them.

use acteon_store::{Document, DocumentKind};
use serde::de::DeserializeOwned;

/// Name of a kind of documents in messages for people.
pub(super) const fn kind_name(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Silence => "silence",
        DocumentKind::TimeInterval => "time interval",
        DocumentKind::Quota => "quota",
        DocumentKind::RuleToggle => "rule",
        DocumentKind::Template => "template",
        DocumentKind::TemplateProfile => "profile",
        DocumentKind::Person => "person",
        DocumentKind::PeopleGroup => "group",
        DocumentKind::Chain => "chain definition",
    }
}

/// Value that a document holds; one that cannot be read is logged, and counts as absent.
pub(super) fn parsed<T: DeserializeOwned>(document: &Document) -> Option<T> {
    match serde_json::from_str(&document.body) {
        Ok(value) => Some(value),
        Err(error) => {
            tracing::error!(kind = document.kind.as_str(), id = document.id, %error, "a document cannot be read and has no effect");
            None
        }
    }
}

/// Tenant, and by dots those above it, nearest first.
pub(super) fn with_those_above(tenant: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(tenant), |tenant| {
        tenant.rfind('.').map(|dot| &tenant[..dot])
    })
}
