//! Tests that need no server. Calls are tested over HTTP by the server's tests.

use acteon_config::{Setting, Settings};

use super::config::Config;
use crate::context::Context;

fn read(url: &str, allow_link_local: bool) -> Result<(), String> {
    let mut settings = Settings::default();
    settings.set("url", Setting::Secret(url.into()));
    settings.set("allow_link_local", Setting::Flag(allow_link_local));
    Config::read(&settings, &Context::default())
        .map(drop)
        .map_err(|problems| problems[0].message.clone())
}

#[test]
fn link_local_and_metadata_addresses_are_refused_unless_allowed() {
    for url in [
        "http://169.254.169.254/latest/meta-data",
        "http://[fe80::1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://100.100.100.200/",
        "http://[fd00:ec2::254]/",
        "http://metadata.google.internal/",
    ] {
        let error = read(url, false).expect_err(url);
        assert!(error.contains("link-local"), "{error}");
        assert_eq!(read(url, true), Ok(()));
    }
    assert_eq!(read("http://127.0.0.1:9/", false), Ok(()));
}

#[test]
fn an_address_must_be_one() {
    for url in ["hooks.example.com", "ftp://example.com", " "] {
        assert!(read(url, false).is_err(), "{url}");
    }
}

#[test]
fn a_thousand_webhooks_share_two_clients() {
    let context = Context::default();
    for number in 0..1000 {
        let mut settings = Settings::default();
        settings.set(
            "url",
            Setting::Secret(format!("https://hooks-{number}.example.com/{number}").into()),
        );
        settings.set("timeout_seconds", Setting::Integer(1 + number % 20));
        settings.set("allow_link_local", Setting::Flag(number % 2 == 0));
        Config::read(&settings, &context)
            .map(drop)
            .expect("a webhook");
    }
    assert_eq!(context.http_clients(), 2);
}

#[test]
fn a_time_out_that_does_not_fit_into_a_send_is_refused() {
    let context = Context::new(std::time::Duration::from_secs(10));
    let mut settings = Settings::default();
    settings.set("url", Setting::Secret("https://hooks.example.com/".into()));
    assert_eq!(
        Config::read(&settings, &context)
            .map(|config| config.timeout.as_secs())
            .ok(),
        Some(10)
    );
    settings.set("timeout_seconds", Setting::Integer(11));
    let problems = Config::read(&settings, &context).err().expect("refused");
    assert_eq!(problems[0].key, "timeout_seconds");
    assert!(
        problems[0].message.contains("within 10 s")
            && problems[0].message.contains("store.lease_seconds"),
        "{}",
        problems[0].message
    );
}
