//! Request of the command line to a gateway, and what its answer must have.

use acteon_core::json::items;
use acteon_http::Method;
use serde_json::Value;

use super::screen::raw;

/// Request to a gateway, and the advice where its answer was lost.
#[derive(Clone)]
pub(super) struct Call<'a> {
    pub(super) method: Method,
    pub(super) path: &'a [&'a str],
    pub(super) query: &'a [(&'static str, String)],
    pub(super) body: Option<String>,
    pub(super) answers: Answers<'a>,
    /// Advice to a person who cannot know whether the change was made; blank for a request that
    /// changes nothing.
    if_lost: &'static str,
}

/// Shape of a successful answer.
#[derive(Clone, Copy)]
pub(super) enum Answers<'a> {
    /// No body at all, as after a deletion.
    Nothing,
    /// One object, whose id, a text, stands at this path.
    One(&'a str),
    /// List of this name, of objects whose ids stand at this path.
    List(&'a str, &'a str),
}

impl Answers<'_> {
    /// Whether an answer has this shape. It is not read further: what is in it may nest as deep as
    /// it likes.
    pub(super) fn has(self, answer: &str) -> bool {
        let is_one = |one: &str, id: &str| raw(one, id).is_some_and(|id| id.starts_with('"'));
        match self {
            Self::Nothing => answer.is_empty(),
            Self::One(id) => is_one(answer, id),
            Self::List(name, id) => raw(answer, name)
                .and_then(items)
                .is_some_and(|list| list.iter().all(|one| is_one(one, id))),
        }
    }
}

impl<'a> Call<'a> {
    pub(super) const fn get(path: &'a [&'a str], answers: Answers<'a>) -> Self {
        Self {
            method: Method::GET,
            path,
            query: &[],
            body: None,
            answers,
            if_lost: "",
        }
    }

    pub(super) const fn post(
        path: &'a [&'a str],
        answers: Answers<'a>,
        if_lost: &'static str,
    ) -> Self {
        Self {
            method: Method::POST,
            path,
            query: &[],
            body: None,
            answers,
            if_lost,
        }
    }

    pub(super) const fn delete(path: &'a [&'a str], if_lost: &'static str) -> Self {
        Self {
            method: Method::DELETE,
            path,
            query: &[],
            body: None,
            answers: Answers::Nothing,
            if_lost,
        }
    }

    pub(super) fn query(self, query: &'a [(&'static str, String)]) -> Self {
        Self { query, ..self }
    }

    /// Name of the list in the answer; `None` where the answer is no list.
    pub(super) fn list(&self) -> Option<&'a str> {
        match self.answers {
            Answers::List(name, _) => Some(name),
            Answers::One(_) | Answers::Nothing => None,
        }
    }

    pub(super) fn body(self, body: &Value) -> Self {
        Self {
            body: Some(body.to_string()),
            ..self
        }
    }

    /// Sentence to add where nobody knows whether a change was made.
    pub(super) fn unsure(&self) -> String {
        if self.if_lost.is_empty() {
            String::new()
        } else {
            format!(". It may have done what was asked: {}", self.if_lost)
        }
    }
}
