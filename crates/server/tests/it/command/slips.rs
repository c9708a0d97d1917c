//! Slips of the hand on the command line and in what is around it.

use std::path::Path;
use std::process::{Command, Output};

use super::{stderr, stdout};
use crate::support::{Process, run_command};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

fn check_in(folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_acteon-server"))
        .arg("check")
        .current_dir(folder)
        .env_remove("ACTEON_CONFIG")
        .output()
        .expect("its end")
}

fn checked(configuration: &str) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("acteon.toml"), configuration).expect("a file");
    check_in(folder.path())
}

/// A server that starts with its defaults where a file was meant knows no provider and asks for no key.
#[test]
fn a_configuration_that_is_there_and_no_file_is_not_passed_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("acteon.toml");
    std::os::unix::fs::symlink("moved-away.toml", &file).expect("a link");
    let output = check_in(folder.path());
    assert!(
        !output.status.success() && stderr(&output).contains("acteon.toml cannot be read"),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    std::fs::remove_file(&file).expect("removed");
    std::fs::create_dir(&file).expect("a folder");
    let output = check_in(folder.path());
    assert!(
        !output.status.success() && stderr(&output).contains("it is a directory"),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    std::fs::remove_dir(&file).expect("removed");
    let output = check_in(folder.path());
    assert!(
        output.status.success(),
        "without any, the defaults: {}",
        stderr(&output)
    );
}

#[test]
fn a_check_finds_what_a_start_would_fail_for() {
    let output = checked(&format!("[store]\ndata_dir = \"acteon.toml\"\n{LOG}"));
    assert!(
        !output.status.success()
            && stderr(&output).contains("cannot make the data folder acteon.toml"),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
    if cfg!(feature = "postgres") {
        let url = "url = \"postgres://me@db.example.com/acteon\"";
        for (ca_file, why) in [
            ("nowhere.pem", "nowhere.pem"),
            ("acteon.toml", "holds no certificate in PEM"),
        ] {
            let output = checked(&format!("[store]\n{url}\nca_file = \"{ca_file}\"\n{LOG}"));
            assert!(
                !output.status.success()
                    && stderr(&output).contains(why)
                    && stderr(&output).contains("acteon.toml:3:"),
                "{}{}",
                stdout(&output),
                stderr(&output)
            );
        }
    }
}

#[test]
fn a_zone_that_is_none_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    let rules = "[rules]\ndirectory = \"rules\"\ndefault_timezone = \"Asia/Beijing\"\n";
    std::fs::write(folder.path().join("acteon.toml"), format!("{rules}{LOG}")).expect("a file");
    let told = stderr(&check_in(folder.path()));
    assert_eq!(told.matches("there is no time zone").count(), 1, "{told}");
}

#[test]
fn a_path_or_variable_of_a_shell_is_told_as_one() {
    for (configuration, told) in [
        (
            "[store]\ndata_dir = \"~/acteon\"",
            "acteon.toml:2:12: store: data_dir: \"~/acteon\" begins with ~, which only a shell takes for the home folder",
        ),
        ("[rules]\ndirectory = \"~/rules\"", "begins with ~"),
        (
            "[auth]\nenabled = true\nconfig_path = \"~/auth.toml\"",
            "begins with ~",
        ),
        ("[server]\nhost = \"${file:~/host}\"", "begins with ~"),
        (
            "[server]\nhost = \"${HOST:-127.0.0.1}\"",
            "the environment variable \"HOST:-127.0.0.1\" is not set\n      a default behind :- is not taken: set HOST",
        ),
        (
            "[server]\nhost = \"${ HOST }\"",
            "write ${HOST}, without blanks",
        ),
        ("[server]\nhost = \"${env:HOST}\"", "write ${HOST}"),
        (
            "[server]\nhost = \"${}\"",
            "a name is missing between ${ and }",
        ),
    ] {
        let output = checked(&format!("{configuration}\n{LOG}"));
        let found = stderr(&output);
        assert!(
            !output.status.success() && found.contains(told),
            "{configuration}: {}{found}",
            stdout(&output)
        );
    }
    let secret = |text: &str| {
        checked(&format!(
            "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\nheaders = {{ authorization = \"{text}\" }}\n"
        ))
    };
    for text in [
        "$HOOK_TOKEN",
        "%HOOK_TOKEN%",
        "{{HOOK_TOKEN}}",
        "{{ hook_token }}",
        "<token>",
    ] {
        let output = secret(text);
        assert!(
            !output.status.success() && stderr(&output).contains("stands for a value, and is none"),
            "{text}: {}{}",
            stdout(&output),
            stderr(&output)
        );
    }
    for text in [
        "$2b$10$abcdefghijklmnopqrstuv",
        "a$B",
        "100%",
        "%41",
        "<a",
        "Bearer x",
        "$",
        "pa$$w",
    ] {
        let output = secret(text);
        assert!(output.status.success(), "{text}: {}", stderr(&output));
    }
}

#[test]
fn a_webhook_has_one_credential_and_no_fragment() {
    let hook = |url: &str, more: &str| {
        checked(&format!(
            "[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n{more}\n"
        ))
    };
    for (url, more, told) in [
        (
            "http://me:pass@127.0.0.1:9/",
            "headers = { Authorization = \"Bearer x\" }",
            "user and password of the URL have no effect beside the header authorization",
        ),
        (
            "http://127.0.0.1:9/#part",
            "",
            "has a fragment, #part, which is never sent",
        ),
        ("http://127.0.0.1:9/a?b#", "", "has a fragment"),
        ("http://127.0.0.1:0/", "", "has the port 0"),
    ] {
        let output = hook(url, more);
        assert!(
            !output.status.success() && stderr(&output).contains(told),
            "{url}: {}{}",
            stdout(&output),
            stderr(&output)
        );
    }
    assert!(hook("http://me:pass@127.0.0.1:9/a?b", "").status.success());
}

#[test]
fn a_dash_is_no_file_to_write_and_an_envelope_is_no_secret() {
    let folder = tempfile::tempdir().expect("a folder");
    for command in ["backup", "export", "import"] {
        let output = Command::new(env!("CARGO_BIN_EXE_acteon-server"))
            .args([command, "-", "--data-dir", "."])
            .current_dir(folder.path())
            .output()
            .expect("its end");
        assert!(
            output.status.code() == Some(2)
                && stderr(&output).contains("write ./- for a file of that name"),
            "{command}: {}",
            stderr(&output)
        );
    }
    let key = stdout(&run_command(&["keygen"], &[], ""));
    let environment = [("ACTEON_AUTH_KEY", key.as_str())];
    let envelope = stdout(&run_command(&["encrypt"], &environment, "secret"));
    let output = run_command(&["encrypt"], &environment, &envelope);
    assert!(
        output.status.code() == Some(1) && stderr(&output).contains("it is an envelope already"),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}

#[test]
fn a_grant_with_a_star_within_a_name_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("acteon.toml");
    std::fs::write(&file, format!("[auth]\nenabled = true\n{LOG}")).expect("a file");
    let grants = |more: &str| {
        let key = format!(
            "[[api_keys]]\nname = \"ci\"\nkey_hash = \"{}\"\nrole = \"operator\"\n[[api_keys.grants]]\n{more}\n",
            "0".repeat(64)
        );
        std::fs::write(folder.path().join("auth.toml"), key).expect("a file");
        check_in(folder.path())
    };
    let all = "tenants = [\"*\"]\nnamespaces = [\"*\"]";
    for more in [
        "tenants = [\"acme.*\"]\nnamespaces = [\"*\"]".to_owned(),
        "tenants = [\"*\"]\nnamespaces = [\"prod-*\"]".to_owned(),
        format!("{all}\nproviders = [\"wechat-*\"]"),
        format!("{all}\nactions = [\"**\"]"),
    ] {
        let output = grants(&more);
        assert!(
            !output.status.success()
                && stderr(&output).contains("which stands for all only where it stands alone"),
            "{more}: {}{}",
            stdout(&output),
            stderr(&output)
        );
    }
    assert!(grants(all).status.success());
    let output = run_command(&["api-key", "ci", "--tenant", "acme.*"], &[], "");
    assert!(
        output.status.code() == Some(2)
            && stderr(&output).contains("stands for all only where it stands alone"),
        "{}",
        stderr(&output)
    );
}

/// As scripts that rotate logs send them.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_that_says_nothing_here_ends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let process = Process::start(folder.path(), LOG, &[]);
    for signal in ["USR1", "USR2"] {
        process.signal(signal);
        let outcome = process
            .client()
            .dispatch(&crate::support::action(
                signal,
                "log",
                &serde_json::json!({}),
            ))
            .await;
        assert_eq!(
            outcome["Executed"]["status"], "success",
            "{signal}: {outcome}"
        );
    }
}

