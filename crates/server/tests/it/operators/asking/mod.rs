//! Whom the command line asks, with whose key, and what it makes of answers that are none.

mod answers;

use std::net::TcpListener;

use crate::operators::{LOG, err, out, run_at};
use crate::support::{Gateway, run_command};

const KEY: &str = "6b657931";

const VIEWER: &str = "6b657932";

/// An `auth.toml` with these keys, each with its name and role, for acme.
fn auth_file(keys: &[(&str, &str, &str)]) -> String {
    let hash = |key: &str| {
        let digest = acteon_crypto::sha256(key.as_bytes());
        digest
            .iter()
            .fold(String::new(), |hash, byte| format!("{hash}{byte:02x}"))
    };
    let entry = |(name, key, role): &(&str, &str, &str)| {
        format!(
            "[[api_keys]]\nname = {name:?}\nkey_hash = \"{}\"\nrole = {role:?}\n[[api_keys.grants]]\ntenants = [\"acme\"]\nnamespaces = [\"*\"]\n",
            hash(key)
        )
    };
    keys.iter().map(entry).collect()
}

/// Makes a silence.
const ADD: [&str; 9] = [
    "silences",
    "add",
    "--namespace",
    "incidents",
    "--tenant",
    "acme",
    "--duration",
    "1h",
    "team=pay",
];

/// Variables, further arguments, the exit code, and a part of what is said. Files of keys go by
/// their names in the folder.
type Case = (
    &'static [(&'static str, &'static str)],
    &'static [&'static str],
    i32,
    &'static str,
);

/// Files of keys that the folder has, and one that it has not.
const FILES: [&str; 4] = ["key", "blank", "auth.toml", "none"];

const KEYS: &[Case] = &[
    (&[("ACTEON_API_KEY", KEY)], &[], 0, "holds from"),
    (&[("ACTEON_API_KEY_FILE", "key")], &[], 0, "holds from"),
    (
        &[("ACTEON_API_KEY", VIEWER)],
        &["--key-file", "key"],
        0,
        "holds from",
    ),
    (
        &[("ACTEON_API_KEY", VIEWER)],
        &[],
        1,
        "the role of \"eve\" does not allow this (403 FORBIDDEN)",
    ),
    (
        &[("ACTEON_API_KEY", KEY)],
        &["--tenant", "other"],
        2,
        "--tenant",
    ),
    (
        &[],
        &[],
        1,
        "put the key into ACTEON_API_KEY, or name its file with --key-file",
    ),
    (
        &[("ACTEON_API_KEY", "unknown")],
        &[],
        1,
        "this API key is not known (401 UNAUTHORIZED)",
    ),
    (
        &[("ACTEON_API_KEY", KEY), ("ACTEON_API_KEY_FILE", "key")],
        &[],
        2,
        "set one of the two",
    ),
    (
        &[("ACTEON_API_KEY", "two words")],
        &[],
        1,
        "ACTEON_API_KEY holds no API key",
    ),
    (&[], &["--key-file", "blank"], 1, "blank holds no API key"),
    (
        &[],
        &["--key-file", "auth.toml"],
        1,
        "auth.toml holds no API key",
    ),
    (&[], &["--key-file", "none"], 1, "none, cannot be read"),
    (&[], &["--api-key", KEY], 2, "unexpected argument"),
];

#[tokio::test(flavor = "multi_thread")]
async fn a_key_comes_from_the_environment_or_a_file_and_says_what_may_be_done() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).display().to_string();
    let keys = auth_file(&[("ops", KEY, "operator"), ("eve", VIEWER, "viewer")]);
    std::fs::write(at("auth.toml"), keys).expect("written");
    std::fs::write(at("key"), format!("{KEY}\n")).expect("written");
    std::fs::write(at("blank"), "\n").expect("written");
    let gateway = Gateway::start(&format!(
        "[auth]\nenabled = true\nconfig_path = {:?}\n{LOG}",
        at("auth.toml")
    ))
    .await;
    let base = gateway.base().to_owned();
    let at_its_place = |text: &&str| {
        if FILES.contains(text) {
            at(text)
        } else {
            (*text).to_owned()
        }
    };
    for (variables, further, code, part) in KEYS {
        let values: Vec<String> = variables
            .iter()
            .map(|(_, value)| at_its_place(value))
            .collect();
        let names = variables.iter().map(|(name, _)| *name);
        let environment: Vec<(&str, &str)> = names.zip(values.iter().map(String::as_str)).collect();
        let further: Vec<String> = further.iter().map(at_its_place).collect();
        let arguments = ADD.into_iter().chain(further.iter().map(String::as_str));
        let output = run_at(&base, &arguments.collect::<Vec<_>>(), &environment);
        let told = out(&output) + &err(&output);
        assert_eq!(
            output.status.code(),
            Some(*code),
            "{variables:?} {further:?}: {told}"
        );
        assert!(told.contains(part), "{variables:?} {further:?}: {told}");
        assert!(
            !told.contains(VIEWER) && !told.contains("two words"),
            "{told}"
        );
    }
    let other = [
        "silences",
        "list",
        "--namespace",
        "incidents",
        "--tenant",
        "other",
    ];
    assert!(out(&run_at(&base, &other, &[("ACTEON_API_KEY", KEY)])).contains("no silences"));
}

#[test]
fn where_nothing_listens_is_told() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    drop(listener);
    let output = run_command(
        &["audit", "list", "--server", &format!("http://{address}")],
        &[("http_proxy", "http://127.0.0.1:1")],
        "",
    );
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(
        err(&output).contains(&format!(
            "no connection to {address}: refused; check the port"
        )),
        "{}",
        err(&output)
    );
    for (server, part) in [
        ("localhost:8080", "did you mean http://localhost:8080?"),
        ("ftp://example.com", "such as http://127.0.0.1:8080"),
        ("http://me:secret@example.com", "without user"),
        ("http://example.com/?a=b", "without user, query"),
        (" ", "it is blank"),
    ] {
        let output = run_command(&["audit", "list", "--server", server], &[], "");
        assert_eq!(output.status.code(), Some(2), "{server}: {}", err(&output));
        assert!(
            err(&output).contains(part) && !err(&output).contains("secret"),
            "{server}: {}",
            err(&output)
        );
    }
}

/// What waits for a connection that a proxy never makes has not left.
#[test]
fn what_never_left_is_not_told_as_what_may_have_been_done() {
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let proxy = silent.local_addr().expect("an address").to_string();
    let add = [
        "silences",
        "add",
        "--namespace",
        "incidents",
        "--tenant",
        "acme",
        "--duration",
        "1h",
        "team=pay",
    ];
    let add = [
        &add[..],
        &["--server", "https://gateway.example.com", "--timeout", "1s"],
    ]
    .concat();
    let output = run_command(&add, &[("HTTPS_PROXY", &format!("http://{proxy}"))], "");
    assert_eq!(output.status.code(), Some(3), "{}", err(&output));
    assert!(
        err(&output).contains(&format!(
            "no connection to gateway.example.com:443 through the proxy {proxy}: not made in time"
        )),
        "{}",
        err(&output)
    );
    assert!(!err(&output).contains("may have done"), "{}", err(&output));
}
