//! `auth.toml`: the API keys, as hashes, with their roles and grants.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use acteon_config::{
    Block, ConfigError, InvalidInput, Key, Kind, Problem, SectionReader, Settings, Walker,
};
use acteon_core::limits::MAX_NAME_BYTES;
use acteon_core::similar::nearest;
use acteon_core::{
    ActionType, Caller, Grant, InvalidName, Namespace, ProviderName, Role, Tenant, check_ends,
};
use acteon_crypto::{ExposeSecret as _, KeyRing, sha256};
use zeroize::Zeroizing;

use super::env::{Env, variable_less};
use crate::files;

/// Keys of an `[[api_keys]]` block.
const API_KEY: &[Key] = &[
    Key::required(
        "name",
        Kind::Text,
        "Who the caller is: shown in the audit trail, and counted by quotas.",
    ),
    Key::required(
        "key_hash",
        Kind::Secret,
        "SHA-256 of the key in hexadecimal: see `acteon-server api-key`.",
    ),
    Key::required("role", Kind::Text, "admin, operator or viewer."),
];

/// Keys of an `[[api_keys.grants]]` block.
const GRANT: &[Key] = &[
    Key::required(
        "tenants",
        Kind::Texts,
        "Tenants, each with those below it; \"*\" for all.",
    ),
    Key::required("namespaces", Kind::Texts, "Namespaces; \"*\" for all."),
    Key::optional("providers", Kind::Texts, "Providers. Default: all."),
    Key::optional("actions", Kind::Texts, "Action types. Default: all."),
];

/// Callers by the hash of their key.
#[derive(Clone, Default)]
pub struct AuthTable {
    callers: HashMap<[u8; 32], Caller>,
}

/// Key as a caller shows it.
pub struct KeyOf<'a>(pub &'a str);

impl AuthTable {
    /// Reads and checks a file.
    pub fn load(path: &Path, keys: &KeyRing) -> Result<Self, ConfigError> {
        let text = files::read_text(path, files::MAX_CONFIG_BYTES).map(Zeroizing::new);
        let text = text.map_err(|error| {
            let advice =
                "make it: `acteon-server api-key NAME` prints a key and the lines to put there";
            ConfigError::Unreadable(format!(
                "the file of the API keys, {}: {error}; {advice}",
                path.display()
            ))
        })?;
        Self::parse(&path.display().to_string(), &text, keys)
    }

    /// Checks the text of a file. `file` is its name in messages.
    pub fn parse(file: &str, text: &str, keys: &KeyRing) -> Result<Self, ConfigError> {
        let env = Env {
            variable: &variable_less,
            keys: keys.clone(),
            shared: None,
        };
        let mut walker = Walker::new(file, text, &env);
        let mut table = Self::default();
        let mut names = BTreeSet::new();
        let blocks = walker.blocks("api_keys");
        if blocks.is_empty() {
            let invalid = InvalidInput::new(
                "there is no API key, so nobody could call",
                "put one there: `acteon-server api-key NAME` prints a key and the lines for it",
            );
            walker.note_file("api_keys", invalid);
        }
        for (index, block) in blocks.into_iter().enumerate() {
            let section = format!("api_keys[{index}]");
            let Some((hash, caller)) = api_key(&mut walker, &section, block, &mut names) else {
                continue;
            };
            if let Some(other) = table.callers.insert(hash, caller) {
                let message = format!(
                    "is that of {:?} too: nobody could tell the two apart; make each its own with `api-key`",
                    &*other.id
                );
                walker.note(&section, [Problem::new("key_hash", message)]);
            }
        }
        walker.refuse_rest("[[api_keys]] and [[api_keys.grants]]; users with passwords are not supported by this version");
        walker.finish()?;
        Ok(table)
    }

    /// Whether a key leads to this very caller, with this role and these grants.
    pub fn has(&self, caller: &Caller) -> bool {
        self.callers.values().any(|known| known == caller)
    }

    /// Whether a key has this name.
    pub fn has_name(&self, name: &str) -> bool {
        self.callers.values().any(|known| &*known.id == name)
    }

    /// Caller with this key.
    pub fn caller(&self, KeyOf(key): KeyOf<'_>) -> Option<&Caller> {
        self.callers.get(&sha256(key.as_bytes()))
    }

    /// Number of keys in the file.
    pub fn len(&self) -> usize {
        self.callers.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }
}

