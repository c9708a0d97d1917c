//! Tests of queries and settings.

use super::support::{CORP_ID, KEY, TOKEN, codec, codec_of, query};
use crate::callback::{CallbackError, ParameterFault, Query, SettingsError};

const SIGNATURE: &str = "9f7d0a31795b5ac426b27ad36d06f53b4181e24b";

fn fault_of(text: &str) -> (&'static str, ParameterFault) {
    match Query::parse(text) {
        Err(CallbackError::Parameter { name, fault }) => (name, fault),
        other => panic!("{text}: {other:?}"),
    }
}

#[test]
fn each_parameter_is_there_once() {
    let whole = [
        ("msg_signature", SIGNATURE),
        ("timestamp", "1700000000"),
        ("nonce", "n0nce"),
    ];
    let joined = |fields: &[(&str, &str)]| {
        let pairs: Vec<String> = fields
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        pairs.join("&")
    };
    assert_eq!(query(&joined(&whole)).timestamp(), 1_700_000_000);
    for (place, field) in whole.iter().enumerate() {
        let mut missing = whole.to_vec();
        missing.remove(place);
        assert_eq!(
            fault_of(&joined(&missing)),
            (field.0, ParameterFault::Missing)
        );
        let mut empty = whole.to_vec();
        empty[place].1 = "";
        assert_eq!(
            fault_of(&joined(&empty)),
            (field.0, ParameterFault::Missing)
        );
        let mut twice = whole.to_vec();
        twice.push(*field);
        assert_eq!(
            fault_of(&joined(&twice)),
            (field.0, ParameterFault::Repeated)
        );
    }
    let twice = format!("{}&echostr=a&echostr=a", joined(&whole));
    assert_eq!(fault_of(&twice), ("echostr", ParameterFault::Repeated));
    let others = format!("app=1&{}&x=1&x=2", joined(&whole));
    assert!(Query::parse(&others).is_ok());
}

#[test]
fn parameters_are_no_longer_and_no_other_than_they_can_be() {
    let with = |signature: &str, timestamp: &str, nonce: &str, echostr: &str| {
        format!("msg_signature={signature}&timestamp={timestamp}&nonce={nonce}&echostr={echostr}")
    };
    let nonce = "n".repeat(128);
    let echostr = "e".repeat(1024);
    assert!(Query::parse(&with(SIGNATURE, "18446744073709551615", &nonce, &echostr)).is_ok());
    for (text, name, fault) in [
        (
            with(&SIGNATURE[1..], "1", "n", "e"),
            "msg_signature",
            ParameterFault::Malformed,
        ),
        (
            with(&SIGNATURE.to_uppercase(), "1", "n", "e"),
            "msg_signature",
            ParameterFault::Malformed,
        ),
        (
            with(&format!("{SIGNATURE}0"), "1", "n", "e"),
            "msg_signature",
            ParameterFault::TooLong,
        ),
        (
            with(SIGNATURE, "18446744073709551616", "n", "e"),
            "timestamp",
            ParameterFault::Malformed,
        ),
        (
            with(SIGNATURE, "%2B1", "n", "e"),
            "timestamp",
            ParameterFault::Malformed,
        ),
        (
            with(SIGNATURE, "-1", "n", "e"),
            "timestamp",
            ParameterFault::Malformed,
        ),
        (
            with(SIGNATURE, "000000000000000000001", "n", "e"),
            "timestamp",
            ParameterFault::TooLong,
        ),
        (
            with(SIGNATURE, "1", &format!("{nonce}n"), "e"),
            "nonce",
            ParameterFault::TooLong,
        ),
        (
            with(SIGNATURE, "1", "n", &format!("{echostr}e")),
            "echostr",
            ParameterFault::TooLong,
        ),
    ] {
        assert_eq!(fault_of(&text), (name, fault), "{text}");
    }
    let long = format!("{}&x={}", with(SIGNATURE, "1", "n", "e"), "x".repeat(4096));
    assert_eq!(Query::parse(&long), Err(CallbackError::QueryTooLong(4096)));
}

#[test]
fn a_url_is_not_verified_without_an_echostr() {
    let text = format!("msg_signature={SIGNATURE}&timestamp=1700000000&nonce=n0nceAAA1");
    assert_eq!(
        codec().verify_url(&query(&text)),
        Err(CallbackError::Parameter {
            name: "echostr",
            fault: ParameterFault::Missing
        })
    );
}

#[test]
fn settings_are_those_of_a_callback() {
    assert!(codec_of(&"t".repeat(32), KEY, "").is_ok());
    for token in ["", &"t".repeat(33), "to ken", "令牌"] {
        let made = codec_of(token, KEY, CORP_ID).map(drop);
        assert_eq!(made, Err(SettingsError::Token), "{token}");
    }
    let padded = format!("{KEY}=");
    let dashed = KEY.replace('a', "-");
    for key in ["", &KEY[1..], &padded, &dashed, &KEY.replace('a', "+")] {
        let made = codec_of(TOKEN, key, CORP_ID).map(drop);
        assert_eq!(made, Err(SettingsError::Key), "{key}");
    }
    let made = codec_of(TOKEN, KEY, &"i".repeat(129)).map(drop);
    assert_eq!(made, Err(SettingsError::ReceiveId));
}

#[test]
fn debug_shows_no_secret() {
    let text = format!("msg_signature={SIGNATURE}&timestamp=1700000000&nonce=n0nce&echostr=e");
    let shown = format!("{:?} {:?}", codec(), query(&text));
    for secret in [TOKEN, KEY, CORP_ID, SIGNATURE, "n0nce"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
