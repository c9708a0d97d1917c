//! `gettoken`, `agent/get`, and the checks of tokens, addresses and frequency.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::faults::Call;
use super::reply::{Refusal, refusal};
use super::world::{App, Token, TokenState, World};

/// Time for which an address is banned after too many wrong secrets (page 90313 of the documentation, code 45009).
const BAN: Duration = Duration::from_hours(1);

pub(super) fn gettoken(
    world: &mut World,
    caller: IpAddr,
    now: Instant,
    corp_id: &str,
    secret: &str,
) -> Result<Value, Refusal> {
    if let Some((count, since)) = world.wrong_secrets.get(&caller).copied()
        && count >= world.settings.wrong_secrets_allowed
        && now.duration_since(since) < BAN
    {
        return Err(refusal(45009, "reach max api daily quota limit"));
    }
    if corp_id.is_empty() {
        return Err(refusal(41002, "corpid missing"));
    }
    if secret.is_empty() {
        return Err(refusal(41004, "secret missing"));
    }
    if corp_id != world.corp_id {
        return Err(refusal(40013, "invalid corpid"));
    }
    let Some(app) = world.apps.iter().find(|app| app.secret == secret).cloned() else {
        let wrong = world.wrong_secrets.entry(caller).or_insert((0, now));
        *wrong = (wrong.0 + 1, now);
        return Err(refusal(40001, "invalid credential"));
    };
    if app.disabled {
        return Err(refusal(40001, "invalid credential, app is disabled"));
    }
    check_frequency(world, Call::Gettoken, now)?;
    let (token, remaining) = token_for(world, &app, now);
    Ok(json!({ "errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": remaining }))
}

fn token_for(world: &mut World, app: &App, now: Instant) -> (String, i64) {
    let current = world.current.get(&app.agent_id).cloned();
    if let Some(current) = current {
        let state = world.tokens.get(&current).map(|token| token.state);
        if let Some(TokenState::Good { until }) = state
            && until > now
        {
            if world.settings.repeat_same_token {
                return (current, (until - now).as_secs() as i64);
            }
            let until = until.min(now + Duration::from_secs(world.settings.old_valid_seconds));
            world
                .tokens
                .entry(current)
                .and_modify(|token| token.state = TokenState::Good { until });
        }
    }
    let token = world.opaque("tok_");
    let expires_in = world.settings.expires_in;
    let until = now + Duration::from_secs(u64::try_from(expires_in).unwrap_or(0));
    world.tokens.insert(
        token.clone(),
        Token {
            agent_id: app.agent_id,
            state: TokenState::Good { until },
        },
    );
    world.current.insert(app.agent_id, token.clone());
    (token, expires_in)
}

/// App of a call's token, after the checks that each call with a token begins with.
pub(super) fn authorize(
    world: &mut World,
    call: Call,
    caller: IpAddr,
    now: Instant,
    token: Option<&str>,
) -> Result<App, Refusal> {
    let token = token
        .filter(|token| !token.is_empty())
        .ok_or(refusal(41001, "access_token missing"))?;
    let known = world
        .tokens
        .get(token)
        .ok_or(refusal(40014, "invalid access_token"))?;
    match known.state {
        TokenState::Good { until } if now < until => {}
        TokenState::Good { .. } | TokenState::Revoked(42001) => {
            return Err(refusal(42001, "access_token expired"));
        }
        TokenState::Revoked(_) => return Err(refusal(40014, "invalid access_token")),
    }
    let agent_id = known.agent_id;
    let app = world
        .apps
        .iter()
        .find(|app| app.agent_id == agent_id)
        .cloned()
        .ok_or(refusal(40014, "invalid access_token"))?;
    if app.disabled && call != Call::AgentGet {
        return Err(refusal(50003, "application is disabled"));
    }
    if app
        .trusted_ips
        .as_ref()
        .is_some_and(|trusted| !trusted.contains(&caller))
    {
        return Err(refusal(60020, "not allow to access from your ip"));
    }
    check_frequency(world, call, now)?;
    Ok(app)
}

fn check_frequency(world: &mut World, call: Call, now: Instant) -> Result<(), Refusal> {
    let Some(limit) = world.settings.rate_limit else {
        return Ok(());
    };
    if world.windows.entry(call).or_default().pass(limit, now) {
        return Ok(());
    }
    Err(refusal(45009, "api freq out of limit"))
}

pub(super) fn agent_get(
    world: &mut World,
    app: &App,
    agent_id: Option<&str>,
) -> Result<Value, Refusal> {
    let asked: i64 = agent_id
        .and_then(|text| text.parse().ok())
        .ok_or(refusal(41011, "missing agentid"))?;
    check_agent(world, app, asked)?;
    let users: Vec<Value> = world
        .members
        .keys()
        .map(|userid| json!({ "userid": userid }))
        .collect();
    Ok(json!({
        "errcode": 0,
        "errmsg": "ok",
        "agentid": app.agent_id,
        "name": app.name,
        "close": i64::from(app.disabled),
        "allow_userinfos": { "user": users },
        "allow_partys": { "partyid": [] },
        "allow_tags": { "tagid": [] },
    }))
}

pub(super) fn check_agent(world: &World, app: &App, asked: i64) -> Result<(), Refusal> {
    if asked == app.agent_id {
        return Ok(());
    }
    if world.apps.iter().any(|other| other.agent_id == asked) {
        return Err(refusal(
            301_002,
            "not allow operate another agent with this accesstoken",
        ));
    }
    Err(refusal(40056, "invalid agentid"))
}
