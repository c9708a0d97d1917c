//! Rules from files: loading them, all or nothing, and loading them anew when a file changes.
//!
//! Changes are found by looking once a second: that also sees what is swapped in by links, and works on every file system.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use acteon_core::limits::MAX_RULES_FILE_BYTES;
use acteon_core::{Clock as _, SystemClock};
use acteon_gateway::{Gateway, Reloads, TroubleTurn};
use acteon_rules::{Context, LoadError, RuleFile, RuleSet};
use tokio::sync::Mutex;

use crate::config::RulesConfig;
use crate::files::read_text;

/// How often to look for changes.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How long a change must have been over.
const SETTLE: Duration = Duration::from_millis(100);

/// Where rules come from, and how the last loading went.
pub(crate) struct RulesLoader {
    config: RulesConfig,
    reloads: Reloads,
    clock: SystemClock,
    loading: Mutex<()>,
    /// How the files looked before they were first read.
    at_first: Fingerprint,
}

/// Rules that could not be loaded. Those before stay in force.
#[derive(Debug)]
pub enum RulesError {
    /// The folder or a file cannot be read.
    Unreadable(PathBuf, std::io::Error),
    /// They are wrong.
    Wrong(LoadError),
}

impl std::fmt::Display for RulesError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unreadable(path, error) => write!(f, "cannot read rules from {}: {error}", path.display()),
            Self::Wrong(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for RulesError {}

/// Reads and compiles the rules of a folder. `intervals` are the time intervals that the store has, `None` where that is not known.
pub fn load(directory: Option<&Path>, context: &Context, intervals: Option<Vec<String>>) -> Result<RuleSet, RulesError> {
    let files = directory.map(read).transpose()?.unwrap_or_default();
    let context = Context { intervals: intervals.map(|names| names.into_iter().collect()), ..context.clone() };
    RuleSet::compile(&files, &context).map_err(RulesError::Wrong)
}

/// The YAML files of a folder, by name.
fn read(directory: &Path) -> Result<Vec<RuleFile>, RulesError> {
    let read_one = |path: PathBuf| {
        let text = read_text(&path, MAX_RULES_FILE_BYTES as u64).map_err(|error| RulesError::Unreadable(path.clone(), error))?;
        Ok(RuleFile { name: path.display().to_string(), text })
    };
    let paths = paths(directory).map_err(|error| RulesError::Unreadable(directory.to_owned(), error))?;
    paths.into_iter().map(read_one).collect()
}

fn paths(directory: &Path) -> std::io::Result<Vec<PathBuf>> {
    let is_yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<_>>()?;
    paths.retain(is_yaml);
    paths.sort();
    Ok(paths)
}

/// What changes when a file changes.
pub(crate) type Fingerprint = Vec<(PathBuf, Option<SystemTime>, u64)>;

pub(crate) fn fingerprint(path: &Path) -> Fingerprint {
    let of = |path: PathBuf| {
        let metadata = std::fs::metadata(&path).ok();
        let length = metadata.as_ref().map_or(0, std::fs::Metadata::len);
        (path, metadata.and_then(|metadata| metadata.modified().ok()), length)
    };
    if path.is_dir() { paths(path).unwrap_or_default().into_iter().map(of).collect() } else { vec![of(path.to_owned())] }
}

/// Waits for a change at `path` that is over: what is still being written would be read in part, and a second write within the same tick of the
/// file system's clock would go unseen.
pub(crate) async fn changed(path: &Path, known: &Fingerprint) -> Fingerprint {
    let mut before = known.clone();
    loop {
        tokio::time::sleep(if before == *known { LOOK_EVERY } else { SETTLE }).await;
        let folder = path.to_owned();
        let found = tokio::task::spawn_blocking(move || fingerprint(&folder)).await.unwrap_or_else(|_| before.clone());
        if found == before && found != *known {
            return found;
        }
        before = found;
    }
}

impl RulesLoader {
    /// Made before the rules are first read, so that no change after that goes unseen.
    pub(crate) fn new(config: RulesConfig) -> Self {
        let at_first = config.directory.as_deref().map(fingerprint).unwrap_or_default();
        Self { config, reloads: Reloads::default(), clock: SystemClock::new(), loading: Mutex::default(), at_first }
    }

    pub(crate) fn directory(&self) -> Option<&Path> {
        self.config.directory.as_deref()
    }

    pub(crate) fn context(&self) -> &Context {
        &self.config.context
    }

    /// How the loadings went; `None` where there is nothing to load.
    pub(crate) fn reloads(&self) -> Option<&Reloads> {
        self.directory().map(|_| &self.reloads)
    }

    /// The rules to start with.
    pub(crate) async fn load(self: &Arc<Self>, intervals: Vec<String>) -> Result<RuleSet, RulesError> {
        let loaded = self.compile(intervals).await;
        self.note(loaded.as_ref().err());
        loaded
    }

    /// Loads the rules and puts them in force; if anything is wrong, those before stay.
    pub(crate) async fn reload(self: &Arc<Self>, gateway: &Gateway) -> Result<usize, RulesError> {
        let _loading = self.loading.lock().await;
        let loaded = match self.compile(gateway.interval_names()).await {
            Ok(rules) => {
                let count = rules.len();
                gateway.set_rules(rules).await;
                tracing::info!(rules = count, "rules loaded");
                Ok(count)
            }
            Err(error) => Err(error),
        };
        self.note(loaded.as_ref().err());
        loaded
    }

    /// Reads and compiles the rules, on a thread that may wait for a file.
    async fn compile(self: &Arc<Self>, intervals: Vec<String>) -> Result<RuleSet, RulesError> {
        let this = Arc::clone(self);
        let loaded = tokio::task::spawn_blocking(move || load(this.directory(), this.context(), Some(intervals))).await;
        loaded.unwrap_or_else(|_| Err(RulesError::Unreadable(PathBuf::new(), std::io::Error::other("loading broke off"))))
    }

    fn note(&self, error: Option<&RulesError>) {
        let error = error.map(ToString::to_string);
        match self.reloads.count(error.clone(), self.clock.now()) {
            TroubleTurn::Began | TroubleTurn::Changed => {
                tracing::error!(error, "the rules could not be loaded; those before stay in force");
            }
            TroubleTurn::Ended => tracing::info!("the rules are in order again"),
            TroubleTurn::None => {}
        }
    }

    /// Loads the rules anew whenever a file changes. Ends with the task.
    pub(crate) async fn watch(self: Arc<Self>, gateway: Gateway) {
        let Some(directory) = self.directory().filter(|_| self.config.watch).map(Path::to_owned) else { return };
        let mut known = self.at_first.clone();
        loop {
            let found = changed(&directory, &known).await;
            // What is wrong is logged, shown by /ready, and counted. It is known once it was read: until then it is tried again.
            known = match self.reload(&gateway).await {
                Ok(_) | Err(RulesError::Wrong(_)) => found,
                Err(RulesError::Unreadable(..)) => Fingerprint::new(),
            };
        }
    }
}
