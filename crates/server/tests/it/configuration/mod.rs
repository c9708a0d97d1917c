//! Configuration files: everything that is wrong, at once, with its line.

mod providers;
mod texts;

use acteon_server::config::{
    CALENDAR, Config, ConfigError, Diagnostic, Env, PEOPLE_GROUP, PERSON, SECTIONS,
};

const KEY: &str = "4242424242424242424242424242424242424242424242424242424242424242";

/// Computed with two other implementations from the key above: `wecom-corp-secret`.
const ENVELOPE: &str = "ENC[AES256-GCM,data:crvystwBkWTvdmlgtL4pXkY=,iv:AAECAwQFBgcICQoL,tag:AkLiwTcpHhRBgAXU9E4USw==]";

fn variable(name: &str) -> Option<String> {
    match name {
        "ACTEON_AUTH_KEY" => Some(KEY.into()),
        "TEAM" => Some("ops".into()),
        "SECRET" => Some(ENVELOPE.into()),
        _ => None,
    }
}

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse("acteon.toml", text, &Env::new(&variable).expect("keys"))
}

fn troubles(text: &str) -> Vec<Diagnostic> {
    match parse(text) {
        Ok(_) => Vec::new(),
        Err(ConfigError::Wrong { diagnostics, .. }) => diagnostics,
        Err(ConfigError::Unreadable(message)) => panic!("{message}"),
    }
}

/// Line, and part of the message or hint.
fn assert_troubles(text: &str, expected: &[(usize, &str)]) {
    let found = troubles(text);
    let shown: Vec<String> = found
        .iter()
        .map(|t| {
            format!(
                "{}: {}: {} {:?}",
                t.place.line, t.subject, t.message, t.hint
            )
        })
        .collect();
    assert_eq!(found.len(), expected.len(), "{text}\n{shown:#?}");
    for (trouble, (line, part)) in found.iter().zip(expected) {
        let whole = format!(
            "{} {} {}",
            trouble.subject,
            trouble.message,
            trouble.hint.as_deref().unwrap_or_default()
        );
        assert!(
            trouble.place.line == *line && whole.contains(part),
            "expected {line}: {part}\n{shown:#?}"
        );
    }
}

#[test]
fn everything_wrong_comes_out_at_once_with_its_line() {
    let text = r#"[server]
port = "8080"
hsot = "0.0.0.0"
[store]
data_dir = "${NOWHERE}/x"
[servr]
[retry]
max_retries = 99
delays_seconds = [0]
[[providers]]
name = "a"
type = "log"
level = "info"
[[providers]]
type = "log"
[[providers]]
name = "a"
type = "log"
[[providers]]
name = "b"
type = "carrier-pigeon"
[[providers]]
name = "c"
"#;
    assert_troubles(
        text,
        &[
            (2, "must be a whole number, is text"),
            (3, "did you mean host?"),
            (5, "\"NOWHERE\" is not set"),
            (6, "there is no such section"),
            (8, "must be from 0 to 10, is 99"),
            (9, "must be a list of 1 to 100 numbers"),
            (13, "there is no such key"),
            (14, "name is missing"),
            (17, "is taken by block 1"),
            (21, "no provider type \"carrier-pigeon\""),
            (22, "type is missing"),
        ],
    );
}

#[test]
fn broken_syntax_is_told_with_its_line() {
    let found = troubles("[server\nport = 1\n");
    assert_eq!(found[0].place.line, 1, "{found:?}");
    assert!(
        troubles("port = = 3\n")
            .iter()
            .any(|trouble| trouble.place.line == 1)
    );
}

#[test]
fn a_display_names_file_line_and_column() {
    let Err(error) = parse("server.port = -1\n") else {
        panic!("wrong")
    };
    let shown = error.to_string();
    assert!(shown.starts_with("1 problem in acteon.toml\n  acteon.toml:1:15: server: port: must be from 0 to 65535, is -1"), "{shown}");
}

