//! Texts: variables, files, envelopes, blanks.

use acteon_server::config::{Config, ConfigError, Env, StoreConfig};

use super::{ENVELOPE, assert_troubles, parse};

#[test]
fn texts_are_expanded() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("dir");
    std::fs::write(&file, "/from/file\n").expect("a file");
    let text = format!(
        "store.data_dir = \"${{file:{}}}/${{TEAM}}/$${{TEAM}}\"\n",
        file.display()
    );
    let config = parse(&text).unwrap_or_else(|error| panic!("{error}"));
    assert!(
        matches!(&config.store, StoreConfig::Embedded(Some(path)) if path.to_str() == Some("/from/file/ops/${TEAM}"))
    );
    assert_troubles(
        "store.data_dir = \"${file:/no/such/file}\"\nserver.host = \"${OPEN\"\n",
        &[(1, "cannot read"), (2, "closing }")],
    );
}

/// An empty variable would otherwise leave a key out without a word: another database, no rules, a provider less.
#[test]
fn a_text_that_is_blank_is_a_problem_with_its_line() {
    let empty = |name: &str| (name == "EMPTY").then(String::new);
    let hook = |more: &str| {
        format!(
            "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"https://example.com\"\n{more}"
        )
    };
    for (text, line, subject) in [
        ("server.host = \"B\"".to_owned(), 1, "server: host"),
        (
            "server.hosts = [\"a\", \"B\"]".to_owned(),
            1,
            "server: hosts",
        ),
        ("[store]\ndata_dir = \"B\"".to_owned(), 2, "store: data_dir"),
        (
            "[store]\nurl = \"B\"\npool_size = 9".to_owned(),
            2,
            "store: url",
        ),
        (
            "[rules]\ndirectory = \"B\"\nwatch = false".to_owned(),
            2,
            "rules: directory",
        ),
        (
            "[rules]\ndirectory = \".\"\ndefault_timezone = \"B\"".to_owned(),
            3,
            "rules: default_timezone",
        ),
        ("audit.redact = [\"B\"]".to_owned(), 1, "audit: redact"),
        (
            "[auth]\nenabled = true\nconfig_path = \"B\"".to_owned(),
            3,
            "auth: config_path",
        ),
        (
            "[[providers]]\nname = \"B\"\ntype = \"log\"".to_owned(),
            2,
            "name",
        ),
        (hook("retry = \"B\""), 5, "providers[0] (hook): retry"),
        (
            hook("headers = { authorization = \"B\" }"),
            5,
            "providers[0] (hook): headers",
        ),
        (
            hook("").replace("https://example.com", "B"),
            4,
            "providers[0] (hook): url",
        ),
    ] {
        for blank in ["", " ", "${EMPTY}"] {
            let text = text.replace("\"B\"", &format!("\"{blank}\""));
            let parsed = Config::parse("acteon.toml", &text, &Env::new(&empty).expect("no keys"));
            let Err(ConfigError::Wrong {
                diagnostics: troubles,
                ..
            }) = parsed
            else {
                panic!("{text} is taken")
            };
            let found: Vec<_> = troubles
                .iter()
                .map(|trouble| {
                    (
                        trouble.place.line,
                        trouble.message.contains("must not be blank"),
                    )
                })
                .collect();
            assert!(
                found == [(line, true)] && troubles[0].subject.contains(subject),
                "{text}: {troubles:?}"
            );
        }
    }
    assert_troubles(
        "rules.directory = \".\"\nrules.env = { SUFFIX = \"\" }",
        &[],
    );
}

#[cfg(unix)]
#[test]
fn a_value_comes_from_a_regular_file_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe").display().to_string();
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("mkfifo")
            .success()
    );
    let here = folder.path().display().to_string();
    for (path, what) in [
        (&*pipe, "a named pipe"),
        (&here, "a directory"),
        ("/dev/zero", "a device"),
    ] {
        assert_troubles(
            &format!("server.host = \"${{file:{path}}}\"\n"),
            &[(1, what)],
        );
    }
}

#[test]
fn plain_keys_take_no_envelopes() {
    for text in [
        "server.host = \"E\"",
        "server.hosts = [\"E\"]",
        "rules.directory = \".\"\nrules.env = { TOKEN = \"E\" }",
        "audit.redact = [\"${SECRET}\"]",
    ] {
        let text = text.replace("\"E\"", &format!("\"{ENVELOPE}\""));
        assert_troubles(&text, &[(text.lines().count(), "takes no encrypted value")]);
    }
}

/// What cannot be seen to be wrong hides nothing, keeps nothing, and is found by nobody.
#[test]
fn blanks_at_the_ends_of_names_and_paths_are_problems() {
    for path in [
        "payload.password ",
        " payload.password",
        "payload. password",
        "metadata.token\u{a0}",
        "dedup_key ",
    ] {
        assert_troubles(
            &format!("audit.redact = [\"{path}\"]\n"),
            &[(1, "blank at an end")],
        );
    }
    assert_troubles("audit.redact = [\"payload[' a ']\"]\n", &[]);
    for tenant in ["acme ", "acme."] {
        assert_troubles(
            &format!("audit.tenant_ttl_seconds = {{ \"{tenant}\" = 3600 }}\n"),
            &[(1, "can be no tenant")],
        );
    }
    assert_troubles(
        "[[providers]]\nname = \"log\u{3000}\"\ntype = \"log\"\n",
        &[(2, "another name")],
    );
    let grant = |grant: &str| {
        let hash = "5e".repeat(32);
        format!(
            "[[api_keys]]\nname = \"ci\"\nkey_hash = \"{hash}\"\nrole = \"viewer\"\n[[api_keys.grants]]\ntenants = [\"*\"]\nnamespaces = [\"*\"]\n{grant}\n"
        )
    };
    let parsed = |text: &str| {
        let parsed = acteon_server::config::AuthTable::parse(
            "auth.toml",
            text,
            &acteon_crypto::KeyRing::default(),
        );
        parsed
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default()
    };
    assert_eq!(parsed(&grant("")), "");
    for (text, part) in [
        (grant("providers = [\"log \"]"), "providers: \"log \""),
        (grant("actions = [\"\u{a0}notify\"]"), "actions: "),
        (
            grant("").replace("tenants = [\"*\"]", "tenants = [\"acme.\"]"),
            "tenants: \"acme.\" must not begin or end with a dot",
        ),
        (
            grant("").replace("namespaces = [\"*\"]", "namespaces = [\" prod\"]"),
            "namespaces: \" prod\"",
        ),
        (grant("").replace("\"ci\"", "\"ci \""), "another name"),
    ] {
        let told = parsed(&text);
        assert!(told.contains(part), "{text}\n{told}");
    }
}