#[test]
fn what_is_wrong_within_a_value_is_named() {
    for (configuration, told) in [
        (
            "[server]\nhosts = [\"a\", 5]",
            "hosts: must be a list of texts, and its item 2 is a whole number",
        ),
        (
            "[retry]\ndelays_seconds = [10, \"30s\"]",
            "delays_seconds: must be a list of whole numbers, and its item 2 is text",
        ),
        (
            "[rules]\ndirectory = \".\"\nenv = { STAGE = true }",
            "env: must be a table of texts, and its STAGE is true or false",
        ),
        (
            "[audit]\ntenant_ttl_seconds = { acme = \"1d\" }",
            "tenant_ttl_seconds: must be a table of whole numbers, and its acme is text",
        ),
        (
            "[server]\nport = 99999999999999999999",
            "port: must be a whole number, is none of 64 bits, or begins with 0",
        ),
        (
            "[circuit_breaker]\nenabled = true\nfallbacks = { log = \"log\" }",
            "fallbacks: \"log\" = \"log\" names one provider twice",
        ),
    ] {
        let output = checked(&format!("{configuration}\n{LOG}"));
        let found = stderr(&output);
        assert!(
            !output.status.success() && found.contains(told),
            "{configuration}: {}{found}",
            stdout(&output)
        );
    }
}

#[test]
fn a_file_that_is_no_export_is_told_as_that() {
    let folder = tempfile::tempdir().expect("a folder");
    for (text, told) in [
        (
            "{}\n",
            "line 1 of the export: it begins with \"{}\", so this is not what `export` wrote",
        ),
        ("[server]\n", "it begins with \"[server]\""),
        ("\n", "line 1 of the export: it is blank"),
        ("{\"acteon_export\":", "it breaks off, and begins with"),
    ] {
        std::fs::write(folder.path().join("file"), text).expect("a file");
        let output = Command::new(env!("CARGO_BIN_EXE_acteon-server"))
            .args(["import", "file", "--data-dir", "data"])
            .current_dir(folder.path())
            .env_remove("ACTEON_CONFIG")
            .output()
            .expect("its end");
        let found = stderr(&output);
        assert!(
            output.status.code() == Some(1) && found.contains(told),
            "{text:?}: {found}"
        );
    }
}
