//! `auth.toml`: the API keys, as hashes.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;
use std::sync::Arc;

use acteon_config::{Key, Settings};
use acteon_core::limits::MAX_NAME_BYTES;
use acteon_core::{
    ActionType, Caller, Grant, InvalidName, Namespace, ProviderName, Role, Tenant, check_ends,
};
use acteon_crypto::{ExposeSecret as _, KeyRing, sha256};
use zeroize::Zeroizing;

use super::env::{Env, variable_less};
use super::problems::ConfigError;
use super::schema::{API_KEY, GRANT};
use super::walk::{Block, Walker};
use crate::files;

/// Who may call, by the hash of their key.
#[derive(Clone, Default)]
pub struct AuthTable {
    callers: HashMap<[u8; 32], Caller>,
}

/// A key as a caller shows it.
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
        let mut walker = Walker::new(text, &env);
        let mut table = Self::default();
        let mut names = BTreeSet::new();
        let blocks = walker.blocks("api_keys");
        if blocks.is_empty() {
            let hint =
                "put one there: `acteon-server api-key NAME` prints a key and the lines for it";
            walker.push(
                &(0..0),
                "api_keys".into(),
                "there is no API key, so nobody could call".into(),
                Some(hint.into()),
            );
        }
        for (index, block) in blocks.into_iter().enumerate() {
            let Some((hash, caller)) = api_key(&mut walker, index, block, &mut names) else {
                continue;
            };
            if let Some(other) = table.callers.insert(hash, caller) {
                let message = format!(
                    "is that of {:?} too: nobody could tell the two apart; make each its own with `api-key`",
                    &*other.id
                );
                walker.trouble(&format!("api_keys[{index}]"), "key_hash", &message);
            }
        }
        walker.refuse_rest("[[api_keys]] and [[api_keys.grants]]; users with passwords are not supported by this version");
        walker.finish(file)?;
        Ok(table)
    }

    /// Whoever has this key.
    pub fn caller(&self, KeyOf(key): KeyOf<'_>) -> Option<&Caller> {
        self.callers.get(&sha256(key.as_bytes()))
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.callers.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.callers.is_empty()
    }
}

fn api_key<'a>(
    walker: &mut Walker<'a>,
    index: usize,
    mut block: Block<'a>,
    names: &mut BTreeSet<String>,
) -> Option<([u8; 32], Caller)> {
    let section = format!("api_keys[{index}]");
    let grants: Vec<Grant> = walker
        .blocks_of(&mut block.table, "grants")
        .into_iter()
        .enumerate()
        .map(|(number, grant)| {
            let section = format!("{section}.grants[{number}]");
            let settings = walker.read(&section, &grant.table, &grant.span, &[GRANT]);
            for Key { name, .. } in GRANT
                .iter()
                .filter(|key| settings.has(key.name) && settings.texts(key.name).is_empty())
            {
                walker.trouble(
                    &section,
                    name,
                    "is empty, so the grant allows nothing; write [\"*\"] for all",
                );
            }
            check_names(walker, &section, &settings);
            grant_of(&settings)
        })
        .collect();
    let settings = walker.read(&section, &block.table, &block.span, &[API_KEY]);
    if grants.is_empty() {
        let hint = Some("add [[api_keys.grants]] with tenants = [\"*\"] and namespaces = [\"*\"] for everything".to_owned());
        walker.push(
            &block.span,
            section.clone(),
            "has no grants, so it could do nothing".into(),
            hint,
        );
    }
    let name = settings.text("name").unwrap_or_default().to_owned();
    if settings.has("name")
        && (name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control))
    {
        walker.trouble(
            &section,
            "name",
            &format!("must be 1 to {MAX_NAME_BYTES} bytes without control characters"),
        );
    } else if let Err(error) = check_ends(&name) {
        walker.trouble(&section, "name", &error.to_string());
    } else if settings.has("name") && !names.insert(name.clone()) {
        walker.trouble(
            &section,
            "name",
            &format!("the name {name:?} is taken by another key"),
        );
    }
    let role = settings.text("role").and_then(Role::parse);
    if settings.has("role") && role.is_none() {
        let meant = crate::similar::nearest(
            settings.text("role").unwrap_or_default(),
            ["admin", "operator", "viewer"].into_iter(),
        );
        let meant = meant
            .map(|near| format!("; did you mean {near:?}?"))
            .unwrap_or_default();
        walker.trouble(
            &section,
            "role",
            &format!("must be admin, operator or viewer{meant}"),
        );
    }
    let hash = settings
        .secret("key_hash")
        .and_then(|hash| unhex(hash.expose_secret().trim()));
    if settings.has("key_hash") && hash.is_none() {
        walker.trouble(
            &section,
            "key_hash",
            "must be 64 hexadecimal digits: the SHA-256 of the key, never the key itself",
        );
    }
    Some((
        hash?,
        Caller {
            id: name.into(),
            auth_method: "api_key",
            role: role?,
            grants: Arc::from(grants),
        },
    ))
}

/// Refuses a grant for a name that no action can have: it would allow nothing, and look as if it did.
fn check_names(walker: &mut Walker<'_>, section: &str, settings: &Settings) {
    type Check = fn(&str) -> Result<(), InvalidName>;
    let checks: [(&str, Check); 4] = [
        ("tenants", |name| Tenant::parse_new(name).map(drop)),
        ("namespaces", |name| Namespace::parse_new(name).map(drop)),
        ("providers", |name| ProviderName::parse_new(name).map(drop)),
        ("actions", |name| ActionType::parse_new(name).map(drop)),
    ];
    for (key, check) in checks {
        for (name, error) in settings
            .texts(key)
            .iter()
            .filter_map(|name| Some((name, check(name).err()?)))
        {
            walker.trouble(section, key, &format!("{name:?} {error}"));
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
