//! What the command line says when something is wrong: what, where, what was expected, and what to do.

use std::path::Path;
use std::process::Output;

use crate::support::{Process, run_command};

const OLD_KEY: &str = "4242424242424242424242424242424242424242424242424242424242424242";
const NEW_KEY: &str = "0011223344556677889900112233445566778899001122334455667788990011";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What `check` says of a configuration in a folder.
fn check(folder: &Path, configuration: &str, variables: &[(&str, &str)]) -> Output {
    let file = folder.join("acteon.toml");
    std::fs::write(&file, configuration).expect("a file");
    let data = folder.join("data");
    run_command(
        &[
            "check",
            "-c",
            file.to_str().expect("a path"),
            "--data-dir",
            data.to_str().expect("a path"),
        ],
        variables,
        "",
    )
}

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

#[test]
fn each_wrong_command_line_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    assert!(
        run_command(&["migrate", "--data-dir", &at("data")], &[], "")
            .status
            .success()
    );
    std::fs::write(at("there"), "").expect("a file");
    for (arguments, parts) in [
        (
            &["-c", "/nonexistent"][..],
            &[
                "the configuration file /nonexistent cannot be read",
                "name another with -c",
            ][..],
        ),
        (
            &["check", "-c", "/nonexistent"],
            &["/nonexistent cannot be read"],
        ),
        (&["--data-dir", ""], &["--data-dir", "it is blank"]),
        (
            &["migrate", "--data-dir", " "],
            &["--data-dir", "it is blank"],
        ),
        (&["check", "-c", ""], &["--config", "it is blank"]),
        (&["--host", ""], &["--host", "it is blank"]),
        (&["--port", "99999"], &["99999", "65535"]),
        (&["chekc"], &["check"]),
        (&["check", "--lvie"], &["--live"]),
        (&["api-key", "me", "--role", "opertor"], &["operator"]),
        (
            &["backup", &at("there"), "--data-dir", &at("data")],
            &["there is there already", "name another file"],
        ),
        (
            &["export", &at("there"), "--data-dir", &at("data")],
            &["there is there already", "name another file"],
        ),
        (
            &["backup", &at("new"), "--data-dir", &at("nowhere")],
            &["there is no database at", "--data-dir"],
        ),
        (
            &["import", &at("there"), "--data-dir", &at("fresh")],
            &["export"],
        ),
    ] {
        let output = run_command(arguments, &[], "");
        let told = said(&output);
        assert!(
            !output.status.success() && parts.iter().all(|part| told.contains(part)),
            "{arguments:?}\n{told}"
        );
        assert!(
            !told.contains("the database failed"),
            "{arguments:?}\n{told}"
        );
    }
    let told = said(&run_command(
        &["check"],
        &[("ACTEON_CONFIG", "/nonexistent")],
        "",
    ));
    assert!(told.contains("ACTEON_CONFIG"), "{told}");
}

#[test]
fn what_is_wrong_in_three_files_comes_out_in_one_pass() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    std::fs::write(folder.path().join("rules/r.yaml"), "rules:\n  - nmae: r\n").expect("a file");
    std::fs::write(
        folder.path().join("auth.toml"),
        "[[api_keys]]\nname = \"me\"\nkey_hash = \"x\"\nrole = \"opertor\"\n",
    )
    .expect("a file");
    let configuration = "[server]\nprot = 1\n[rules]\ndirectory = \"rules\"\n[auth]\nenabled = true\n[[providers]]\nname = \"log\"\ntype = \"lgo\"\n";
    let told = said(&check(folder.path(), configuration, &[]));
    for part in [
        "did you mean port?",
        "acteon.toml:9:",
        "auth.toml:3:",
        "did you mean \"operator\"?",
        "r.yaml:2:",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn problems_without_end_are_told_in_part() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines: Vec<String> = (0..150_000)
        .map(|number| format!("k{number} = 1"))
        .collect();
    let told = said(&check(
        folder.path(),
        &format!("[server]\n{}\n", lines.join("\n")),
        &[],
    ));
    assert!(
        told.starts_with("error: 150000 problems")
            && told.contains("and 149950 more")
            && told.len() < 20_000,
        "{}",
        told.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn check_knows_the_time_intervals_of_the_store_and_says_where_it_does_not() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    let rule = "rules:\n  - name: r\n    condition: { field: action.tenant, eq: acme }\n    action: { type: deny }\n    mute_time_intervals: [nights]\n";
    std::fs::write(folder.path().join("rules/r.yaml"), rule).expect("a file");
    let configuration =
        "rules.directory = \"rules\"\n[[providers]]\nname = \"log\"\ntype = \"log\"\n";
    let output = check(folder.path(), configuration, &[]);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success() && told.contains("were not looked at: there is no database at"),
        "{told}{}",
        said(&output)
    );
    let data = folder.path().join("data");
    std::fs::create_dir(&data).expect("a folder");
    let process = Process::start_exactly(
        &data,
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
        &[],
    );
    let output = check(folder.path(), configuration, &[]);
    assert!(
        !output.status.success() && said(&output).contains("nights"),
        "{}",
        said(&output)
    );
    let interval = serde_json::json!({ "namespace": "n", "tenant": "acme", "name": "nights", "time_ranges": [{ "times": [{ "start": "00:00", "end": "06:00" }] }] });
    let made = process.client().post("/v1/time-intervals", &interval).await;
    assert!(made.status.is_success(), "{}", made.body);
    let output = check(folder.path(), configuration, &[]);
    assert!(output.status.success(), "{}", said(&output));
}
