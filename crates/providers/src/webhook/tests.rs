//! What needs no server. The calls are tested over the real wire by the server's tests.

use acteon_core::{Setting, Settings};

use super::config::Config;

fn read(url: &str, allow_link_local: bool) -> Result<(), String> {
    let mut settings = Settings::default();
    settings.set("url", Setting::Secret(url.into()));
    settings.set("allow_link_local", Setting::Flag(allow_link_local));
    Config::read(&settings).map(drop).map_err(|problems| problems[0].message.clone())
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
