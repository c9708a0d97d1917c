//! Answers of the API: a JSON object with `errcode` and `errmsg` beside the fields of the call (pages 90664 and 90313).

use std::net::IpAddr;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value};

use crate::error::{Call, Error, Reason};
use crate::http::Reply;
use crate::lenient;

/// Longest `errmsg` that is kept, in bytes.
const MAX_TEXT: usize = 300;

/// Successful answer: `errcode` is 0 or missing.
pub(crate) struct Answer {
    fields: Map<String, Value>,
}

impl Answer {
    /// Reads a reply to `call`, also one that broke off if what came says enough. `proof` is the field that a success without `errcode` must have;
    /// `secrets` are taken out of everything that is kept. Errors when the answer is a failure, or says neither.
    pub(crate) fn read(
        call: Call,
        reply: &Reply,
        proof: &str,
        secrets: &[Arc<SecretString>],
    ) -> Result<Self, Error> {
        let unreadable = |what| {
            Error::new(
                call,
                reply.cut_short.clone().unwrap_or(Reason::Unreadable(what)),
            )
        };
        let Some(given) = lenient::fields(&reply.body) else {
            return Err(unreadable("it is not a JSON object"));
        };
        // Nobody can tell which one counts, and neither may a refusal be taken for a success nor a success for a refusal.
        if given.ambiguous("errcode", whole_number) {
            return Err(unreadable(
                "its errcode is cut off, or it has two that differ",
            ));
        }
        if proof == "access_token" && given.ambiguous(proof, Value::clone) {
            return Err(unreadable(
                "its access_token is cut off, or it has two that differ",
            ));
        }
        let mut fields = given.values();
        scrub_all(&mut fields, proof, secrets);
        let code = match fields.get("errcode") {
            None | Some(Value::Null) if fields.get(proof).is_some_and(|value| !value.is_null()) => {
                0
            }
            None | Some(Value::Null) => return Err(unreadable("it has no errcode")),
            Some(value) => {
                whole_number(value).ok_or_else(|| unreadable("its errcode is not a number"))?
            }
        };
        if code == 0 {
            return Ok(Self { fields });
        }
        let errmsg = fields
            .get("errmsg")
            .and_then(Value::as_str)
            .unwrap_or_default();
        Err(Error::new(call, read_errmsg(code, errmsg)))
    }

    /// Text of a field; `None` when it is missing or of another kind.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.fields.get(field)?.as_str()
    }

    /// Whole number of a field, however it is written; `None` when it is missing or none.
    pub(crate) fn number(&self, field: &str) -> Option<i64> {
        whole_number(self.fields.get(field)?)
    }

    /// Texts of a list; empty when it is missing. A text with `|` between its parts counts as a list, which is how other calls write one.
    pub(crate) fn texts(&self, field: &str) -> Vec<String> {
        match self.fields.get(field) {
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|item| item.as_str().map(str::to_owned))
                .collect(),
            Some(Value::String(text)) => text
                .split('|')
                .filter(|part| !part.is_empty())
                .map(str::to_owned)
                .collect(),
            _ => Vec::new(),
        }
    }

    /// Takes the value of a field; `null` when it is missing.
    pub(crate) fn take(&mut self, field: &str) -> Value {
        self.fields.remove(field).unwrap_or(Value::Null)
    }
}

/// Whole number of a value. Some answers, and some proxies, write numbers as text or with decimals.
fn whole_number(value: &Value) -> Option<i64> {
    let decimal = || {
        value
            .as_f64()
            .filter(|number| number.fract() == 0.0 && number.abs() < 1e15)
            .map(|number| number as i64)
    };
    value
        .as_i64()
        .or_else(|| value.as_str()?.trim().parse().ok())
        .or_else(decimal)
}

/// Replaces secrets in all fields but the token that was asked for: an answer can repeat what the request held.
fn scrub_all(fields: &mut Map<String, Value>, proof: &str, secrets: &[Arc<SecretString>]) {
    for (name, value) in fields {
        if name == "access_token" && proof == "access_token" {
            continue;
        }
        scrub(value, secrets);
    }
}

