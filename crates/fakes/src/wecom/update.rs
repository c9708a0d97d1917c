//! `message/update_template_card` (page 94888).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::card::check::{Kind, Purpose, check};
use super::gettoken::check_agent;
use super::reply::{Refusal, refusal};
use super::send::agent_id_of;
use super::world::{App, Message, World};

const WRONG_LIST: Refusal = refusal(40058, "invalid Request Parameter: a selector is no array");
const MAX_SELECTED: [(&str, usize, Refusal); 3] = [
    ("userids", 1000, refusal(40032, "invalid user list size")),
    ("partyids", 100, refusal(82002, "too many departments")),
    ("tagids", 100, refusal(82003, "too many tags")),
];

/// Change of what members see.
enum Change<'a> {
    /// The buttons give way to a grey one with this text.
    Button(&'a str),
    Card(&'a Value),
}

/// Updates a card for some of those whom it was sent to, which uses its response code up.
pub(super) fn update_card(world: &mut World, app: &App, bytes: &[u8]) -> Result<Value, Refusal> {
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|_| refusal(40058, "invalid Request Parameter: not json"))?;
    check_agent(world, app, agent_id_of(&body)?)?;
    let targets = Targets::read(&body)?;
    let code = body["response_code"].as_str().unwrap_or("");
    let known = world.codes.usable(code, world.millis())?;
    if world.settings.cards.newest_code_only && !world.codes.is_newest(code) {
        return Err(refusal(60140, "invalid response_code"));
    }
    if known.agent_id != app.agent_id {
        return Err(refusal(42015, "the card was sent by another app"));
    }
    let message = world.message(&known.msgid);
    let message = message.filter(|message| !message.recalled);
    let message = message.ok_or(refusal(42016, "task_id not found"))?;
    let change = Change::read(&body, message)?;
    let (selected, invalid) = targets.within(world, message);
    if selected.is_empty() {
        return Err(refusal(82102, "the members did not get the message"));
    }
    let msgid = known.msgid.clone();
    if let Some(message) = world.message_mut(&msgid) {
        for userid in selected {
            let face = change.made_to(message.faces.get(&userid).unwrap_or(&message.content));
            message.faces.insert(userid, face);
        }
    }
    world.codes.use_up(code);
    Ok(json!({ "errcode": 0, "errmsg": "ok", "invaliduser": invalid }))
}

impl<'a> Change<'a> {
    fn read(body: &'a Value, message: &Message) -> Result<Self, Refusal> {
        if !body["template_card"].is_null() {
            let card = &body["template_card"];
            check(card, Purpose::Update)?;
            return Ok(Self::Card(card));
        }
        if body["button"].is_null() {
            return Err(refusal(40063, "button and template_card are both empty"));
        }
        let name = body["button"]["replace_name"].as_str();
        let name = name
            .filter(|name| !name.is_empty())
            .ok_or(refusal(40063, "button.replace_name is empty"))?;
        let kind = message.content["card_type"].as_str().and_then(Kind::of);
        if !kind.is_some_and(Kind::asks) {
            return Err(refusal(42031, "card_type has no button to replace"));
        }
        Ok(Self::Button(name))
    }

    fn made_to(&self, face: &Value) -> Value {
        match self {
            Self::Button(name) => {
                let mut face = face.clone();
                face["replace_text"] = json!(name);
                face
            }
            Self::Card(card) => (*card).clone(),
        }
    }
}

/// Members whose card is to change.
enum Targets {
    Everybody,
    /// Userids, departments and tags.
    Some([Vec<String>; 3]),
}

impl Targets {
    fn read(body: &Value) -> Result<Self, Refusal> {
        if body["atall"].as_i64() == Some(1) {
            return Ok(Self::Everybody);
        }
        let mut lists: [Vec<String>; 3] = Default::default();
        for (list, (field, most, too_many)) in lists.iter_mut().zip(MAX_SELECTED) {
            *list = ids(&body[field])?;
            if list.len() > most {
                return Err(too_many);
            }
        }
        if lists.iter().all(Vec::is_empty) {
            return Err(refusal(82101, "no userids, partyids, tagids or atall"));
        }
        Ok(Self::Some(lists))
    }

    /// Members among those whom the message was sent to, and userids that are not.
    fn within(&self, world: &World, message: &Message) -> (BTreeSet<String>, Vec<String>) {
        let Self::Some([users, departments, tags]) = self else {
            let everybody = message.delivered.iter().chain(&message.dropped);
            return (everybody.cloned().collect(), Vec::new());
        };
        let users = users.iter().map(|userid| userid.to_lowercase());
        let (known, invalid): (Vec<String>, Vec<String>) =
            users.partition(|userid| message.was_sent_to(userid));
        let departments: Vec<&str> = departments.iter().map(String::as_str).collect();
        let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
        let of_groups = world
            .members_of(&departments, &tags)
            .map(|member| member.userid.clone())
            .filter(|userid| message.was_sent_to(userid));
        (known.into_iter().chain(of_groups).collect(), invalid)
    }
}

/// Ids of a selector: an array of texts or numbers.
fn ids(value: &Value) -> Result<Vec<String>, Refusal> {
    let id = |item: &Value| match item {
        Value::String(id) => Ok(id.trim().to_owned()),
        Value::Number(id) => Ok(id.to_string()),
        _ => Err(WRONG_LIST),
    };
    match value {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.iter().map(id).collect(),
        _ => Err(WRONG_LIST),
    }
}
