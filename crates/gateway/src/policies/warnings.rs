//! Warnings about what of a new policy is probably not meant. It is made all the same: who wrote it
//! may know better.

use acteon_core::json::head;
use acteon_core::limits::MAX_NAME_BYTES;
use acteon_core::{InvalidName, Timestamp, check_visible, covers_tenant};
use acteon_rules::{MatchOp, MatcherSpec, is_action_field};

use super::{Quota, Silence};
use crate::shared::Gateway;

/// Beginnings of paths that lack their `action.`.
const MISTAKEN: [&str; 2] = ["payload.", "metadata."];

/// Beginnings that other systems write before the name of a label.
const BEFORE_LABELS: [&str; 3] = ["labels.", "$labels.", "label."];

/// Beginnings of what rules know, and silences do not.
const OF_RULES: [&str; 2] = ["time.", "env."];

impl Gateway {
    /// Warnings about a silence, for who makes it.
    pub fn silence_warnings(&self, silence: &Silence, now: Timestamp) -> Vec<String> {
        let mut warnings = about_times(silence, now);
        warnings.extend(about_scope(&silence.namespace, &silence.tenant));
        if silence
            .matchers
            .iter()
            .all(|matcher| matches!(matcher.op, MatchOp::NotEqual | MatchOp::NotRegex))
        {
            let tenant = &silence.tenant;
            warnings.push(format!(
                "all its matchers are negative: it holds back everything of {tenant} but what they name, also what has no such label"
            ));
        }
        warnings.extend(silence.matchers.iter().filter_map(misread));
        let equal = silence
            .matchers
            .iter()
            .filter(|matcher| matcher.op == MatchOp::Equal);
        warnings.extend(
            equal
                .clone()
                .filter_map(|matcher| self.never_equal(silence, matcher)),
        );
        warnings.extend(equal.clone().filter_map(like_a_pattern));
        warnings.extend(silence.matchers.iter().filter_map(hardly_a_value));
        for (index, one) in equal.clone().enumerate() {
            if let Some(other) = equal
                .clone()
                .skip(index + 1)
                .find(|other| other.name == one.name && other.value != one.value)
            {
                let [name, a, b] = [&one.name, &one.value, &other.value].map(|text| shown(text));
                warnings.push(format!("{name:?} cannot equal both {a:?} and {b:?}, and all matchers must match: it holds nothing back"));
            }
        }
        warnings
    }

    /// Warnings about a quota, for who makes it.
    pub fn quota_warnings(&self, quota: &Quota) -> Vec<String> {
        about_scope(&quota.namespace, &quota.tenant)
    }

    /// Reason why no action that a silence is for has this value.
    fn never_equal(&self, silence: &Silence, matcher: &MatcherSpec) -> Option<String> {
        let value = shown(&matcher.value);
        match matcher.name.as_str() {
            "action.provider" => {
                let mut names = self
                    .inner
                    .providers
                    .entries()
                    .map(|entry| entry.name.as_str());
                if names.any(|name| name == matcher.value) {
                    return None;
                }
                // No name that is like it: what there is may be nobody's business who makes silences.
                Some(format!("no provider {value:?} is configured"))
            }
            "action.tenant" if !covers_tenant(&silence.tenant, &matcher.value) => {
                let tenant = &silence.tenant;
                Some(format!(
                    "action.tenant is never {value:?} here: the silence is for {tenant:?} and tenants below it"
                ))
            }
            "action.namespace" if silence.namespace != matcher.value => {
                let namespace = &silence.namespace;
                Some(format!(
                    "action.namespace is never {value:?} here: the silence is for {namespace:?}"
                ))
            }
            "action.action_type" | "action.id" if matcher.value.trim().is_empty() => {
                Some(format!("{} is never blank", matcher.name))
            }
            "action.metadata" => Some(
                "action.metadata equals no text, no action has one value there: name a label"
                    .into(),
            ),
            _ => None,
        }
    }
}

