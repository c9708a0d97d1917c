//! Who may do what: keys, roles and grants.

mod bodies;
mod grants;
mod keys;
mod routes;
mod starting;

use std::fmt::Write as _;

use crate::support::{Gateway, with_rules_in};

const LOG: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// `(name, role, tenant)`; the key is the name.
const CALLERS: [(&str, &str, &str); 4] = [
    ("root", "admin", "*"),
    ("acme-ops", "operator", "acme"),
    ("acme-eyes", "viewer", "acme"),
    ("globex-ops", "operator", "globex"),
];

pub(crate) fn auth_file(callers: &[(&str, &str, &str)]) -> String {
    let mut text = String::new();
    for (name, role, tenant) in callers {
        let digest = acteon_crypto::sha256(name.as_bytes());
        let hash = digest.iter().fold(String::new(), |mut hash, byte| {
            write!(hash, "{byte:02x}").expect("text");
            hash
        });
        write!(
            text,
            "[[api_keys]]\nname = \"{name}\"\nkey_hash = \"{hash}\"\nrole = \"{role}\"\n[[api_keys.grants]]\ntenants = [\"{tenant}\"]\nnamespaces = [\"*\"]\n"
        )
        .expect("text");
    }
    text
}

pub(crate) async fn start(callers: &[(&str, &str, &str)]) -> (Gateway, std::path::PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("auth.toml");
    std::fs::write(&path, auth_file(callers)).expect("written");
    let configuration = with_rules_in(&folder, "rules: []", &configuration(&path));
    (Gateway::start_in(folder, &configuration).await, path)
}

fn configuration(path: &std::path::Path) -> String {
    format!(
        "circuit_breaker.enabled = true\nauth.enabled = true\nauth.config_path = {:?}\n{LOG}",
        path.display().to_string()
    )
}
