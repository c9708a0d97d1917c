//! The editors' schema takes what the server takes, and refuses what it refuses. What is more than a matter of structure - whether there is such a
//! time zone, whether an expression is one - only the server knows, and says so in words that are listed here.

use std::collections::BTreeSet;

use acteon_core::VerdictKind;
use acteon_rules::{Context, RuleSet};
use boon::{Compiler, SchemaIndex, Schemas};
use saphyr_parser::{Event, Parser, ScalarStyle, StrInput};
use serde_json::{Map, Value, json};

use crate::support::file;

/// What only the server knows, by its words.
const BEYOND_STRUCTURE: &[&str] = &[
    "is not a path",
    "is never ",
    "not a CEL expression",
    "there is no \"",
    "have no order",
    "in {{",
    "there is no time zone",
    "there is no calendar",
    "there is no field",
    "must be in [rules.env]",
    "is not a regular expression",
    "the name \"",
    "another time interval has this name",
    "{{",
    "is not after",
    "and not end before it starts",
    "never comes",
    "bytes without",
    "target_provider ",
    "is given twice",
    "provider ",
    "needs approvers",
    "needs escalate",
    "reminders until the time is over",
    "there are only",
    "to less than timeout_seconds",
    "without blanks around it",
    "without control characters",
    "twice",
    "the name of a person",
];

/// A file that uses everything.
fn whole() -> Value {
    let rule = |name: &str, action: Value| json!({ "name": name, "condition": "action.tenant == 'acme'", "action": action });
    json!({
        "time_intervals": [
            { "name": "nights", "location": "Asia/Shanghai", "description": "d", "on_mute": "postpone", "time_ranges": [
                { "times": [{ "start": "00:00", "end": "07:30" }, { "start": "22:00", "end": "24:00" }], "weekdays": [{ "start": 1, "end": 5 }] },
                { "days_of_month": [{ "start": -7, "end": -1 }], "months": [{ "start": 1, "end": 12 }], "years": [{ "start": 2026, "end": 2030 }] },
            ] },
            { "name": "days", "time_ranges": [{ "months": [{ "start": 1, "end": 3 }] }, { "calendar": "cn-holidays", "on": "holiday" }] },
        ],
        "rules": [
            { "name": "one", "priority": 5, "description": "d", "enabled": true, "timezone": "Asia/Shanghai", "metadata": { "owner": "ops" },
              "mute_time_intervals": ["nights"], "active_time_intervals": ["days"], "on_mute": "drop", "on_error": "skip",
              "condition": { "all": [
                  { "field": "action.payload.a", "eq": "critical", "ne": "x" }, { "field": "action.payload.b", "gt": 1, "lt": 9, "gte": 2, "lte": 8.5 },
                  { "any": [{ "field": "action.payload.c", "contains": "a", "starts_with": "b", "ends_with": "c", "matches": "d+" },
                            { "field": "action.payload.d", "in_list": ["a", 1, true, null] }] },
              ] },
              "action": { "type": "reroute", "target_provider": "log", "priority": "high" } },
            { "name": "two", "condition": "true", "on_error": "hold", "action": { "type": "deny" } },
            { "name": "three", "condition": true, "active_time_intervals": ["days"], "on_mute": "postpone", "action": { "type": "suppress" } },
            rule("four", json!({ "type": "deduplicate", "ttl_seconds": 60, "priority": "low" })),
            rule("five", json!({ "type": "throttle", "max_count": 2, "window_seconds": 60, "priority": "normal" })),
            rule("six", json!({ "type": "modify", "changes": { "text": "now", "old": null } })),
            rule("seven", json!({ "type": "modify", "priority": "low" })),
            rule("later", json!({ "type": "schedule", "delay_seconds": 600, "priority": "high" })),
            rule("steps", json!({ "type": "chain", "chain": "deploy", "priority": "high" })),
            rule(
                "ask",
                json!({
                    "type": "request_approval", "notify_provider": "log", "approvers": ["lena", "group:ops"], "quorum": "each", "timeout_seconds": 900,
                    "on_timeout": "approve", "remind_every_seconds": 300, "escalate_to": "boss", "escalate_after_seconds": 600, "separate": true,
                    "message": "go?", "comment": "required", "priority": "high",
                }),
            ),
            rule("ask-two", json!({ "type": "request_approval", "notify_provider": "log", "approvers": ["lena", "max"], "quorum": 2, "escalate_to": ["boss"], "escalate_after_seconds": 60 })),
            rule("eight", json!({ "type": "allow" })),
        ],
    })
}

