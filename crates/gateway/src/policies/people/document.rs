//! People and groups as the store keeps them.

use acteon_core::Timestamp;
use acteon_people::{Defined, Directory, Group, Person, Source};
use acteon_store::Document;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Person or group as a document.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Kept<T> {
    #[serde(flatten)]
    pub(super) value: T,
    pub(super) created_at: Timestamp,
    pub(super) updated_at: Timestamp,
}

impl<T> Kept<T> {
    /// Definition of a document's value.
    pub(super) fn defined(self) -> Defined<T> {
        let Self {
            value,
            created_at,
            updated_at,
        } = self;
        let source = Source::Api {
            created_at,
            updated_at,
        };
        Defined { value, source }
    }
}

/// Instant at which the person or group of a document was made.
pub(super) fn created_at(document: &Document) -> Option<Timestamp> {
    #[derive(Deserialize)]
    struct Created {
        created_at: Timestamp,
    }
    let read = serde_json::from_str::<Created>(&document.body);
    read.ok().map(|created| created.created_at)
}

/// Puts the person of a document into a directory.
pub(in crate::policies) fn put_person(directory: &mut Directory, document: &Document) {
    directory.remove_person(&document.id);
    if let Some(person) = parsed::<Person>(document) {
        directory.put_person(person, document.body.len());
    }
}

/// Puts the group of a document into a directory.
pub(in crate::policies) fn put_group(directory: &mut Directory, document: &Document) {
    directory.remove_group(&document.id);
    if let Some(group) = parsed::<Group>(document) {
        directory.put_group(group, document.body.len());
    }
}

/// Directory of the people and groups of documents, without those of a file.
pub fn stored_people(people: &[Document], groups: &[Document]) -> Directory {
    let mut directory = Directory::default();
    for document in people {
        put_person(&mut directory, document);
    }
    for document in groups {
        put_group(&mut directory, document);
    }
    directory
}

/// Definition that a document holds; one that cannot be read is logged, without the error, which may repeat what is known of a person.
fn parsed<T: DeserializeOwned>(document: &Document) -> Option<Defined<T>> {
    let read = serde_json::from_str::<Kept<T>>(&document.body);
    match read {
        Ok(kept) => Some(kept.defined()),
        Err(error) => {
            let (line, column) = (error.line(), error.column());
            tracing::error!(
                kind = document.kind.as_str(),
                id = document.id,
                line,
                column,
                "a document cannot be read and has no effect"
            );
            None
        }
    }
}
