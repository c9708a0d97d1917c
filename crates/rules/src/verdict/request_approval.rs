//! `request_approval`: the action goes once people have approved it.

use std::sync::Arc;

use acteon_core::limits::MAX_APPROVAL_TIMEOUT;
use acteon_core::{ApprovalPolicy, CommentPolicy, EACH, OnTimeout, ProviderName, Quorum};

use super::entry::{PRIORITY, VerdictEntry, needed, optional};
use crate::reader::{Fields, Reader};
use crate::rule::Verdict;
use crate::yaml::{Node, NodeKind};

pub(super) const ENTRY: VerdictEntry = VerdictEntry {
    keys: &[
        needed("notify_provider"),
        optional("approvers"),
        optional("quorum"),
        optional("timeout_seconds"),
        optional("on_timeout"),
        optional("remind_every_seconds"),
        optional("escalate_to"),
        optional("escalate_after_seconds"),
        optional("separate"),
        optional("message"),
        optional("comment"),
        PRIORITY,
    ],
    synonyms: &["approval", "approve", "ask", "confirm"],
    parse,
    described: "RequestApproval",
    outcome: "pending_approval",
};

fn parse(reader: &mut Reader<'_>, node: &Node, fields: &Fields<'_>) -> Option<Verdict> {
    let before = reader.diagnostics.len();
    let mut policy = ApprovalPolicy::plain();
    policy.notify_provider = reader
        .needed(
            node,
            fields,
            "notify_provider",
            "through which provider those who decide are told",
        )
        .and_then(|node| reader.provider(node, "notify_provider"));
    policy.approvers = reader.names(fields, "approvers");
    policy.escalate_to = reader.names(fields, "escalate_to");
    policy.quorum = reader.quorum(fields).unwrap_or_default();
    if let Some(timeout) = reader.seconds(fields, "timeout_seconds") {
        policy.timeout_seconds = timeout;
    }
    policy.remind_every_seconds = reader.seconds(fields, "remind_every_seconds");
    policy.escalate_after_seconds = reader.seconds(fields, "escalate_after_seconds");
    policy.on_timeout = reader
        .choice(
            fields,
            "on_timeout",
            &[
                ("reject", OnTimeout::Reject),
                ("approve", OnTimeout::Approve),
            ],
        )
        .unwrap_or_default();
    policy.comment = reader
        .choice(
            fields,
            "comment",
            &[
                ("optional", CommentPolicy::Optional),
                ("required", CommentPolicy::Required),
            ],
        )
        .unwrap_or_default();
    if let Some(node) = fields.get("separate") {
        policy.separate = reader.flag(node)?;
    }
    policy.message = reader.message(fields);
    if reader.diagnostics.len() > before {
        return None;
    }
    let mut problems = policy.problems();
    if let Some(check) = &reader.context.check_approval
        && problems.is_empty()
    {
        problems = check.problems(&policy);
    }
    for problem in problems {
        let place = fields
            .get(problem.key)
            .map_or(node.place, |node| node.place);
        reader.fault::<()>(place, format!("{} {}", problem.key, problem.message));
    }
    Some(Verdict::RequestApproval {
        policy: Arc::new(policy),
    })
}

impl Reader<'_> {
    /// A name, or a list of some.
    fn names(&mut self, fields: &Fields<'_>, key: &str) -> Vec<String> {
        let Some(node) = fields.get(key).copied() else {
            return Vec::new();
        };
        match &node.kind {
            NodeKind::Text(text) => vec![text.clone()],
            NodeKind::List(items) if !items.is_empty() => {
                let names = items.iter().map(|item| self.text(item));
                names.flatten().collect()
            }
            _ => {
                let message = format!(
                    "{key} must be a name or a list of names, is {}",
                    node.described()
                );
                self.fault::<()>(node.place, message);
                Vec::new()
            }
        }
    }

    fn quorum(&mut self, fields: &Fields<'_>) -> Option<Quorum> {
        let node = fields.get("quorum")?;
        match &node.kind {
            NodeKind::Text(word) if word == EACH => Some(Quorum::Each),
            NodeKind::Int(count) if *count > 0 => {
                Some(Quorum::Count(u32::try_from(*count).unwrap_or(u32::MAX)))
            }
            _ => self.fault(
                node.place,
                format!(
                    "quorum must be the number of approvals that it takes, or {EACH} for one of each entry of the approvers, is {}",
                    node.shown()
                ),
            ),
        }
    }

    fn seconds(&mut self, fields: &Fields<'_>, key: &str) -> Option<u64> {
        let most = i64::try_from(MAX_APPROVAL_TIMEOUT.as_secs()).unwrap_or(i64::MAX);
        let node = fields.get(key)?;
        self.integer(node, 1..=most).map(i64::unsigned_abs)
    }

    fn choice<T: Copy>(
        &mut self,
        fields: &Fields<'_>,
        key: &str,
        words: &[(&str, T)],
    ) -> Option<T> {
        let node = fields.get(key)?;
        let text = self.text(node)?;
        let found = words.iter().find(|(word, _)| *word == text);
        if found.is_none() {
            let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let known = known.join(", ");
            self.fault::<()>(
                node.place,
                format!("{key} must be one of {known}, is {text:?}"),
            );
        }
        found.map(|(_, choice)| *choice)
    }

    fn message(&mut self, fields: &Fields<'_>) -> Option<String> {
        let node = fields.get("message")?;
        let text = self.text(node)?;
        Some(text).filter(|text| !text.trim().is_empty())
    }

    /// Provider that is there.
    pub(super) fn provider(&mut self, node: &Node, key: &str) -> Option<ProviderName> {
        let text = self.text(node)?;
        self.known_provider(node, key, &text)
    }
}
