//! Recipients under other names: those of other services, and those that people use.
//!
//! A message has no such field, so that it would go to the default recipients instead.

use serde_json::Value;

/// Fields, each with other names for it: in small letters, without separators, in the singular. `mobile` and `email` are among them although WeChat
/// Work takes only userids: whoever wrote them meant a recipient.
const NAMES: [(&str, &[&str]); 3] = [
    (
        "touser",
        &[
            "to",
            "user",
            "userid",
            "recipient",
            "receiver",
            "mobile",
            "email",
            "mention",
            "mentioned",
            "mentionedlist",
            "mentionedmobilelist",
            "atuser",
            "atuserid",
            "atmobile",
        ],
    ),
    (
        "toparty",
        &[
            "party",
            "partie",
            "partyid",
            "department",
            "departmentid",
            "dept",
            "deptid",
        ],
    ),
    ("totag", &["tag", "tagid"]),
];

/// Field that a name, in small letters and without separators, most likely means; `None` when it is another name, or its value cannot be recipients.
pub(super) fn meant(plain: &str, value: &Value) -> Option<&'static str> {
    if !can_be_recipients(value) {
        return None;
    }
    let singular = |name: &str| name.strip_suffix('s').unwrap_or(name).to_owned();
    let spellings = [
        singular(plain),
        singular(plain.strip_prefix("to").unwrap_or(plain)),
    ];
    let named = NAMES.iter().find(|(_, names)| {
        spellings
            .iter()
            .any(|spelling| names.contains(&spelling.as_str()))
    });
    named.map(|(field, _)| *field)
}

/// Whether a value can be ids: a text that is not blank, a number, or a list of such.
fn can_be_recipients(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.trim().is_empty(),
        Value::Number(_) => true,
        Value::Array(items) => items
            .iter()
            .any(|item| matches!(item, Value::String(_) | Value::Number(_))),
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    }
}
