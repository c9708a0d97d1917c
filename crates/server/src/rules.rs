//! Rules from files: loads them, all or nothing, and again when a file changes.

use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};

use acteon_core::limits::MAX_RULES_FILE_BYTES;
use acteon_core::{Clock as _, SystemClock};
use acteon_gateway::{Gateway, MissingName, Reloads, TroubleTurn};
use acteon_rules::{Context, LoadError, RuleFile, RuleSet};
use arc_swap::ArcSwap;

use crate::approvals::warn_of_approvals;
use crate::calendars::warn_of_calendars;
use crate::chains::check_chains;
use crate::config::RulesConfig;
use crate::files::{described, read_text};
use crate::reading::{Reading, Unread};
use crate::stored_names::{StoredNames, in_context};
use crate::watch::{Fingerprint, Look, changed};

/// Source of the rules, and how the last loading went.
pub(crate) struct RulesLoader {
    config: RulesConfig,
    reloads: Reloads,
    clock: SystemClock,
    /// Files of the folder that the last look left out, each with the reason.
    left_out: ArcSwap<Vec<String>>,
    loading: Reading,
    /// Fingerprint of the files before they were last read.
    known: std::sync::Mutex<Fingerprint>,
}

/// Error of rules that could not be loaded. The rules before stay in force.
#[derive(Debug)]
pub enum RulesError {
    /// The folder, or a file, cannot be read.
    Unreadable(PathBuf, std::io::Error),
    /// The rules of the files have errors.
    Wrong(LoadError),
    /// Time interval or chain that they need and that was deleted while they were compiled.
    Overtaken(MissingName),
}

impl std::fmt::Display for RulesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, error) => {
                write!(f, "cannot read rules from {}: {error}", path.display())
            }
            Self::Wrong(error) => error.fmt(f),
            Self::Overtaken(missing) => missing.fmt(f),
        }
    }
}

impl std::error::Error for RulesError {}

/// Rules of a folder.
pub struct Loaded {
    /// Rules that were compiled together.
    pub rules: RuleSet,
    /// Files in the folder that look like rules and are not read, each with the reason.
    pub left_out: Vec<String>,
}

/// Reads and compiles the rules of a folder. `stored` are the names that the store has, `None` where they are not known.
pub fn load(
    directory: Option<&Path>,
    context: &Context,
    stored: Option<StoredNames>,
) -> Result<Loaded, RulesError> {
    read(directory)?.compile(context, stored)
}

/// Texts of the files in a folder of rules, and files that are left out.
struct Texts {
    files: Vec<RuleFile>,
    left_out: Vec<String>,
}

/// Texts that were found in a folder of rules, and the fingerprint of its files before that.
struct Found {
    looks: Fingerprint,
    texts: Result<Texts, RulesError>,
}

fn read(directory: Option<&Path>) -> Result<Texts, RulesError> {
    let Folder { files, left_out } = directory.map(look).transpose()?.unwrap_or_default();
    let read_one = |path: PathBuf| {
        let text = read_text(&path, MAX_RULES_FILE_BYTES as u64)
            .map_err(|error| RulesError::Unreadable(path.clone(), error))?;
        Ok(RuleFile {
            name: path.display().to_string(),
            text,
        })
    };
    let files = files
        .into_iter()
        .map(read_one)
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Texts { files, left_out })
}

impl Texts {
    fn compile(self, context: &Context, stored: Option<StoredNames>) -> Result<Loaded, RulesError> {
        let context = Context {
            check_chains,
            ..in_context(stored, context)
        };
        let rules = RuleSet::compile(&self.files, &context).map_err(RulesError::Wrong)?;
        Ok(Loaded {
            rules,
            left_out: self.left_out,
        })
    }
}

/// Paths in a folder of rules.
#[derive(Default)]
struct Folder {
    /// Files to read, by name.
    files: Vec<PathBuf>,
    left_out: Vec<String>,
}