/// Schema of rules files for editors, compiled.
struct Schema(Schemas, SchemaIndex);

impl Schema {
    fn load() -> Self {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../docs/schema/rules.schema.json"
        );
        let schema: Value =
            serde_json::from_str(&std::fs::read_to_string(path).expect("the schema"))
                .expect("JSON");
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler
            .add_resource("rules.json", schema)
            .expect("a resource");
        let index = compiler
            .compile("rules.json", &mut schemas)
            .expect("a schema");
        Self(schemas, index)
    }

    /// Compares what both say of a file.
    fn compare(&self, text: &str, json: &Value) -> Result<(), String> {
        let context = Context {
            intervals: None,
            chains: None,
            ..Context::default()
        };
        let server = RuleSet::compile(&[file(text)], &context)
            .map(drop)
            .map_err(|error| error.to_string());
        let editor = self
            .0
            .validate(json, self.1)
            .map_err(|error| error.to_string());
        match (server, editor) {
            (Ok(()), Ok(())) | (Err(_), Err(_)) => Ok(()),
            (Err(said), Ok(())) => {
                let is_structure = |line: &&str| {
                    line.contains("rules.yaml:")
                        && !BEYOND_STRUCTURE.iter().any(|word| line.contains(word))
                };
                said.lines().find(is_structure).map_or(Ok(()), |line| {
                    Err(format!("the schema takes what the server refuses: {line}"))
                })
            }
            (Ok(()), Err(said)) => Err(format!(
                "the schema refuses what the server takes: {said}\n{json}"
            )),
        }
    }
}

/// Files with one thing changed: every value by values of other kinds, every key taken out, and one put in.
fn variants(whole: &Value) -> Vec<Value> {
    let others = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1),
        json!(7),
        json!(40),
        json!(1.5),
        json!(""),
        json!(" "),
        json!("a/b"),
        json!("a\u{7}"),
        json!("24:00"),
        json!("x".repeat(129)),
        json!(3_000_000),
        json!(2_000_000_000),
        json!([]),
        json!([1]),
        json!(["days"]),
        json!({}),
        json!({ "a": 1 }),
        json!("deny"),
        json!("hold"),
        json!("postpone"),
        json!("low"),
    ];
    let mut variants = Vec::new();
    for pointer in pointers(whole, "") {
        let change = |with: &dyn Fn(&mut Value)| {
            let mut changed = whole.clone();
            with(changed.pointer_mut(&pointer).expect("it is there"));
            changed
        };
        variants.extend(
            others
                .iter()
                .map(|other| change(&|value| *value = other.clone())),
        );
        if let Some(fields) = whole.pointer(&pointer).and_then(Value::as_object) {
            let without = |key: &String| {
                change(&|value| drop(value.as_object_mut().and_then(|fields| fields.remove(key))))
            };
            variants.extend(fields.keys().map(without));
            let known = [
                "colour",
                "on_mute",
                "on_error",
                "priority",
                "ttl_seconds",
                "changes",
                "field",
                "all",
                "any",
                "location",
                "times",
            ];
            let with = |key: &&str| {
                change(&|value| {
                    drop(
                        value
                            .as_object_mut()
                            .map(|fields| fields.insert((*key).to_owned(), json!("low"))),
                    );
                })
            };
            variants.extend(
                known
                    .iter()
                    .filter(|key| !fields.contains_key(**key))
                    .map(with),
            );
        }
    }
    variants
}

fn pointers(value: &Value, at: &str) -> Vec<String> {
    let mut all = vec![at.to_owned()];
    match value {
        Value::Object(fields) => all.extend(
            fields
                .iter()
                .flat_map(|(key, value)| pointers(value, &format!("{at}/{key}"))),
        ),
        Value::Array(items) => all.extend(
            items
                .iter()
                .enumerate()
                .flat_map(|(place, value)| pointers(value, &format!("{at}/{place}"))),
        ),
        _ => {}
    }
    all
}

/// What the file leaves out, the schema may leave out too, and no variant would tell.
#[test]
fn a_file_that_uses_everything_has_every_verdict() {
    let whole = whole();
    let rules = whole["rules"].as_array().expect("rules");
    let used: BTreeSet<&str> = rules
        .iter()
        .filter_map(|rule| rule["action"]["type"].as_str())
        .collect();
    let all = VerdictKind::ALL.map(VerdictKind::as_str);
    assert_eq!(used, BTreeSet::from(all));
}