fn about_times(silence: &Silence, now: Timestamp) -> Vec<String> {
    if silence.ends_at > now {
        return Vec::new();
    }
    vec![format!(
        "it lies wholly in the past: it ended at {} and holds nothing back",
        silence.ends_at
    )]
}

/// Warnings about `*`, which is for grants. A policy of that tenant or namespace is nobody's.
fn about_scope(namespace: &str, tenant: &str) -> Vec<String> {
    let fields = [
        ("namespace", namespace, "each one needs its own"),
        (
            "tenant",
            tenant,
            "one above covers, in silences, those below it",
        ),
    ];
    let misread = fields.into_iter().filter(|(_, name, _)| *name == "*");
    let warnings = misread.map(|(field, _, instead)| {
        format!("{field} \"*\" is a name like any other here, and stands for all in grants only: name the {field}; {instead}")
    });
    warnings.collect()
}

/// Warning about a name that is taken for a label and was probably meant for a path.
fn misread(matcher: &MatcherSpec) -> Option<String> {
    let name = shown(&matcher.name);
    let simple = name.to_ascii_lowercase().replace('-', "_");
    let meant = if is_action_field(&simple) {
        format!("; did you mean action.{simple}?")
    } else if MISTAKEN.iter().any(|root| name.starts_with(root)) {
        format!("; did you mean action.{name}?")
    } else if let Some(label) = BEFORE_LABELS
        .iter()
        .find_map(|root| name.strip_prefix(root))
    {
        format!("; did you mean {label}?")
    } else if name == "now" || OF_RULES.iter().any(|root| name.starts_with(root)) {
        ": silences look at actions only, and know no time of day and no variables; rules do".into()
    } else if name == "action" {
        "; a path goes on with a field, such as action.provider".into()
    } else if name.ends_with(['=', '!', '~']) {
        " with an operator in its name: that goes into \"op\", such as \"regex\"".into()
    } else {
        return None;
    };
    Some(format!("{name:?} is taken for a label{meant}"))
}

/// Warning about a value that is compared as it stands and has something that was hardly meant to
/// be compared.
fn hardly_a_value(matcher: &MatcherSpec) -> Option<String> {
    if !matches!(matcher.op, MatchOp::Equal | MatchOp::NotEqual) {
        return None;
    }
    let value = shown(&matcher.value);
    let is_quoted = |quote| value.len() > 1 && value.starts_with(quote) && value.ends_with(quote);
    let why = if ['"', '\''].into_iter().any(is_quoted) {
        "stands in quotes, which are compared too: leave them out"
    } else {
        match check_visible(&matcher.value) {
            Err(InvalidName::BlankEnd) => "has a blank at an end, which is compared too",
            Err(_) => "has characters that nobody sees, which are compared too",
            Ok(()) => return None,
        }
    };
    Some(format!("the value {value:?} {why}"))
}

/// Warning about a value that is compared as it stands and looks like one that was to be searched
/// for.
fn like_a_pattern(matcher: &MatcherSpec) -> Option<String> {
    let value = matcher.value.as_str();
    let is_between_slashes = value
        .strip_prefix('/')
        .and_then(|rest| rest.rsplit_once('/'))
        .is_some_and(|(within, flags)| {
            !within.is_empty()
                && !within.contains('/')
                && flags.len() <= 3
                && flags.chars().all(|flag| "gimsuxy".contains(flag))
        });
    let has = |marks: &[&str]| marks.iter().any(|mark| value.contains(mark));
    let has_range = value
        .split_once('[')
        .is_some_and(|(_, rest)| rest.contains(']') && rest.contains('-'));
    let is_pattern = has(&["*", "|", ".+", "\\d", "\\w", "\\s", "\\."])
        || has_range
        || value.starts_with('^')
        || value.ends_with('$');
    (is_pattern || is_between_slashes).then(|| {
        let value = shown(value);
        format!("the value {value:?} looks like a pattern: for one, write \"op\": \"regex\", with .* for anything and no slashes around it")
    })
}

fn shown(text: &str) -> &str {
    head(text, MAX_NAME_BYTES)
}