/// Lists the YAML files of a folder. Names that begin with a dot are editors' and file managers'
/// own.
fn look(directory: &Path) -> Result<Folder, RulesError> {
    let unreadable = |error| RulesError::Unreadable(directory.to_owned(), error);
    let mut found = Folder::default();
    let entries = std::fs::read_dir(directory).map_err(unreadable)?;
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()
        .map_err(unreadable)?;
    paths.sort();
    for path in paths {
        let Some(name) = path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .filter(|name| !name.starts_with('.'))
        else {
            continue;
        };
        let shown = path.display();
        if path
            .extension()
            .is_none_or(|extension| extension != "yaml" && extension != "yml")
        {
            if is_near_miss(&name) {
                found.left_out.push(format!(
                    "{shown} is not read: rules are in files whose names end with .yaml or .yml"
                ));
            }
            continue;
        }
        match std::fs::metadata(&path) {
            Ok(metadata) if !metadata.is_file() => {
                found.left_out.push(format!(
                    "{shown} is not read: it is {}, and rules are in regular files",
                    described(metadata.file_type())
                ));
            }
            // A link to nothing is told when it is read.
            Ok(_) | Err(_) => found.files.push(path),
        }
    }
    Ok(found)
}

/// Whether a name is almost that of a file of rules.
fn is_near_miss(name: &str) -> bool {
    let lower = name.to_lowercase();
    let has_end = |ends: &[&str]| ends.iter().any(|end| lower.ends_with(end));
    has_end(&[
        ".yaml",
        ".yml",
        ".yaml.txt",
        ".yml.txt",
        ".ymal",
        ".yalm",
        ".cel",
    ])
}

/// Fingerprint of a folder with its files, also those that are left out, or of the one file at
/// `path`.
pub(crate) fn looks(path: &Path) -> Fingerprint {
    let of = |path: PathBuf| {
        let look = Look::at(&path);
        (path, look)
    };
    if !path.is_dir() {
        return vec![of(path.to_owned())];
    }
    let Folder { files, left_out } = look(path).unwrap_or_default();
    files
        .into_iter()
        .map(of)
        .chain(left_out.into_iter().map(|text| (PathBuf::from(text), None)))
        .collect()
}

impl RulesLoader {
    pub(crate) fn new(config: RulesConfig) -> Self {
        let (left_out, loading, known) = Default::default();
        Self {
            config,
            reloads: Reloads::default(),
            clock: SystemClock::new(),
            left_out,
            loading,
            known,
        }
    }

    pub(crate) fn directory(&self) -> Option<&Path> {
        self.config.directory.as_deref()
    }

    /// Context of the rules, as it was configured at the start.
    pub(crate) fn context(&self) -> &Context {
        &self.config.context
    }

    /// Context of the rules, with the calendars that are in force at the gateway.
    fn context_at(&self, gateway: &Gateway) -> Context {
        Context {
            calendars: gateway.calendars(),
            ..self.context().clone()
        }
    }

    /// Successes and failures of the loadings; `None` where there is no folder.
    pub(crate) fn reloads(&self) -> Option<&Reloads> {
        self.directory().map(|_| &self.reloads)
    }

    /// Files in the folder that look like rules and are not read, each with the reason.
    pub(crate) fn left_out(&self) -> Arc<Vec<String>> {
        self.left_out.load_full()
    }

    /// Loads the rules to start with.
    pub(crate) async fn load(self: &Arc<Self>, stored: StoredNames) -> Result<RuleSet, RulesError> {
        let this = Arc::clone(self);
        // A start may wait for a file: until it is read there is nothing to go on with.
        let found = tokio::task::spawn_blocking(move || this.find())
            .await
            .map_err(|_| Unread::BrokeOff);
        let loaded = self.compile(found, self.context().clone(), stored).await;
        self.note(loaded.as_ref().err());
        loaded
    }