/// A key that is read and does nothing is one that its author relies on.
#[test]
fn what_would_have_no_effect_is_refused() {
    for (text, part) in [
        ("auth.config_path = \"keys.toml\"", "auth.enabled = true"),
        (
            "circuit_breaker.fallbacks = {}",
            "circuit_breaker.enabled = true",
        ),
        (
            "circuit_breaker.failure_threshold = 3",
            "circuit_breaker.enabled = true",
        ),
        (
            "circuit_breaker.success_threshold = 3",
            "circuit_breaker.enabled = true",
        ),
        (
            "circuit_breaker.recovery_timeout_seconds = 3",
            "circuit_breaker.enabled = true",
        ),
        ("rules.env = { TEAM = \"ops\" }", "rules.directory"),
        ("rules.watch = false", "rules.directory"),
        (
            "rules.default_timezone = \"Asia/Shanghai\"",
            "rules.directory",
        ),
        (
            "audit.tenant_ttl_seconds = { \"\" = 60 }",
            "can be no tenant",
        ),
        ("store.pool_size = 9", "needs `url`"),
        #[cfg(feature = "postgres")]
        (
            "[store]\nurl = \"postgres://me:one@db/acteon\"\npassword = \"two\"",
            "leave one of the two out",
        ),
        #[cfg(feature = "postgres")]
        (
            "[store]\nurl = \"postgres://me@localhost/acteon\"\nca_file = \"ca.pem\"",
            "sslmode=require",
        ),
        (
            "[[providers]]\nname = \"w\"\ntype = \"webhook\"\nurl = \"https://example.com\"\nheaders = { authorization = \"a\", Authorization = \"b\" }",
            "is there twice",
        ),
    ] {
        let found = troubles(text);
        assert!(
            found.len() == 1 && found[0].message.contains(part) && found[0].place.line > 0,
            "{text}: {found:?}"
        );
    }
    let plainly_off = "[auth]\nenabled = false\nconfig_path = \"keys.toml\"\n[circuit_breaker]\nenabled = false\nfailure_threshold = 3\n";
    assert_troubles(plainly_off, &[]);
}

#[test]
fn every_key_has_its_help_and_the_example_file_names_them_all() {
    let example = include_str!("../../../../../acteon.example.toml");
    let of_sections = SECTIONS.iter().flat_map(|section| section.keys);
    let of_blocks = [CALENDAR, PERSON, PEOPLE_GROUP].into_iter().flatten();
    for key in of_sections.chain(of_blocks) {
        assert!(
            key.help.len() > 10 && example.contains(key.name),
            "{}",
            key.name
        );
    }
    for provider in acteon_providers::catalog() {
        for key in provider.keys {
            assert!(
                example.contains(key.name),
                "{} of {}",
                key.name,
                provider.name
            );
        }
    }
}

#[cfg(not(feature = "wechat"))]
#[test]
fn a_provider_of_another_build_names_the_feature() {
    let text = "[[providers]]\nname = \"w\"\ntype = \"wechat\"\nwechat.agent_id = 1\n";
    assert_troubles(
        text,
        &[(3, "cargo build -p acteon-server --features wechat")],
    );
}

#[cfg(feature = "wechat")]
mod wechat {
    use super::*;

    /// The block of the provider's page.
    fn page(id: &str, secret: &str, more: &str) -> String {
        format!(
            r#"[[providers]]
name = "wechat-ops"
type = "wechat"
wechat.corp_id = "{id}"
wechat.corp_secret = "{secret}"
wechat.agent_id = 1000002
wechat.default_touser = "@all"
wechat.default_msgtype = "text"              # default; also "markdown" or "textcard"
# wechat.default_toparty = "12|15"           # department IDs
# wechat.default_totag = "oncall"            # tag IDs
# wechat.safe = false                        # confidential (no forwarding / screenshots)
# wechat.enable_duplicate_check = true
# wechat.duplicate_check_interval = 1800     # seconds
# wechat.token_refresh_buffer_seconds = 300  # default 5 minutes
{more}
"#
        )
    }

