//! `message/send`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::content;
use super::gettoken::check_agent;
use super::reply::{Refusal, refusal};
use super::world::{App, Message, World};

const MAX_SELECTED: [(usize, Refusal); 3] = [
    (1000, refusal(40032, "invalid user list size")),
    (100, refusal(82002, "too many departments")),
    (100, refusal(82003, "too many tags")),
];

/// Longest interval of the duplicate check and its default, in seconds.
const DUPLICATE_INTERVALS: (u64, u64) = (14_400, 1800);

pub(super) fn send(
    world: &mut World,
    app: &App,
    bytes: &[u8],
    now: Instant,
) -> Result<Value, Refusal> {
    world.counts.bytes += bytes.len() as u64;
    let body: Value = serde_json::from_slice(bytes)
        .map_err(|_| refusal(40058, "invalid Request Parameter: not json"))?;
    let agent_id = agent_id_of(&body)?;
    check_agent(world, app, agent_id)?;
    let selectors = selectors(&body)?;
    let msgtype = body["msgtype"].as_str().unwrap_or_default().to_owned();
    let card = match msgtype.as_str() {
        "template_card" => Some(world.admit_card(app, &body["template_card"])?),
        _ => None,
    };
    let (content, cut) = match card {
        Some(_) => (body["template_card"].clone(), false),
        None => content::check(world, &msgtype, &body, now)?,
    };
    let reach = reach(world, &selectors);
    if reach.members.is_empty() {
        return Err(refusal(81013, "user & party & tag all invalid"));
    }
    let msgid = format!("local{:012}", world.trace() % 1_000_000_000_000);
    let mut reply = reply(&msgid, &reach);
    if is_duplicate(world, app, &body, bytes, now) {
        world.counts.duplicates += 1;
        return Ok(reply);
    }
    let (delivered, dropped) = deliver(world, app.agent_id, reach.members, now);
    world.counts.messages += 1;
    world.counts.dropped += dropped.len() as u64;
    world.counts.cut += u64::from(cut);
    let number = world.counts.messages;
    let safe = body["safe"].as_i64() == Some(1);
    let message = Message {
        number,
        msgid,
        agent_id,
        at: world.millis(),
        msgtype,
        content,
        cut,
        to: selectors.map(|ids| ids.join("|")),
        delivered,
        dropped,
        safe,
        task_id: card.as_ref().and_then(|card| card.task_id.clone()),
        faces: BTreeMap::new(),
        recalled: false,
    };
    if card.is_some_and(|card| card.calls_back) {
        reply["response_code"] = json!(world.new_response_code(agent_id, &message.msgid));
    }
    world.remember(message);
    Ok(reply)
}

/// `agentid` of a request, as a number or as text.
pub(super) fn agent_id_of(body: &Value) -> Result<i64, Refusal> {
    const INVALID: Refusal = refusal(40056, "invalid agentid");
    match &body["agentid"] {
        Value::Null => Err(refusal(41011, "missing agentid")),
        Value::String(text) => text.parse().map_err(|_| INVALID),
        other => other.as_i64().ok_or(INVALID),
    }
}

/// Ids of the three selectors, without blanks around them. Errors when all are empty, or one has too many.
fn selectors(body: &Value) -> Result<[Vec<String>; 3], Refusal> {
    let list = |field: &str| -> Vec<String> {
        let text = body[field].as_str().unwrap_or_default();
        text.split('|')
            .map(str::trim)
            .filter(|id| !id.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let selectors = ["touser", "toparty", "totag"].map(list);
    if selectors.iter().all(Vec::is_empty) {
        return Err(refusal(82001, "touser, toparty and totag are all empty"));
    }
    for (ids, (limit, too_many)) in selectors.iter().zip(MAX_SELECTED) {
        if ids.len() > limit {
            return Err(too_many);
        }
    }
    Ok(selectors)
}

/// Recipients of a message: members who can get it, ids that are invalid, by selector, and members without a licence.
#[derive(Default)]
struct Reach {
    members: BTreeSet<String>,
    invalid: [Vec<String>; 3],
    unlicensed: BTreeSet<String>,
}

fn reach(world: &World, [users, departments, tags]: &[Vec<String>; 3]) -> Reach {
    let mut reach = Reach::default();
    if users.iter().any(|id| id == "@all") {
        reach.members.extend(world.members.keys().cloned());
    } else {
        for id in users {
            let userid = id.to_lowercase();
            match world.members.get(&userid) {
                Some(_) => drop(reach.members.insert(userid)),
                None => reach.invalid[0].push(userid),
            }
        }
        for id in departments {
            let known: Vec<String> = world
                .members_of(&[id], &[])
                .map(|member| member.userid.clone())
                .collect();
            if known.is_empty() {
                reach.invalid[1].push(id.clone());
            }
            reach.members.extend(known);
        }
        for id in tags {
            let known: Vec<String> = world
                .members_of(&[], &[id])
                .map(|member| member.userid.clone())
                .collect();
            if known.is_empty() {
                reach.invalid[2].push(id.clone());
            }
            reach.members.extend(known);
        }
    }
    let unlicensed = |userid: &String| {
        world
            .members
            .get(userid)
            .is_some_and(|member| member.unlicensed)
    };
    reach.unlicensed = reach
        .members
        .iter()
        .filter(|userid| unlicensed(userid))
        .cloned()
        .collect();
    reach.members.retain(|userid| !unlicensed(userid));
    reach
}

fn reply(msgid: &str, reach: &Reach) -> Value {
    let mut reply = Map::new();
    reply.insert("errcode".into(), json!(0));
    reply.insert("errmsg".into(), json!("ok"));
    reply.insert("msgid".into(), json!(msgid));
    for (field, ids) in ["invaliduser", "invalidparty", "invalidtag"]
        .into_iter()
        .zip(&reach.invalid)
    {
        if !ids.is_empty() {
            reply.insert(field.into(), json!(ids.join("|")));
        }
    }
    if !reach.unlicensed.is_empty() {
        let ids: Vec<&str> = reach.unlicensed.iter().map(String::as_str).collect();
        reply.insert("unlicenseduser".into(), json!(ids.join("|")));
    }
    Value::Object(reply)
}

/// Whether the app sent the same bytes within the interval, if the request asks for the check.
fn is_duplicate(world: &mut World, app: &App, body: &Value, bytes: &[u8], now: Instant) -> bool {
    if body["enable_duplicate_check"].as_i64() != Some(1) {
        return false;
    }
    let (longest, default) = DUPLICATE_INTERVALS;
    let seconds = body["duplicate_check_interval"]
        .as_u64()
        .unwrap_or(default)
        .min(longest);
    world.sweep_bodies(now);
    let key = (app.agent_id, bytes.to_vec());
    let known = world
        .recent_bodies
        .get(&key)
        .is_some_and(|at| now.duration_since(*at) < Duration::from_secs(seconds));
    if !known {
        world.recent_bodies.insert(key, now);
    }
    known
}

/// Members who get a message, and those for whom it is dropped.
fn deliver(
    world: &mut World,
    agent_id: i64,
    members: BTreeSet<String>,
    now: Instant,
) -> (Vec<String>, Vec<String>) {
    let limited = world.settings.member_limit;
    members.into_iter().partition(|userid| {
        !limited
            || world
                .member_windows
                .entry((agent_id, userid.clone()))
                .or_default()
                .deliver(now)
    })
}
