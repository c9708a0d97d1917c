//! Providers: webhooks, fallbacks, time-outs.

use super::parse;
use super::{ENVELOPE, assert_troubles};

#[test]
fn a_fallback_names_two_providers() {
    let log = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    let log = format!("[circuit_breaker]\nenabled = true\nKEY\n{log}");
    assert_troubles(
        &log.replace("KEY", "fallbacks = { log = \"nowhere\" }"),
        &[(3, "must name two providers")],
    );
    assert_troubles(
        &log.replace("KEY", "failure_threshold = 0"),
        &[(3, "from 1 to 1000")],
    );
}

#[test]
fn a_webhook_is_checked() {
    let block = |more: &str| format!("[[providers]]\nname = \"w\"\ntype = \"webhook\"\n{more}\n");
    assert_troubles(
        &block(&format!(
            "url = \"{}\"",
            ENVELOPE.replace("data:c", "data:d")
        )),
        &[(4, "no key opens it")],
    );
    for host in [
        "169.254.169.254",
        "0xa9fea9fe",
        "[2002:a9fe:a9fe::1]",
        "[64:ff9b::a9fe:a9fe]",
        "168.63.129.16",
        "[fd20:ce::254]",
        "Metadata.",
    ] {
        assert_troubles(
            &block(&format!("url = \"http://{host}/\"")),
            &[(4, "link-local")],
        );
    }
    assert_troubles(
        &block("url = \"https://example.com\"\nretry = \"often\""),
        &[(5, "\"safe\", \"5xx\" or \"never\"")],
    );
    assert_troubles(
        &block(
            "url = \"https://example.com\"\nheaders = { \"bad name\" = \"x\" }\ntimeout_seconds = 0",
        ),
        &[(5, "bad name"), (6, "from 1 to 25")],
    );
    assert_troubles(
        &block("url = \"https://example.com\"\nheaders = { authorization = \"Bearer ${TEAM}\" }"),
        &[],
    );
    for header in [
        "Content-Length",
        "transfer-encoding",
        "HOST",
        "connection",
        "content-type",
        "content-encoding",
        "expect",
    ] {
        assert_troubles(
            &block(&format!(
                "url = \"https://example.com\"\nheaders = {{ \"{header}\" = \"1\" }}"
            )),
            &[(5, "cannot be set")],
        );
    }
}

#[test]
fn a_thousand_webhooks_share_a_client() {
    let block = |number: usize| {
        format!(
            "[[providers]]\nname = \"w{number}\"\ntype = \"webhook\"\nurl = \"https://h{number}.example.com/\"\n"
        )
    };
    let config =
        parse(&(0..1000).map(block).collect::<String>()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(
        (config.providers.len(), config.shared.http_clients()),
        (1000, 1)
    );
}

#[cfg(feature = "postgres")]
#[test]
fn a_time_out_that_does_not_fit_into_the_lease_is_refused() {
    let store = "store.url = \"postgres://localhost/acteon\"\nstore.lease_seconds = 15\n";
    let block = |more: &str| {
        format!(
            "{store}[[providers]]\nname = \"w\"\ntype = \"webhook\"\nurl = \"https://example.com\"\n{more}\n"
        )
    };
    assert_troubles(
        &block("timeout_seconds = 11"),
        &[(7, "within 10 s here, two thirds of store.lease_seconds")],
    );
    assert_troubles(&block("timeout_seconds = 10"), &[]);
    assert_troubles(&block(""), &[]);
}
