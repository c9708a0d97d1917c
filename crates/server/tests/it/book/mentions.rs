//! Routes, metrics and commands that pages name in passing.

use std::collections::BTreeSet;

use acteon_fakes::wecom::{LocalWecom, world::World};
use reqwest::Method;

use super::markdown::spans;
use super::{pages, provider_lines};
use crate::support::{Gateway, run_command};

const METHODS: [&str; 4] = ["GET ", "POST ", "PUT ", "DELETE "];

#[tokio::test]
async fn every_route_that_a_page_names_is_there() {
    let wecom = LocalWecom::start(World::default())
        .await
        .expect("a local WeChat Work");
    let gateway = Gateway::start(&provider_lines(&wecom)).await;
    let mut named = BTreeSet::new();
    for (name, page) in pages() {
        for (line, span) in spans(&page) {
            let Some(method) = METHODS.iter().find(|method| span.starts_with(*method)) else {
                continue;
            };
            let path = span[method.len()..]
                .split([' ', '?'])
                .next()
                .unwrap_or_default();
            if path.starts_with('/') && !path.starts_with("/control/") {
                named.insert((method.trim(), filled(path), format!("{name}:{line}")));
            }
        }
    }
    assert!(named.len() > 20, "{named:?}");
    for (method, path, place) in named {
        if path == "/v1/stream" {
            // It has no end.
            let answer = gateway.follow(&path, None).await.expect("an answer");
            assert!(answer.status().is_success(), "{place}");
            continue;
        }
        let answer = gateway
            .try_send(
                method.parse::<Method>().expect("a method"),
                &path,
                None,
                None,
            )
            .await
            .expect("an answer");
        let says = |text: &str| {
            answer.body["message"]
                .as_str()
                .is_some_and(|message| message.contains(text))
        };
        assert!(
            !says("there is no such route") && !says("does not take this method"),
            "{place}: {method} {path}: {}",
            answer.body
        );
    }
}

/// A path with something in the place of `{id}`.
fn filled(path: &str) -> String {
    let mut filled = String::new();
    for part in path.split(['{', '}']).enumerate() {
        filled.push_str(if part.0 % 2 == 1 { "x" } else { part.1 });
    }
    filled
}

#[tokio::test]
async fn every_metric_that_a_page_names_is_there() {
    let metrics = crate::metrics::everything().await;
    let there: BTreeSet<&str> = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next())
        .chain(["acteon_up"])
        .collect();
    let mut in_the_list = BTreeSet::new();
    for (name, page) in pages() {
        for (line, span) in spans(&page) {
            let word = span.find("acteon_").map_or("", |at| &span[at..]);
            let metric = word
                .split(|letter: char| !letter.is_ascii_lowercase() && letter != '_')
                .next()
                .unwrap_or_default();
            let is_crate = [
                "acteon_gateway",
                "acteon_server",
                "acteon_store",
                "acteon_wecom",
            ]
            .contains(&metric);
            if metric.is_empty() || is_crate {
                continue;
            }
            assert!(
                there.contains(metric),
                "{name}:{line}: there is no metric {metric}"
            );
            if name == "metrics.md" {
                in_the_list.insert(metric.to_owned());
            }
        }
    }
    let untold: Vec<&&str> = there
        .iter()
        .filter(|metric| !in_the_list.contains(**metric))
        .collect();
    assert!(untold.is_empty(), "metrics.md does not tell of {untold:?}");
}

#[test]
fn every_command_that_a_page_names_is_there() {
    let mut named = 0;
    for (name, page) in pages() {
        for (line, span) in spans(&page) {
            let Some(rest) = span.strip_prefix("acteon-server ") else {
                continue;
            };
            let words: Vec<&str> = rest.split_whitespace().collect();
            let commands: Vec<&str> = words
                .iter()
                .copied()
                .take_while(|word| {
                    word.chars()
                        .all(|letter| letter.is_ascii_lowercase() || letter == '-')
                        && !word.starts_with('-')
                })
                .collect();
            let output = run_command(&[&commands[..], &["--help"]].concat(), &[], "");
            let help = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(
                output.status.success(),
                "{name}:{line}: {span}: {}",
                String::from_utf8_lossy(&output.stderr)
            );
            for flag in words.iter().filter(|word| word.starts_with('-')) {
                assert!(
                    help.contains(flag),
                    "{name}:{line}: {span}: there is no {flag}"
                );
            }
            named += 1;
        }
    }
    assert!(named > 5, "{named}");
}
