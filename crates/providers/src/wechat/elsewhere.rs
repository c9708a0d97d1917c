//! Recipients in a field that is none of a message's: other services' names for them, and what people call them.
//!
//! Such a field is left out of the message, which goes to the default recipients where it names none.

use serde_json::Value;

/// Names without case and separators, in the singular, and the field that each means. WeChat Work knows members by their userid, whatever else
/// they are called by.
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

/// The field that one of the name `plain` most likely means, if its value can be recipients.
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

/// Whether a value is ids: text, a number, or a list of such. What describes somebody, or is empty, is none.
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
