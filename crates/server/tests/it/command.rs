//! The command line.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Client, Process, action, run_command, store_lines};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

fn stdout(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn stderr(output: &std::process::Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}

#[test]
fn a_made_key_encrypts_and_the_envelope_starts_a_server() {
    let key = stdout(&run_command(&["keygen"], &[], ""));
    assert_eq!(key.len(), 64);
    let envelope = stdout(&run_command(
        &["encrypt"],
        &[("ACTEON_AUTH_KEY", &key)],
        "http://127.0.0.1:9/hook\n",
    ));
    assert!(envelope.starts_with("ENC[AES256_GCM,data:"), "{envelope}");
    let folder = tempfile::tempdir().expect("a folder");
    let configuration =
        format!("[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"{envelope}\"\n");
    let key_file = folder.path().join("key");
    std::fs::write(&key_file, format!("{key}\n")).expect("a key file");
    let process = Process::start(
        folder.path(),
        &configuration,
        &[("ACTEON_AUTH_KEY_FILE", key_file.to_str().expect("a path"))],
    );
    assert_eq!(process.terminate().0, Some(0));
}

#[test]
fn encrypt_without_a_key_says_how_to_get_one() {
    let output = run_command(&["encrypt"], &[], "secret");
    assert!(
        !output.status.success() && stderr(&output).contains("acteon-server keygen"),
        "{}",
        stderr(&output)
    );
    let output = run_command(&["encrypt"], &[("ACTEON_AUTH_KEY", "short")], "secret");
    assert!(
        !output.status.success() && stderr(&output).contains("64 hexadecimal digits"),
        "{}",
        stderr(&output)
    );
    let output = run_command(
        &["encrypt"],
        &[
            ("ACTEON_AUTH_KEY", KEY),
            ("ACTEON_AUTH_KEY_FILE", "/nowhere"),
        ],
        "secret",
    );
    assert!(
        !output.status.success() && stderr(&output).contains("set one of the two"),
        "{}",
        stderr(&output)
    );
    let output = run_command(&["encrypt"], &[("ACTEON_AUTH_KEY", KEY)], "\n");
    assert!(
        !output.status.success() && stderr(&output).contains("empty"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn check_tells_what_is_wrong_without_starting() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("acteon.toml");
    let path = file.to_str().expect("a path");
    std::fs::write(&file, "[server]\nprot = 1\n").expect("a file");
    let output = run_command(&["check", "-c", path], &[], "");
    let told = stderr(&output);
    assert!(
        !output.status.success()
            && told.contains("acteon.toml:2:1")
            && told.contains("did you mean port?"),
        "{told}"
    );
    std::fs::write(&file, "[[providers]]\nname = \"log\"\ntype = \"log\"\n[[providers]]\nname = \"hook\"\ntype = \"webhook\"\nurl = \"http://127.0.0.1:9/\"\n").expect("a file");
    let output = run_command(&["check", "-c", path], &[], "");
    assert!(
        output.status.success() && stdout(&output).contains("is valid"),
        "{}",
        stdout(&output)
    );
    let output = run_command(&["check", "--live", "-c", path], &[], "");
    assert!(
        !output.status.success() && stdout(&output).contains("hook: CONNECTION"),
        "{}",
        stdout(&output)
    );
    let output = run_command(&["check", "-c", "/no/such/file.toml"], &[], "");
    assert!(
        !output.status.success() && stderr(&output).contains("/no/such/file.toml"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn a_database_in_use_is_not_opened_twice() {
    let folder = tempfile::tempdir().expect("a folder");
    if !store_lines(folder.path()).is_empty() {
        println!("not for a shared database, which is there to be opened twice");
        return;
    }
    let _first = Process::start(folder.path(), "", &[]);
    let path = folder.path().to_str().expect("a path");
    let output = run_command(&["--data-dir", path, "--port", "0"], &[], "");
    assert!(
        !output.status.success() && stderr(&output).contains("in use by another process"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn help_names_every_command() {
    let help = stdout(&run_command(&["--help"], &[], ""));
    for word in [
        "check",
        "encrypt",
        "keygen",
        "--config",
        "--data-dir",
        "--port",
    ] {
        assert!(help.contains(word), "{word}: {help}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_is_copied_while_in_use_and_moved_by_hand() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let process = Process::start_exactly(
        folder.path(),
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
        &[],
    );
    process
        .client()
        .dispatch(&crate::support::action(
            "moved",
            "log",
            &serde_json::json!({}),
        ))
        .await;
    let run = |arguments: &[&str]| {
        let output = run_command(arguments, &[], "");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
        stdout(&output)
    };
    run(&["backup", &at("copy.db"), "--data-dir", &at("")]);
    run(&["export", &at("everything.jsonl"), "--data-dir", &at("")]);
    assert!(
        run(&["import", &at("everything.jsonl"), "--data-dir", &at("new")]).contains("rows of")
    );
    assert!(run(&["migrate", "--data-dir", &at("new")]).contains("has the schema"));
    for (what, arguments) in [
        (
            "is there already",
            ["backup", &at("copy.db"), "--data-dir", &at("")],
        ),
        (
            "is there already",
            ["export", &at("everything.jsonl"), "--data-dir", &at("")],
        ),
        (
            "not empty",
            ["import", &at("everything.jsonl"), "--data-dir", &at("new")],
        ),
        (
            "in use",
            ["import", &at("everything.jsonl"), "--data-dir", &at("")],
        ),
    ] {
        let output = run_command(&arguments, &[], "");
        assert!(
            !output.status.success() && stderr(&output).contains(what),
            "{what}: {}",
            stderr(&output)
        );
    }
    let (code, _) = process.terminate();
    assert_eq!(code, Some(0));
    let moved = Process::start_exactly(&folder.path().join("new"), "", &[]);
    assert_eq!(
        moved.client().get("/v1/actions/moved").await.body["state"],
        "done"
    );
}

#[test]
fn a_flag_before_its_command_is_used_or_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let output = run_command(
        &["--data-dir", &at("here"), "migrate"],
        &[("HOME", &at("home"))],
        "",
    );
    assert!(
        output.status.success() && folder.path().join("here/acteon.db").exists(),
        "{}",
        stderr(&output)
    );
    for arguments in [&["backup"][..], &["export"]] {
        let copy = at(arguments[0]);
        let output = run_command(
            &["--data-dir", &at("here"), arguments[0], &copy],
            &[("HOME", &at("home"))],
            "",
        );
        assert!(
            output.status.success() && std::path::Path::new(&copy).exists(),
            "{}",
            stderr(&output)
        );
    }
    let output = run_command(
        &["--data-dir", &at("there"), "import", &at("export")],
        &[("HOME", &at("home"))],
        "",
    );
    assert!(
        output.status.success() && folder.path().join("there/acteon.db").exists(),
        "{}",
        stderr(&output)
    );
    assert!(
        !folder.path().join("home").exists(),
        "nothing else was worked on"
    );
    let (here, there) = (at("here"), at("there"));
    for (arguments, part) in [
        (
            &["--data-dir", &here, "migrate", "--data-dir", &there][..],
            "given twice",
        ),
        (&["--port", "5", "check"], "--port has no effect"),
        (&["--host", "::1", "check"], "--host has no effect"),
        (
            &["--data-dir", &here, "rules", "test", "x.yaml"],
            "--data-dir has no effect",
        ),
        (&["--port", "5", "backup", &here], "--port has no effect"),
        (&["keygen", "-c", "acteon.toml"], "--config has no effect"),
        (&["-c", "acteon.toml", "encrypt"], "--config has no effect"),
        (
            &["-c", "acteon.toml", "api-key", "me"],
            "--config has no effect",
        ),
    ] {
        let output = run_command(arguments, &[], "");
        assert!(
            !output.status.success() && stderr(&output).contains(part),
            "{arguments:?}: {}",
            stderr(&output)
        );
    }
    let output = run_command(&["keygen"], &[("ACTEON_CONFIG", "acteon.toml")], "");
    assert!(
        output.status.success(),
        "what the environment says is for those who look: {}",
        stderr(&output)
    );
}

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

#[cfg(unix)]
#[test]
fn the_files_of_a_database_are_for_their_owner_only_in_whatever_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().expect("a folder");
    let set = |name: &str, mode: u32| {
        std::fs::set_permissions(
            folder.path().join(name),
            std::fs::Permissions::from_mode(mode),
        )
        .expect("a mode");
    };
    let open_to_others = || {
        let entries = std::fs::read_dir(folder.path())
            .expect("a folder")
            .map(|entry| entry.expect("an entry"));
        let files =
            entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("acteon.db"));
        let modes = files.map(|entry| {
            (
                entry.file_name(),
                entry.metadata().expect("its mode").permissions().mode() & 0o777,
            )
        });
        modes.filter(|(_, mode)| *mode != 0o600).collect::<Vec<_>>()
    };
    set("", 0o755);
    let process = Process::start_exactly(folder.path(), "", &[]);
    assert!(
        folder.path().join("acteon.db-wal").exists()
            && folder.path().join("acteon.db.lock").exists()
    );
    assert_eq!(open_to_others(), []);
    process.kill();
    // As an earlier version left them.
    for name in ["acteon.db", "acteon.db-wal", "acteon.db.lock"] {
        set(name, 0o644);
    }
    let _process = Process::start_exactly(folder.path(), "", &[]);
    assert_eq!(open_to_others(), []);
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