#[test]
fn the_editors_schema_takes_and_refuses_what_the_server_does() {
    let (schema, whole) = (Schema::load(), whole());
    let context = Context {
        intervals: None,
        chains: None,
        ..Context::default()
    };
    RuleSet::compile(&[file(&whole.to_string())], &context)
        .unwrap_or_else(|error| panic!("{error}"));
    let variants = variants(&whole);
    assert!(variants.len() > 2000, "{}", variants.len());
    let differ: BTreeSet<String> = std::iter::once(&whole)
        .chain(&variants)
        .filter_map(|json| schema.compare(&json.to_string(), json).err())
        .collect();
    let first: Vec<&str> = differ.iter().take(40).map(String::as_str).collect();
    assert!(
        differ.is_empty(),
        "{} differ:\n{}",
        differ.len(),
        first.join("\n")
    );
}

#[test]
fn the_editors_schema_agrees_on_every_file_at_hand() {
    let (schema, root) = (
        Schema::load(),
        concat!(env!("CARGO_MANIFEST_DIR"), "/../.."),
    );
    let read = |path: &str| std::fs::read_to_string(format!("{root}/{path}")).expect("a file");
    let mut files = vec![read("examples/rules/cookbook.yaml")];
    for page in ["docs/book/rules.md", "docs/book/silences.md", "README.md"] {
        files.extend(
            read(page)
                .split("```yaml\n")
                .skip(1)
                .filter_map(|rest| Some(rest.split_once("```")?.0.to_owned())),
        );
    }
    let corpus = std::fs::read_dir(format!("{root}/fuzz/corpus/rules")).expect("a corpus");
    files.extend(
        corpus.filter_map(|entry| std::fs::read_to_string(entry.expect("an entry").path()).ok()),
    );
    let parsed: Vec<(String, Value)> = files
        .into_iter()
        .filter_map(|text| Some((text.clone(), parsed(&text)?)))
        .collect();
    assert!(parsed.len() > 20, "{}", parsed.len());
    let differ: Vec<String> = parsed
        .iter()
        .filter_map(|(text, json)| schema.compare(text, json).err())
        .collect();
    assert!(
        differ.is_empty(),
        "{} differ:\n{}",
        differ.len(),
        differ.join("\n\n")
    );
}

/// YAML as JSON; `None` for what is not YAML, or has what no file of rules may have.
fn parsed(text: &str) -> Option<Value> {
    let mut parser = Parser::new_from_str(text);
    loop {
        match parser.next_event()?.ok()?.0 {
            Event::StreamStart | Event::DocumentStart(_) | Event::Nothing => {}
            event => return value(&mut parser, event),
        }
    }
}

fn value<'a>(parser: &mut Parser<'a, StrInput<'a>>, event: Event<'a>) -> Option<Value> {
    match event {
        Event::Scalar(text, ScalarStyle::Plain, _, None) => Some(plain(&text)),
        Event::Scalar(text, _, _, None) => Some(Value::from(text.into_owned())),
        Event::SequenceStart(_, None) => {
            let mut items = Vec::new();
            loop {
                match parser.next_event()?.ok()?.0 {
                    Event::SequenceEnd => return Some(Value::from(items)),
                    event => items.push(value(parser, event)?),
                }
            }
        }
        Event::MappingStart(_, None) => {
            let mut fields = Map::new();
            loop {
                match parser.next_event()?.ok()?.0 {
                    Event::MappingEnd => return Some(Value::from(fields)),
                    Event::Scalar(key, ..) => {
                        let event = parser.next_event()?.ok()?.0;
                        fields.insert(key.into_owned(), value(parser, event)?);
                    }
                    _ => return None,
                }
            }
        }
        _ => None,
    }
}

fn plain(text: &str) -> Value {
    match text {
        "" | "~" | "null" | "Null" | "NULL" => Value::Null,
        "true" | "True" | "TRUE" => json!(true),
        "false" | "False" | "FALSE" => json!(false),
        _ => text
            .parse::<i64>()
            .map(Value::from)
            .or_else(|_| text.parse::<f64>().map(Value::from))
            .unwrap_or_else(|_| Value::from(text)),
    }
}
