//! What the configuration and the command line are told when something is wrong: what, where, what was expected, and what to do. Rules are in
//! `messages.rs` of the rules crate, requests in `words.rs`.

mod keys;

use std::path::Path;
use std::process::Output;

use crate::support::{Process, run_command};

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
fn a_proxy_of_the_environment_that_speaks_no_http_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let hook = |url: &str| {
        format!("[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{url}\"\n")
    };
    for (name, url) in [
        ("HTTPS_PROXY", "https://hooks.example.com/"),
        ("HTTP_PROXY", "http://hooks.example.com/"),
    ] {
        let output = check(
            folder.path(),
            &hook(url),
            &[(name, "socks5://user:pa55@proxy.example.com:1080")],
        );
        let told = said(&output);
        let expected = format!(
            "acteon.toml:4:7: providers[0] (hook): url: the proxy in {name} or ALL_PROXY of the environment has the scheme socks5"
        );
        assert!(
            !output.status.success() && told.contains(&expected) && !told.contains("pa55"),
            "{told}"
        );
    }
    let loopback = hook("https://127.0.0.1:1/");
    assert!(
        check(
            folder.path(),
            &loopback,
            &[("HTTPS_PROXY", "socks5://proxy.example.com:1080")]
        )
        .status
        .success()
    );
}

/// Holds a command to fail, and to say all of `parts`.
fn fails(arguments: &[&str], parts: &[&str]) {
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

/// Command lines that are wrong whatever there is, and what is said of each.
const WRONG: &[(&[&str], &[&str])] = &[
    (
        &["-c", "/nonexistent"],
        &[
            "the configuration file /nonexistent cannot be read",
            "name another with -c",
        ],
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
    (&["api-key", ""], &["blank"]),
    (&["api-key", "me "], &["another name"]),
    (&["api-key", "me", "--tenant", " "], &["--tenant", "blank"]),
    (
        &["api-key", "me", "--namespace", ""],
        &["--namespace", "blank"],
    ),
];

#[test]
fn each_wrong_command_line_is_told_with_what_to_do() {
    for (arguments, parts) in WRONG {
        fails(arguments, parts);
    }
    let told = said(&run_command(
        &["check"],
        &[("ACTEON_CONFIG", "/nonexistent")],
        "",
    ));
    assert!(told.contains("ACTEON_CONFIG"), "{told}");
}

#[test]
fn each_wrong_file_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    assert!(
        run_command(&["migrate", "--data-dir", &at("data")], &[], "")
            .status
            .success()
    );
    std::fs::write(at("there"), "").expect("a file");
    std::fs::write(at("bytes"), b"\xff\xfe\n").expect("a file");
    for (arguments, parts) in [
        (
            &["backup", &at("there"), "--data-dir", &at("data")][..],
            &["there is there already", "name another file"][..],
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
        (
            &["import", &at("data/acteon.db"), "--data-dir", &at("fresh")],
            &["acteon.db is a database", "copy it", "fresh/acteon.db"],
        ),
        (
            &["import", &at("bytes"), "--data-dir", &at("fresh")],
            &["bytes", "not what `export` wrote", "UTF-8"],
        ),
        (
            &["export", &at("nothing"), "--data-dir", &at("nowhere")],
            &["there is no database at"],
        ),
    ] {
        fails(arguments, parts);
    }
    assert!(
        !folder.path().join("nothing").exists(),
        "what failed leaves no file, which the next try would refuse"
    );
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
    assert!(
        told.contains(" yet; the files name \"nights\", and a server whose store"),
        "{told}"
    );
    let chains = "chains:\n  - {name: outer, steps: [{name: within, sub_chain: innr}]}\nrules:\n  - {name: r, condition: 'false', action: {type: chain, chain: outr}}\n";
    std::fs::write(folder.path().join("rules/r.yaml"), chains).expect("a file");
    let told =
        String::from_utf8_lossy(&check(folder.path(), configuration, &[]).stdout).into_owned();
    assert!(
        told.contains(" yet; the files name \"innr\", \"outr\", and a server whose store"),
        "{told}"
    );
    std::fs::write(
        folder.path().join("rules/r.yaml"),
        rule.replace("    mute_time_intervals: [nights]\n", ""),
    )
    .expect("a file");
    let told =
        String::from_utf8_lossy(&check(folder.path(), configuration, &[]).stdout).into_owned();
    assert!(
        told.contains("1 rule(s)") && !told.contains("time intervals"),
        "rules that name none need none: {told}"
    );
    std::fs::write(folder.path().join("rules/r.yaml"), rule).expect("a file");
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
