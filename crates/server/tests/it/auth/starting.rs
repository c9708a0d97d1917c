//! What a server wants of its API keys before it starts.

use super::LOG;
use crate::support::run_command;

/// What starts and checks a server says of a keys file.
fn refusals_of(file: &std::path::Path) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let configuration = folder.path().join("acteon.toml");
    std::fs::write(
        &configuration,
        format!(
            "auth.enabled = true\nauth.config_path = {:?}\n{LOG}",
            file.display().to_string()
        ),
    )
    .expect("written");
    let (path, data) = (
        configuration.display().to_string(),
        folder.path().display().to_string(),
    );
    let refused = |arguments: &[&str]| {
        let output = run_command(arguments, &[], "");
        assert!(!output.status.success(), "{arguments:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    vec![
        refused(&["check", "-c", &path]),
        refused(&["-c", &path, "--data-dir", &data, "--port", "0"]),
    ]
}

#[test]
fn a_server_does_not_start_without_a_key() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("auth.toml");
    std::fs::write(&file, "").expect("written");
    for said in refusals_of(&file) {
        assert!(
            said.contains("auth.toml:1:") && said.contains("acteon-server api-key"),
            "{said}"
        );
    }
}

#[cfg(unix)]
#[test]
fn keys_come_from_a_regular_file_only() {
    let folder = tempfile::tempdir().expect("a folder");
    let pipe = folder.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .expect("mkfifo")
            .success()
    );
    for (file, what) in [
        (&*pipe, "a named pipe"),
        (folder.path(), "a directory"),
        (std::path::Path::new("/dev/zero"), "a device"),
    ] {
        for said in refusals_of(file) {
            assert!(
                said.contains(what) && said.contains(&file.display().to_string()),
                "{said}"
            );
        }
    }
}

#[test]
fn a_public_address_needs_keys_and_a_made_key_works() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_str().expect("text");
    for host in ["0.0.0.0", "::", "192.0.2.1"] {
        let output = run_command(
            &["--host", host, "--port", "0", "--data-dir", data],
            &[],
            "",
        );
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            !output.status.success()
                && said.contains("without API keys")
                && said.contains("api-key"),
            "{host}: {said}"
        );
    }
    let made = run_command(
        &["api-key", "ci", "--role", "viewer", "--tenant", "acme"],
        &[],
        "",
    );
    let block = String::from_utf8_lossy(&made.stdout).into_owned();
    let key = String::from_utf8_lossy(&made.stderr)
        .lines()
        .find(|line| line.len() == 64)
        .expect("a key")
        .to_owned();
    let table = acteon_server::config::AuthTable::parse(
        "auth.toml",
        &block,
        &acteon_crypto::KeyRing::default(),
    )
    .expect("a valid block");
    let caller = table
        .caller(acteon_server::config::KeyOf(&key))
        .expect("the caller");
    assert_eq!(
        (&*caller.id, caller.grants[0].tenants[0].as_str()),
        ("ci", "acme")
    );
    assert!(!block.contains(&key), "the file keeps only the hash");
}