fn api_key<'a>(
    walker: &mut Walker<'a>,
    section: &str,
    mut block: Block<'a>,
    names: &mut BTreeSet<String>,
) -> Option<([u8; 32], Caller)> {
    let grants: Vec<Grant> = walker
        .blocks_of(&mut block, "grants")
        .iter()
        .enumerate()
        .map(|(number, block)| grant(walker, &format!("{section}.grants[{number}]"), block))
        .collect();
    let settings = walker.read(section, &block, &[API_KEY]);
    if grants.is_empty() {
        let invalid = InvalidInput::new(
            "has no grants, so it could do nothing",
            "add [[api_keys.grants]] with tenants = [\"*\"] and namespaces = [\"*\"] for everything",
        );
        walker.note_block(section, &block, invalid);
    }
    let (id, role, hash) = walker.check(section, &settings, |reader| {
        (name(reader, names), role(reader), hash(reader))
    });
    Some((
        hash?,
        Caller {
            id: id.into(),
            auth_method: "api_key",
            role: role?,
            grants: Arc::from(grants),
        },
    ))
}

fn grant<'a>(walker: &mut Walker<'a>, section: &str, block: &Block<'a>) -> Grant {
    let settings = walker.read(section, block, &[GRANT]);
    walker.check(section, &settings, |reader| {
        for Key { name, .. } in GRANT
            .iter()
            .filter(|key| settings.has(key.name) && settings.texts(key.name).is_empty())
        {
            reader.wrong(
                name,
                "is empty, so the grant allows nothing; write [\"*\"] for all",
            );
        }
        check_names(reader);
    });
    grant_of(&settings)
}

/// Name of a key, which no other key has; blank where it has none.
fn name(reader: &mut SectionReader<'_>, names: &mut BTreeSet<String>) -> String {
    let name = reader
        .settings()
        .text("name")
        .unwrap_or_default()
        .to_owned();
    let is_said = reader.settings().has("name");
    if is_said
        && (name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control))
    {
        let message = format!("must be 1 to {MAX_NAME_BYTES} bytes without control characters");
        reader.wrong("name", message);
    } else if let Err(error) = check_ends(&name) {
        reader.wrong("name", error.to_string());
    } else if is_said && !names.insert(name.clone()) {
        reader.wrong("name", format!("the name {name:?} is taken by another key"));
    }
    name
}

fn role(reader: &mut SectionReader<'_>) -> Option<Role> {
    let text = reader.settings().text("role").unwrap_or_default();
    let role = Role::parse(text);
    if reader.settings().has("role") && role.is_none() {
        let meant = nearest(text, ["admin", "operator", "viewer"])
            .map(|near| format!("; did you mean {near:?}?"))
            .unwrap_or_default();
        reader.wrong("role", format!("must be admin, operator or viewer{meant}"));
    }
    role
}

fn hash(reader: &mut SectionReader<'_>) -> Option<[u8; 32]> {
    let hash = reader
        .settings()
        .secret("key_hash")
        .and_then(|hash| unhex(hash.expose_secret().trim()));
    if reader.settings().has("key_hash") && hash.is_none() {
        reader.wrong(
            "key_hash",
            "must be 64 hexadecimal digits: the SHA-256 of the key, never the key itself",
        );
    }
    hash
}

/// Refuses a grant for a name that no action can have: it would allow nothing, and look as if it did.
fn check_names(reader: &mut SectionReader<'_>) {
    type Check = fn(&str) -> Result<(), InvalidName>;
    let checks: [(&str, Check); 4] = [
        ("tenants", |name| Tenant::parse_new(name).map(drop)),
        ("namespaces", |name| Namespace::parse_new(name).map(drop)),
        ("providers", |name| ProviderName::parse_new(name).map(drop)),
        ("actions", |name| ActionType::parse_new(name).map(drop)),
    ];
    for (key, check) in checks {
        for name in reader.settings().texts(key) {
            if name.contains('*') && name != "*" {
                let message = format!(
                    "{name:?} has a * within, which stands for all only where it stands alone: name each"
                );
                reader.wrong(key, message);
            } else if let Err(error) = check(name) {
                reader.wrong(key, format!("{name:?} {error}"));
            }
        }
    }
}

fn grant_of(settings: &Settings) -> Grant {
    let or_all = |key: &str| {
        if settings.has(key) {
            settings.texts(key).to_vec()
        } else {
            vec!["*".to_owned()]
        }
    };
    Grant {
        tenants: settings.texts("tenants").to_vec(),
        namespaces: settings.texts("namespaces").to_vec(),
        providers: or_all("providers"),
        actions: or_all("actions"),
    }
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks(2)) {
        let pair = std::str::from_utf8(pair).ok()?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    Some(bytes)
}
