//! Keys and envelopes.

use super::{stderr, stdout};
use crate::support::{Process, run_command};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

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
fn a_secret_is_encrypted_whole_or_refused() {
    let most = "s".repeat(64 * 1024);
    let output = run_command(&["encrypt"], &[("ACTEON_AUTH_KEY", KEY)], &most);
    assert!(output.status.success(), "{}", stderr(&output));
    for longer in [format!("{most}s"), format!("{}é", &most[1..])] {
        let output = run_command(&["encrypt"], &[("ACTEON_AUTH_KEY", KEY)], &longer);
        assert_eq!(output.status.code(), Some(1));
        let told = "the secret is longer than 65536 bytes, the most that is encrypted; give only the secret on standard input";
        assert!(
            stderr(&output).contains(told) && stdout(&output).is_empty(),
            "{}",
            stderr(&output)
        );
    }
}
