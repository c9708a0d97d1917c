//! The log: lines on standard error, filtered by `RUST_LOG`, or where that is not set as the configuration says.

mod error_output;

use std::io::IsTerminal as _;
use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata};
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{Layer as _, Registry, reload};

pub(crate) use error_output::dropped_lines;

/// Crates whose finer lines may show a request's URL or headers, and with them secrets. They stay silent there, whatever `RUST_LOG` says.
const MAY_SHOW_REQUESTS: [&str; 6] = ["h2", "hyper", "hyper_util", "rustls", "tower", "mio"];

/// Filter of the log of this process, once logging was started.
static FILTER: OnceLock<Filter> = OnceLock::new();

struct Filter {
    targets: reload::Handle<Targets, Registry>,
    /// Whether the filter is from `RUST_LOG`.
    from_environment: bool,
}

/// Starts logging with directives as in `RUST_LOG`, such as `info,acteon_gateway=debug`. Without directives: `info`.
///
/// # Errors
/// The directives cannot be read, or logging was started before.
pub fn start(directives: Option<&str>) -> Result<(), String> {
    let directives = directives.map(str::trim).filter(|text| !text.is_empty());
    let targets = directives
        .map_or_else(|| Ok(default()), read)
        .map_err(|error| format!("RUST_LOG: {error}"))?;
    let (filter, targets) = reload::Layer::new(targets);
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer(filter)))
        .map_err(|error| error.to_string())?;
    drop(FILTER.set(Filter {
        targets,
        from_environment: directives.is_some(),
    }));
    Ok(())
}

/// Whether the directives of a configuration can be read, and say what they look as if they did: a word alone would be a part of which all is logged,
/// and nothing of the others.
///
/// # Errors
/// What is wrong with them.
pub(crate) fn check(directives: &str) -> Result<(), String> {
    let words = ["off", "error", "warn", "info", "debug", "trace"];
    let alone = directives
        .split(',')
        .map(str::trim)
        .filter(|part| !part.contains('='));
    if let Some(wrong) = alone
        .into_iter()
        .find(|part| part.parse::<LevelFilter>().is_err())
    {
        let meant = acteon_core::similar::nearest(wrong, words);
        let meant = meant.map_or_else(
            || format!("; for a part write {wrong}=debug"),
            |near| format!("; did you mean {near:?}?"),
        );
        return Err(format!(
            "{wrong:?} is no level: {}{meant}",
            words.join(", ")
        ));
    }
    read(directives).map(drop)
}

/// Sets the filter that a configuration asks for, or `info` where it asks for none. `RUST_LOG`
/// wins: then this changes nothing and returns `false`.
pub fn follow(directives: Option<&str>) -> bool {
    let Some(filter) = FILTER.get() else {
        return false;
    };
    if filter.from_environment {
        return false;
    }
    // They were checked with the rest of the configuration.
    let targets = directives
        .and_then(|text| read(text).ok())
        .unwrap_or_else(default);
    filter.targets.reload(targets).is_ok()
}

fn default() -> Targets {
    Targets::new().with_default(LevelFilter::INFO)
}

fn read(directives: &str) -> Result<Targets, String> {
    directives
        .parse()
        .map_err(|error| format!("{error}; expected something like info,acteon_gateway=debug"))
}

fn layer(targets: reload::Layer<Targets, Registry>) -> impl tracing_subscriber::Layer<Registry> {
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let safe = filter_fn(|metadata: &Metadata<'_>| {
        *metadata.level() <= Level::INFO || !may_show_requests(metadata.target())
    });
    tracing_subscriber::fmt::layer()
        .with_writer(error_output::open())
        .with_ansi(colour)
        .with_filter(targets.and(safe))
}

fn may_show_requests(target: &str) -> bool {
    let root = target.split("::").next().unwrap_or(target);
    MAY_SHOW_REQUESTS.contains(&root)
}
