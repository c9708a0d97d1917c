//! Texts: parts of addresses, escapes, JSON.

use std::net::IpAddr;

use minijinja::value::Value;
use minijinja::{Error, State};

use super::taken::refusal;
use crate::escaping::Escaping;
use crate::value;

/// Host without its port; what is no host with a port stays as it is.
pub(super) fn strip_port(text: &str) -> String {
    split_port(text).map_or(text, |(host, _)| host).to_owned()
}

/// First name of a host, with its port if it has one. An IP address stays as it is.
pub(super) fn strip_domain(text: &str) -> String {
    let (host, port) = match split_port(text) {
        Some((host, port)) => (host, Some(port)),
        None => (text, None),
    };
    if host.parse::<IpAddr>().is_ok() {
        return text.to_owned();
    }
    let name = host.split('.').next().unwrap_or(host);
    port.map_or(name.to_owned(), |port| format!("{name}:{port}"))
}

/// Host and port, as `net.SplitHostPort` of Go splits them.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    if let Some(inner) = host.strip_prefix('[') {
        return Some((inner.strip_suffix(']')?, port));
    }
    (!host.contains([':', '[', ']']) && !port.contains(['[', ']'])).then_some((host, port))
}

/// Text in which nothing is markup: of what the template is rendered for, or of what is named.
pub(super) fn escape(state: &mut State, value: &Value, name: Option<&str>) -> Result<Value, Error> {
    let escaping = match name {
        None if value.is_safe() => return Ok(value.clone()),
        None => Escaping::of(state),
        Some(name) => Escaping::from_name(name).ok_or_else(|| {
            let known = Escaping::ALL.map(Escaping::name).join(", ");
            refusal(format!("there is no escaping {name:?}; known are: {known}"))
        })?,
    };
    escaping.written(value).map(Value::from_safe_string)
}

/// JSON without blanks. It is escaped like any other text, but where JSON is what is rendered.
pub(super) fn to_json(state: &mut State, value: &Value) -> Result<Value, Error> {
    let json = value::to_json(value)?;
    let escaping = Escaping::of(state);
    Ok(match escaping.is_json() {
        true if value.is_safe() => Value::from_safe_string(json),
        true => Value::from_safe_string(escaping.json(json)),
        false => Value::from(json),
    })
}