    #[test]
    fn the_documented_block_works_with_real_envelopes() {
        let underscore = ENVELOPE.replace("256-", "256_");
        for text in [
            page(ENVELOPE, &underscore, ""),
            page(ENVELOPE, "${SECRET}", ""),
            page("plain", "plain", "").replace("# wechat.", "wechat."),
        ] {
            let config = parse(&text).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(
                (
                    config.providers[0].name.as_str(),
                    config.providers[0].type_name.as_str()
                ),
                ("wechat-ops", "wechat")
            );
        }
    }

    #[test]
    fn the_placeholders_are_refused_at_both_lines_with_the_command() {
        let text = page(
            "ENC[AES256_GCM,data:abc123...]",
            "ENC[AES256_GCM,data:def456...]",
            "",
        );
        assert_troubles(
            &text,
            &[(4, "acteon-server encrypt"), (5, "acteon-server encrypt")],
        );
    }

    #[test]
    fn each_rule_of_a_key_is_kept() {
        for (more, part) in [
            (
                "wechat.enable_duplicate_check = true",
                "needs wechat.duplicate_check_interval",
            ),
            ("wechat.duplicate_check_interval = 60", "has no effect"),
            (
                "wechat.api_base_url = \"http://127.0.0.1:8090\"\nwechat.proxy = \"http://proxy.example.com:3128\"",
                "show the secret to the proxy",
            ),
            (
                "wechat.api_base_url = \"https://localhost:8090\"\nwechat.proxy = \"http://proxy.example.com:3128\"",
                "without a proxy",
            ),
            (
                "wechat.proxy = \"socks5://proxy.example.com:1080\"",
                "must be a proxy's URL",
            ),
            (
                "wechat.proxy = \"ftp://proxy.example.com\"",
                "must be a proxy's URL",
            ),
            (
                "wechat.api_base_url = \"https://metadata.google.internal.\"",
                "link-local",
            ),
            (
                "wechat.enable_duplicate_check = true\nwechat.duplicate_check_interval = 1801",
                "from 1 to 1800",
            ),
            (
                "wechat.enable_duplicate_check = true\nwechat.duplicate_check_interval = 0",
                "from 1 to 1800",
            ),
            (
                "wechat.token_refresh_buffer_seconds = 7200",
                "from 0 to 7199",
            ),
            ("wechat.safe = \"no\"", "must be true or false"),
            (
                "wechat.oauth = true",
                "needs external_url in [server], such as https://acteon.example.com",
            ),
            (
                "wechat.oauth_base_url = \"http://127.0.0.1:8090\"",
                "has no effect",
            ),
            ("wechat.default_toparty = 12", "must be text"),
            (
                "wechat.api_base_url = \"http://example.com\"",
                "in the clear",
            ),
            ("wechat.overflow = \"split\"", "\"truncate\" or \"reject\""),
            (
                "wechat.default_tousr = \"x\"",
                "did you mean wechat.default_touser?",
            ),
            ("wechat.max_per_second = 0", "0.01"),
        ] {
            let found = troubles(&page("id", "secret", more));
            let whole = format!("{found:?}");
            assert!(
                found.len() == 1 && whole.contains(&part.replace('"', "\\\"")),
                "{more}: {whole}"
            );
        }
        let text = page("id", "secret", "")
            .replace("agent_id = 1000002", "agent_id = -1")
            .replace("\"text\" ", "\"image\" ");
        assert_troubles(
            &text,
            &[(6, "from 1 to"), (8, "\"markdown\" or \"textcard\"")],
        );
        let text = page("id", "secret", "").replace("wechat.agent_id = 1000002\n", "");
        assert_troubles(&text, &[(1, "wechat.agent_id is missing")]);
    }
}
