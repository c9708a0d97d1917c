//! The process: its memory, signals and outputs.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Client, Process, action};

#[cfg(target_os = "linux")]
#[test]
fn a_server_leaves_no_core_dump() {
    use std::os::unix::process::ExitStatusExt as _;

    let folder = tempfile::tempdir().expect("a folder");
    let in_folder = |command: &str| {
        let mut shell = Command::new("sh");
        shell
            .current_dir(folder.path())
            .args(["-c", &format!("ulimit -c unlimited && {command}")])
            .stdout(Stdio::piped());
        shell.spawn().expect("a shell")
    };
    let mut plain = in_folder("kill -ABRT $$");
    if !plain.wait().expect("its end").core_dumped() {
        println!("skipped: this machine dumps no cores");
        return;
    }
    let mut server = in_folder(&format!(
        "exec {} --port 0 --data-dir .",
        env!("CARGO_BIN_EXE_acteon-server")
    ));
    let mut lines = BufReader::new(server.stdout.take().expect("its output")).lines();
    assert!(
        lines.any(|line| line.is_ok_and(|line| line.trim().starts_with("API"))),
        "it is running"
    );
    assert!(
        Command::new("kill")
            .args(["-ABRT", &server.id().to_string()])
            .status()
            .expect("kill")
            .success()
    );
    let end = server.wait().expect("its end");
    assert!(end.signal().is_some() && !end.core_dumped(), "{end:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_reads_the_rules_anew_and_ends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |provider: &str| {
        let rule = format!(
            "rules:\n  - name: r\n    condition: {{ field: action.tenant, eq: acme }}\n    action: {{ type: reroute, target_provider: {provider} }}\n"
        );
        std::fs::write(folder.path().join("rules/r.yaml"), rule).expect("written");
    };
    std::fs::create_dir(folder.path().join("rules")).expect("a folder");
    write("one");
    let providers = "[[providers]]\nname = \"one\"\ntype = \"log\"\n[[providers]]\nname = \"two\"\ntype = \"log\"\n";
    let configuration = format!("rules.directory = \"rules\"\nrules.watch = false\n{providers}");
    let process = Process::start(folder.path(), &configuration, &[]);
    write("two");
    process.signal("HUP");
    let give_up = tokio::time::Instant::now() + crate::support::PATIENCE;
    for number in 0.. {
        let outcome = process
            .client()
            .dispatch(&crate::support::action(
                &format!("a-{number}"),
                "one",
                &serde_json::json!({}),
            ))
            .await;
        if outcome["Rerouted"]["new_provider"] == "two" {
            break;
        }
        assert!(
            tokio::time::Instant::now() < give_up,
            "the rules are those before: {outcome} {}",
            crate::support::log_of(folder.path())
        );
    }
    assert_eq!(process.terminate().0, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_nobody_reads_holds_nobody_up() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_acteon-server"));
    command
        .current_dir(folder.path())
        .args(["--port", "0", "--data-dir", "."])
        .env_remove("ACTEON_CONFIG")
        .env_remove("RUST_LOG");
    // Its standard error is a pipe of 64 KiB, whose other end stays unread.
    let mut server = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a server");
    let mut lines = BufReader::new(server.stdout.take().expect("its output")).lines();
    let base = lines
        .find_map(|line| {
            Some(
                line.expect("a line")
                    .trim()
                    .strip_prefix("API")?
                    .trim()
                    .to_owned(),
            )
        })
        .expect("its address");
    let client = Client::new(&base);
    for number in 0..50 {
        let outcome = client
            .dispatch(&action(
                &format!("a{number}"),
                "log",
                &json!({ "text": "x".repeat(4000) }),
            ))
            .await;
        assert!(outcome.get("Executed").is_some(), "{outcome}");
    }
    let Value::String(metrics) = client.get("/metrics").await.body else {
        panic!("metrics are text")
    };
    let dropped = metrics
        .lines()
        .find_map(|line| line.strip_prefix("acteon_log_lines_dropped_total "))
        .expect("a metric");
    assert!(dropped.parse::<u64>().expect("a number") > 20, "{dropped}");
    assert!(
        Command::new("kill")
            .arg(server.id().to_string())
            .status()
            .expect("kill")
            .success()
    );
    assert_eq!(
        tokio::task::block_in_place(|| server.wait())
            .expect("its end")
            .code(),
        Some(0)
    );
}

#[test]
fn output_that_cannot_be_written_is_an_error_and_no_panic() {
    let full = || {
        std::fs::OpenOptions::new()
            .write(true)
            .open("/dev/full")
            .expect("a full device")
    };
    let mut command = Command::new(env!("CARGO_BIN_EXE_acteon-server"));
    let output = command
        .arg("keygen")
        .stdout(full())
        .stderr(Stdio::piped())
        .spawn()
        .and_then(std::process::Child::wait_with_output);
    let output = output.expect("its end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("error: standard output cannot be written: "),
        "{said}"
    );
}