    fn known(&self) -> Fingerprint {
        self.known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn set_known(&self, known: Fingerprint) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// Loads the rules and puts them in force; with any error those before stay.
    pub(crate) async fn reload(self: &Arc<Self>, gateway: &Gateway) -> Result<usize, RulesError> {
        let this = Arc::clone(self);
        let (_turn, found) = self.loading.read(move || this.find()).await;
        let context = self.context_at(gateway);
        let loaded = match self.compile(found, context, StoredNames::at(gateway)).await {
            Ok(rules) => self.put_in_force(rules, gateway).await,
            Err(error) => Err(error),
        };
        self.note(loaded.as_ref().err());
        loaded
    }

    /// Replaces the rules in force; returns how many there are now.
    async fn put_in_force(&self, rules: RuleSet, gateway: &Gateway) -> Result<usize, RulesError> {
        let count = rules.len();
        gateway.set_rules(rules).await.map_err(|missing| {
            // Read once more they are refused with the line that names it, or it is back. What the store starts is changed by a person, who reloads.
            if !matches!(missing, MissingName::CutOff { .. }) {
                self.set_known(Fingerprint::new());
            }
            RulesError::Overtaken(missing)
        })?;
        tracing::info!(rules = count, "rules loaded");
        warn_of_calendars(gateway).await;
        warn_of_approvals(gateway).await;
        Ok(count)
    }

    fn find(&self) -> Found {
        Found {
            // Before they are read, so that no change after that goes unseen.
            looks: self.directory().map(looks).unwrap_or_default(),
            texts: read(self.directory()),
        }
    }

    /// Compiles the texts that were found.
    async fn compile(
        self: &Arc<Self>,
        found: Result<Found, Unread>,
        context: Context,
        stored: StoredNames,
    ) -> Result<RuleSet, RulesError> {
        let unread = |unread: &Unread| {
            let kind = if matches!(unread, Unread::Late) {
                std::io::ErrorKind::TimedOut
            } else {
                std::io::ErrorKind::Other
            };
            RulesError::Unreadable(
                self.directory().unwrap_or(Path::new("")).to_owned(),
                std::io::Error::new(kind, unread.of("the files")),
            )
        };
        let (looks, texts) = match found {
            Ok(Found {
                looks,
                texts: Ok(texts),
            }) => (looks, Ok(texts)),
            // What could not be read is tried again.
            Ok(Found {
                texts: Err(error), ..
            }) => (Fingerprint::new(), Err(error)),
            Err(late) => (Fingerprint::new(), Err(unread(&late))),
        };
        self.set_known(looks);
        let texts = texts?;
        let loaded =
            tokio::task::spawn_blocking(move || texts.compile(&context, Some(stored))).await;
        let loaded = loaded.unwrap_or_else(|_| {
            // Also this is tried again.
            self.set_known(Fingerprint::new());
            Err(unread(&Unread::BrokeOff))
        })?;
        let before = self.left_out.swap(Arc::new(loaded.left_out));
        self.left_out
            .load()
            .iter()
            .filter(|text| !before.contains(text))
            .for_each(|text| tracing::warn!("{text}"));
        Ok(loaded.rules)
    }

    fn note(&self, error: Option<&RulesError>) {
        let error = error.map(ToString::to_string);
        match self.reloads.count(error.clone(), self.clock.now()) {
            TroubleTurn::Began | TroubleTurn::Changed => {
                tracing::error!(
                    error,
                    "the rules could not be loaded; those before stay in force"
                );
            }
            TroubleTurn::Ended => tracing::info!("the rules are in order again"),
            TroubleTurn::None => {}
        }
    }

    /// Loads the rules again whenever a file changes.
    pub(crate) async fn watch(self: Arc<Self>, gateway: Gateway) {
        let Some(directory) = self
            .directory()
            .filter(|_| self.config.watch)
            .map(Path::to_owned)
        else {
            return;
        };
        loop {
            changed(&directory, looks, || self.known()).await;
            // What is wrong is logged, shown by /ready, and counted.
            drop(self.reload(&gateway).await);
        }
    }
}
