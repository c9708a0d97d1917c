//! Each wrong key of a configuration.

use super::{check, said};
use crate::support::run_command;

const OLD_KEY: &str = "4242424242424242424242424242424242424242424242424242424242424242";

const NEW_KEY: &str = "0011223344556677889900112233445566778899001122334455667788990011";

#[test]
fn each_wrong_configuration_is_told_with_its_line_and_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    let envelope = run_command(
        &["encrypt"],
        &[("ACTEON_AUTH_KEY", OLD_KEY)],
        "http://127.0.0.1:9/\n",
    );
    let envelope = String::from_utf8_lossy(&envelope.stdout).trim().to_owned();
    let hook =
        format!("[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{envelope}\"\n");
    let log = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    for (configuration, line, parts) in [
        (
            "rules.directory = \"rules\"\nrules.default_timezone = \"Mars/Base\"\n".to_owned(),
            ":2:",
            &["Mars/Base", "Asia/Shanghai"][..],
        ),
        (
            "[rules]\ndirectory = \"nowhere\"\n".into(),
            ":2:",
            &["nowhere", "make it, or name another"],
        ),
        (hook.clone(), ":4:", &["another key", "new:KEY,old:KEY"]),
        ("[sevrer]\n".into(), ":1:", &["did you mean [server]?"]),
        (
            "[[providers]]\nname = \"a\"\ntype = \"webhok\"\n".into(),
            ":3:",
            &["did you mean \"webhook\"?"],
        ),
        (
            format!("{log}[circuit_breaker]\nenabled = true\nfallbacks = {{ lgo = \"log\" }}\n"),
            ":6:",
            &["did you mean \"log\""],
        ),
        (
            "server.host = \"http://0.0.0.0\"\n".into(),
            ":1:",
            &["without scheme"],
        ),
        (
            "[server]\nhost = \"0.0.0.0\"\n".into(),
            ":2:",
            &["without API keys", "acteon-server api-key"],
        ),
        (
            "[server]\nhost = \"203.0.113.7\"\n[auth]\nenabled = true\n".into(),
            ":2:",
            &["cannot listen on 203.0.113.7", "an address of this machine"],
        ),
    ] {
        if configuration.contains("[auth]") {
            let key = run_command(&["api-key", "me"], &[], "");
            std::fs::write(folder.path().join("auth.toml"), &key.stdout).expect("a file");
        }
        let output = check(
            folder.path(),
            &configuration,
            &[("ACTEON_AUTH_KEY", NEW_KEY)],
        );
        let told = said(&output);
        assert!(
            !output.status.success() && told.contains(&format!("acteon.toml{line}")),
            "{configuration}\n{told}"
        );
        assert!(
            parts.iter().all(|part| told.contains(part)) && !told.contains("make a real one"),
            "{configuration}\n{told}"
        );
    }
    let told = said(&check(folder.path(), &hook, &[]));
    assert!(
        told.contains("set it to the key that this was encrypted with") && !told.contains("keygen"),
        "{told}"
    );
}

/// What `check` says of each configuration, word for word, without the file's name.
#[test]
fn the_whole_message_is_told_of_each_wrong_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let hook = "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\n";
    let rows = [
        (
            "server = 5".to_owned(),
            ":1:10: server: must be a section, written as [server]",
        ),
        (
            "[sevrer]".into(),
            ":1:2: sevrer: there is no such section | did you mean [server]?",
        ),
        (
            "[server]\nprot = 1".into(),
            ":2:1: server: prot: there is no such key | did you mean port?",
        ),
        (
            "[server]\nport = \"80\"".into(),
            ":2:8: server: port: must be a whole number, is text",
        ),
        (
            "[server]\nport = 80000".into(),
            ":2:8: server: port: must be from 0 to 65535, is 80000",
        ),
        (
            "[server]\nhost = \"\"".into(),
            ":2:8: server: host: must not be blank | set the variable or file that it comes from, or leave the key out",
        ),
        (
            "[log]\nlevel = \"${NOWHERE_SET}\"".into(),
            ":2:9: log: level: the environment variable \"NOWHERE_SET\" is not set | set it, or write the value itself",
        ),
        (
            "[log]\nlevel = \"${NOWHERE_SET\"".into(),
            ":2:9: log: level: the closing } of ${ is missing | write $${ for a literal ${",
        ),
        (
            "[log]\nlevel = \"loud\"".into(),
            ":2:9: log: level: \"loud\" is no level: off, error, warn, info, debug, trace; for a part write loud=debug",
        ),
        (
            "[retry]\non_repairable = \"wait\"".into(),
            ":2:17: retry: on_repairable: must be \"fail\" or \"hold\", is \"wait\"",
        ),
        (
            "[retry]\non_repairable = \"hold\"\ndurable = false".into(),
            ":2:17: retry: on_repairable: \"hold\" has no effect with durable = false: nothing goes on in the store then",
        ),
        (
            "[retry]\ndelays_seconds = [0]".into(),
            ":2:18: retry: delays_seconds: must be a list of 1 to 100 numbers from 1 to 86400",
        ),
        (
            "providers = 5".into(),
            ":1:13: providers: must be a list of blocks, each headed [[providers]]",
        ),
        (
            "[[providers]]\nname = \"a\"".into(),
            ":1:1: providers[0] (a): type is missing | type: What kind of provider it is, such as \"log\" or \"webhook\".",
        ),
        (
            hook.to_owned(),
            ":1:1: providers[0] (hook): url is missing | url: Where to post. May be a secret, since addresses of webhooks often hold one.",
        ),
        (
            format!("{hook}url = \"hooks.example.com\""),
            ":4:7: providers[0] (hook): url: must be an address such as https://hooks.example.com/alerts",
        ),
    ];
    let mut differ = Vec::new();
    for (configuration, expected) in rows {
        let told = said(&check(folder.path(), &configuration, &[]));
        let lines: Vec<&str> = told.lines().skip(1).map(str::trim).collect();
        let told = lines.join(" | ");
        let told = told
            .split_once("acteon.toml")
            .map_or(told.as_str(), |(_, told)| told);
        if told != expected {
            differ.push(format!(
                "{configuration}\n  says      {told}\n  should be {expected}"
            ));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}