fn scrub(value: &mut Value, secrets: &[Arc<SecretString>]) {
    match value {
        Value::String(text) => {
            for secret in secrets {
                let secret = secret.expose_secret();
                if !secret.is_empty() && text.contains(secret) {
                    *text = text.replace(secret, "[redacted]");
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| scrub(item, secrets)),
        Value::Object(fields) => {
            for (mut name, mut value) in std::mem::take(fields)
                .into_iter()
                .map(|(name, value)| (Value::String(name), value))
            {
                scrub(&mut name, secrets);
                scrub(&mut value, secrets);
                if let Value::String(name) = name {
                    fields.insert(name, value);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Splits an `errmsg`, which reads `<text>, hint: [<id>], from ip: <address>, more info at <link>` (page 90930).
fn read_errmsg(code: i64, errmsg: &str) -> Reason {
    let after = |marker: &str| errmsg.split_once(marker).map(|(_, rest)| rest);
    let hint = after("hint: [")
        .and_then(|rest| rest.split(']').next())
        .filter(|hint| !hint.is_empty());
    let from_ip = after("from ip: ")
        .and_then(|rest| {
            rest.split(|letter: char| letter == ',' || letter.is_whitespace())
                .next()
        })
        .and_then(|ip| ip.parse::<IpAddr>().ok());
    let end = [", hint:", ", from ip:", ", more info at"]
        .iter()
        .filter_map(|marker| errmsg.find(marker))
        .min();
    let text = &errmsg[..end.unwrap_or(errmsg.len())];
    Reason::Code {
        code,
        text: text[..text.floor_char_boundary(MAX_TEXT)].trim().to_owned(),
        hint: hint.map(|hint| hint[..hint.floor_char_boundary(64)].to_owned()),
        from_ip,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Answer, Error> {
        let reply = Reply {
            body: body.as_bytes().to_vec().into(),
            cut_short: None,
        };
        Answer::read(
            Call::Send,
            &reply,
            "msgid",
            &[Arc::new(SecretString::from("t0ken"))],
        )
    }

    #[test]
    fn takes_an_error_text_apart() {
        let body = r#"{"errcode":60020,"errmsg":"not allow to access from your ip, hint: [1700000000000000001], from ip: 203.0.113.7, more info at https://open.work.weixin.qq.com/devtool/query?e=60020"}"#;
        let error = read(body).err().expect("an error");
        assert_eq!(error.hint(), Some("1700000000000000001"));
        assert!(error.advice().contains("203.0.113.7"), "{}", error.advice());
        assert!(
            error
                .to_string()
                .contains("not allow to access from your ip"),
            "{error}"
        );
        assert!(!error.to_string().contains("more info"), "{error}");
    }

    #[test]
    fn an_address_is_only_named_where_it_is_one() {
        for text in [
            "not allow to access from your ip, from ip: , more info",
            "from ip: <script>, more info",
            "from ip: unknown, more info",
        ] {
            let error = read(&format!(r#"{{"errcode":60020,"errmsg":"{text}"}}"#))
                .err()
                .expect("an error");
            assert_eq!(
                error.advice(),
                "add this server's address to the app's trusted IPs (企业可信IP) in the admin console, and wait a minute",
                "{text}"
            );
        }
        for address in ["203.0.113.7", "2001:db8::1"] {
            let error = read(&format!(
                r#"{{"errcode":60020,"errmsg":"from ip: {address}, more"}}"#
            ))
            .err()
            .expect("an error");
            assert!(
                error.advice().starts_with(&format!("add {address} to")),
                "{}",
                error.advice()
            );
        }
    }

    #[test]
    fn an_error_without_a_text_ends_with_what_it_means() {
        for body in [
            r#"{"errcode":40058}"#,
            r#"{"errcode":40058,"errmsg":" "}"#,
            r#"{"errcode":40058,"errmsg":null}"#,
        ] {
            let error = read(body).err().expect("an error");
            assert_eq!(
                error.to_string(),
                "WeChat Work message/send: errcode 40058, a parameter is invalid or too long"
            );
        }
    }

    #[test]
    fn a_missing_errcode_is_success_only_with_proof() {
        assert!(read(r#"{"msgid":"m1"}"#).is_ok());
        assert!(matches!(
            read("{}").map(|_| ()),
            Err(Error {
                reason: Reason::Unreadable(_),
                ..
            })
        ));
        assert!(matches!(
            read("<html>").map(|_| ()),
            Err(Error {
                reason: Reason::Unreadable(_),
                ..
            })
        ));
        assert!(
            matches!(read(r#"{"errcode":"40014","errmsg":"x"}"#).map(|_| ()), Err(error) if error.refuses_token())
        );
    }

    #[test]
    fn an_errcode_that_cannot_be_told_is_no_success() {
        for body in [
            r#"{"errcode":4e999,"msgid":"m"}"#,
            r#"{"errcode":true,"msgid":"m"}"#,
            r#"{"errcode":[0],"msgid":"m"}"#,
        ] {
            let error = read(body).err().expect("an error");
            assert!(
                matches!(error.reason, Reason::Unreadable(_)) && error.maybe_sent(),
                "{body}: {error}"
            );
        }
    }

    #[test]
    fn an_answer_that_says_two_things_says_nothing() {
        let token = |body: &str| {
            let reply = Reply {
                body: body.as_bytes().to_vec().into(),
                cut_short: None,
            };
            Answer::read(Call::GetToken, &reply, "access_token", &[])
        };
        for (body, answer) in [
            (
                r#"{"errcode":0,"msgid":"m","errcode":42001}"#,
                read as fn(&str) -> _,
            ),
            (r#"{"errcode":42001,"errcode":0}"#, read),
            (r#"{"msgid":"m","errcode":0,"errcode":null}"#, read),
            (r#"{"access_token":"a","access_token":"b"}"#, token),
        ] {
            let error = answer(body).err().expect("an error");
            assert!(
                matches!(error.reason, Reason::Unreadable(_))
                    && error.to_string().contains("that differ"),
                "{body}: {error}"
            );
        }
        for body in [
            r#"{"errcode":0,"msgid":"m","errcode":0,"msgid":"n"}"#,
            r#"{"errcode":0,"msgid":"m","errcode":"0","errcode":0.0}"#,
            r#"{"errcode":0,"msgid":"m","access_token":"a","access_token":"b"}"#,
        ] {
            assert!(
                read(body).is_ok(),
                "the message was taken, whatever else is said: {body}"
            );
        }
    }

    #[test]
    fn who_was_left_out_is_told_where_a_list_is_given_twice() {
        for body in [
            r#"{"errcode":0,"msgid":"m","invaliduser":"","invaliduser":"lisi"}"#,
            r#"{"errcode":0,"msgid":"m","invaliduser":"lisi","invaliduser":""}"#,
        ] {
            assert_eq!(
                read(body).expect("an answer").take("invaliduser"),
                "lisi",
                "{body}"
            );
        }
    }

    #[test]
    fn a_reply_that_broke_off_counts_for_what_it_says() {
        let broken = |body: &str| {
            let reply = Reply {
                body: body.as_bytes().to_vec().into(),
                cut_short: Some(Reason::Broken),
            };
            Answer::read(Call::Send, &reply, "msgid", &[]).map(|mut answer| answer.take("msgid"))
        };
        assert_eq!(
            broken(r#"{"errcode":0,"errmsg":"ok","msgid":"m1","inv"#),
            Ok("m1".into())
        );
        assert_eq!(
            broken(r#"{"errcode":40014,"errms"#)
                .expect_err("refused")
                .code(),
            Some(40014)
        );
        for body in [
            r#"{"errcode":4"#,
            r#"{"errcode":0,"msgid":"m","errcode":42"#,
            r#"{"errcode":0,"msgid":"m","errcode""#,
            r#"{"errcode":42001,"errcode":"#,
            r#"{"msgid":"m","errcode":"0"#,
        ] {
            assert_eq!(
                broken(body).expect_err("broken").reason,
                Reason::Broken,
                "{body}"
            );
        }
        assert_eq!(broken("").expect_err("broken").reason, Reason::Broken);
    }

    #[test]
    fn secrets_in_an_answer_are_taken_out() {
        let mut deep =
            read(r#"{"errcode":0,"msgid":"m","invaliduser":["t0ken",{"t0ken":["x t0ken"]}]}"#)
                .expect("an answer");
        assert_eq!(
            deep.take("invaliduser").to_string(),
            r#"["[redacted]",{"[redacted]":["x [redacted]"]}]"#
        );
        let error = read(r#"{"errcode":40014,"errmsg":"invalid access_token t0ken"}"#)
            .err()
            .expect("an error");
        assert!(
            error.to_string().contains("[redacted]") && !error.to_string().contains("t0ken"),
            "{error}"
        );
    }
}
