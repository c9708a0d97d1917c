//! What is accepted is read alike by every stage.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{post, receiver, with_hook, written};

/// JSON texts as nobody writes them, and whether one is to be refused.
struct Texts(u64);

impl Texts {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }

    fn one_of(&mut self, texts: &[&'static str]) -> String {
        texts[self.below(texts.len())].into()
    }

    fn value(&mut self, depth: usize) -> (String, bool) {
        let kinds = if depth == 0 { 2 } else { 4 };
        match self.below(kinds) {
            0 if self.below(12) == 0 => (
                self.one_of(&[
                    "1e400",
                    "-1e309",
                    "1E+99999999999",
                    r#""\ud83d""#,
                    r#""\ude00\ud83d""#,
                    r#""a\udfffb""#,
                ]),
                true,
            ),
            0 => {
                let numbers = [
                    "0",
                    "-0",
                    "1.10",
                    "1E+2",
                    "1e-400",
                    "0e999999",
                    "1e308",
                    "18446744073709551617",
                    "-123456789012345678901234567890",
                ];
                (self.one_of(&numbers), false)
            }
            1 => (
                self.one_of(&[
                    "null",
                    "true",
                    r#""""#,
                    r#""\ud83d\ude00""#,
                    r#""\\ud83d""#,
                    r#""\u0001\/""#,
                    r#""1e400""#,
                    r#""中""#,
                ]),
                false,
            ),
            2 => {
                let items: Vec<(String, bool)> =
                    (0..self.below(4)).map(|_| self.value(depth - 1)).collect();
                let texts: Vec<&str> = items.iter().map(|(text, _)| text.as_str()).collect();
                (
                    format!("[ {} ]", texts.join(" ,")),
                    items.iter().any(|(_, flawed)| *flawed),
                )
            }
            _ => self.object(depth),
        }
    }

    fn object(&mut self, depth: usize) -> (String, bool) {
        let mut names: Vec<usize> = Vec::new();
        let mut flawed = false;
        let mut members: Vec<String> = Vec::new();
        for _ in 0..self.below(4) {
            let name = self.below(8);
            // The first and the fifth are one name in two spellings.
            let quoted = [
                r#""a""#,
                r#""b""#,
                r#""""#,
                r#""c.d""#,
                r#""\u0061""#,
                r#""e""#,
                r#""f""#,
                r#""g""#,
            ][name];
            let name = if name == 4 { 0 } else { name };
            flawed |= names.contains(&name);
            names.push(name);
            let (text, inner) = self.value(depth - 1);
            flawed |= inner;
            members.push(format!("{quoted}: {text}"));
        }
        (format!("{{{}}}", members.join(",")), flawed)
    }
}

/// Any text that is accepted is the same for rules, wire, store and audit; any other is refused.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_accepted_is_the_same_for_every_stage() {
    let receiver = receiver().await;
    let gateway = with_hook(&receiver).await;
    let mut texts = Texts(7);
    let (mut accepted, mut refused) = (0, 0);
    for number in 0..300 {
        let (value, flawed) = texts.value(5);
        let payload = format!("{{\"value\":{value}}}");
        let id = format!("p{number}");
        let body = written(&id, &payload).replace("\"notify\"", "\"echo\"");
        let answer = post(&gateway, "/v1/dispatch", body.clone()).await;
        if flawed {
            assert_eq!(
                answer.status,
                StatusCode::UNPROCESSABLE_ENTITY,
                "{value}: {}",
                answer.body
            );
            refused += 1;
            continue;
        }
        accepted += 1;
        assert!(
            answer.body.get("Executed").is_some(),
            "{value}: {}",
            answer.body
        );
        let sent = receiver.requests().pop().expect("a request");
        assert!(
            sent.text.contains(&format!("\"value\":{value}")),
            "{value}: {}",
            sent.text
        );
        let seen = &sent.body["payload"]["seen"][0];
        assert_eq!(
            seen, &sent.body["payload"]["value"],
            "what the rule saw: {value}: {}",
            sent.text
        );
        for path in ["audit", "actions"] {
            let shown = reqwest::get(format!("{}/v1/{path}/{id}", gateway.base()))
                .await
                .expect("an answer")
                .text()
                .await
                .expect("text");
            assert!(shown.contains(&payload), "{path} {value}: {shown}");
        }
        assert_eq!(
            post(&gateway, "/v1/dispatch", body).await.body,
            answer.body,
            "the same request: {value}"
        );
        if number % 8 == 0 {
            assert_eq!(
                gateway
                    .post(&format!("/v1/audit/{id}/replay"), &Value::Null)
                    .await
                    .status,
                StatusCode::OK,
                "{value}"
            );
            let again = receiver.requests().pop().expect("a request");
            assert!(
                again.body["id"] != json!(id) && again.text.contains(&format!("\"value\":{value}")),
                "sent again: {value}: {}",
                again.text
            );
        }
    }
    assert!(accepted > 100 && refused > 20, "{accepted} {refused}");
}
