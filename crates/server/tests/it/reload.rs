//! A reload that hangs keeps nobody from stopping the server.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use acteon_testkit::skipped;

use crate::support::{Process, run_command, with_rules_in};

/// Takes a lease on the file, which lets nobody open it for 45 s: so hangs a file on a file system that went away. Says when somebody tries.
const HOLDER: &str = "
import fcntl, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGIO])
file = open(sys.argv[1], 'r+')
fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
print('held', flush=True)
signal.sigwait([signal.SIGIO])
print('asked', flush=True)
sys.stdin.read()
";

/// A process that lets nobody open a file.
struct Holder(Child, BufReader<std::process::ChildStdout>);

impl Holder {
    /// `None`, and a word about it, where that cannot be done.
    ///
    /// # Panics
    /// When it cannot although `CI` is set: there, a test that is skipped is a test that fails.
    fn of(file: &Path) -> Option<Self> {
        let holder = Self::start(file);
        if holder.is_none() {
            skipped("python3 cannot take a lease on a file here");
        }
        holder
    }

    fn start(file: &Path) -> Option<Self> {
        let mut python = Command::new("python3");
        python
            .args(["-c", HOLDER])
            .arg(file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = python.spawn().ok()?;
        let said = BufReader::new(child.stdout.take()?);
        let mut holder = Self(child, said);
        (holder.next_line() == "held").then_some(holder)
    }

    fn next_line(&mut self) -> String {
        let mut line = String::new();
        self.1.read_line(&mut line).expect("its output");
        line.trim().to_owned()
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn a_start_that_waits_for_a_file_can_be_stopped() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = with_rules_in(
        &folder,
        "rules: []\n",
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
    );
    let configuration = folder.path().join("acteon.toml");
    std::fs::write(&configuration, rules).expect("written");
    let Some(mut holder) = Holder::of(&folder.path().join("rules/rules.yaml")) else {
        return;
    };
    let mut server = Command::new(env!("CARGO_BIN_EXE_acteon-server"));
    server
        .arg("-c")
        .arg(&configuration)
        .args(["--port", "0", "--data-dir"])
        .arg(folder.path());
    let mut server = server
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a started server");
    assert_eq!(holder.next_line(), "asked");
    let began = tokio::time::Instant::now();
    assert!(
        Command::new("kill")
            .arg(server.id().to_string())
            .status()
            .expect("kill")
            .success()
    );
    assert_eq!(server.wait().expect("its end").code(), Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "ended after {:?}",
        began.elapsed()
    );
}

#[test]
fn a_file_that_hangs_on_open_does_not_hold_up_a_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = with_rules_in(
        &folder,
        "rules: []\n",
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
    );
    let process = Process::start(folder.path(), &format!("rules.watch = false\n{rules}"), &[]);
    let Some(mut holder) = Holder::of(&folder.path().join("rules/rules.yaml")) else {
        return;
    };
    process.signal("HUP");
    assert_eq!(holder.next_line(), "asked");
    let began = tokio::time::Instant::now();
    assert_eq!(process.terminate().0, Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "ended after {:?}",
        began.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_hangs_on_open_holds_up_neither_rules_nor_a_stop() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = with_rules_in(
        &folder,
        "rules: []\n",
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
    );
    let process = Process::start(folder.path(), &format!("rules.watch = false\n{rules}"), &[]);
    let Some(mut holder) = Holder::of(&folder.path().join("acteon.toml")) else {
        return;
    };
    let rule = "rules: [{name: none, condition: 'true', action: {type: deny}}]\n";
    std::fs::write(folder.path().join("rules/rules.yaml"), rule).expect("written");
    process.signal("HUP");
    assert_eq!(holder.next_line(), "asked");
    process
        .client()
        .until("/v1/rules", |rules| {
            rules.as_array().is_some_and(|rules| rules.len() == 1)
        })
        .await;
    let began = tokio::time::Instant::now();
    assert_eq!(process.terminate().0, Some(0));
    assert!(
        began.elapsed() < Duration::from_secs(20),
        "ended after {:?}",
        began.elapsed()
    );
}

/// Who asks hears of all that hang, and what is read afterwards counts.
#[tokio::test(flavor = "multi_thread")]
async fn files_that_hang_on_open_are_told_within_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = with_rules_in(
        &folder,
        "rules: []\n",
        "[[providers]]\nname = \"log\"\ntype = \"log\"\n",
    );
    let keys = folder.path().join("auth.toml");
    let made = run_command(&["api-key", "ops", "--role", "admin"], &[], "");
    std::fs::write(&keys, &made.stdout).expect("written");
    let key = String::from_utf8_lossy(&made.stderr)
        .lines()
        .find(|line| line.len() == 64)
        .expect("a key")
        .to_owned();
    let process = Process::start(
        folder.path(),
        &format!("auth.enabled = true\nrules.watch = false\n{rules}"),
        &[],
    );
    let client = process.client().with_key(&key);
    let Some(mut of_rules) = Holder::of(&folder.path().join("rules/rules.yaml")) else {
        return;
    };
    let Some(mut of_keys) = Holder::of(&keys) else {
        return;
    };
    let began = tokio::time::Instant::now();
    let reload = tokio::spawn({
        let client = client.clone();
        async move { client.post("/admin/reload", &serde_json::Value::Null).await }
    });
    tokio::task::block_in_place(|| {
        assert_eq!(
            (of_rules.next_line(), of_keys.next_line()),
            ("asked".into(), "asked".into())
        );
    });
    let answer = reload.await.expect("an answer");
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    assert_eq!(answer.status.as_u16(), 422, "{}", answer.body);
    let errors = answer.body["errors"].to_string();
    for part in [
        "the file of the API keys could not be read within 10 s",
        "the rules: cannot read rules from",
        "see whether its file system answers",
    ] {
        assert!(errors.contains(part), "{part}: {errors}");
    }
    drop((of_rules, of_keys));
    let answer = client.post("/admin/reload", &serde_json::Value::Null).await;
    assert_eq!(
        (answer.status.as_u16(), &answer.body["api_keys"]),
        (200, &serde_json::json!(1)),
        "{}",
        answer.body
    );
}
