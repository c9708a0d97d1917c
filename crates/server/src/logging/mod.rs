//! The log: lines on standard error, filtered by `RUST_LOG`.

mod error_output;

use std::io::IsTerminal as _;

use tracing::level_filters::LevelFilter;
use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::{FilterExt as _, Targets, filter_fn};
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::registry::LookupSpan;

pub(crate) use error_output::dropped_lines;

/// Crates whose finer lines may show a request's URL or headers, and with them secrets. They stay silent there, whatever `RUST_LOG` says.
const MAY_SHOW_REQUESTS: [&str; 7] = [
    "h2",
    "hyper",
    "hyper_util",
    "reqwest",
    "rustls",
    "tower",
    "mio",
];

/// Starts logging with directives as in `RUST_LOG`, such as `info,acteon_gateway=debug`. Without directives: `info`.
///
/// # Errors
/// The directives cannot be read, or logging was started before.
pub fn start(directives: Option<&str>) -> Result<(), String> {
    let targets = match directives.map(str::trim).filter(|text| !text.is_empty()) {
        None => Targets::new().with_default(LevelFilter::INFO),
        Some(text) => text.parse().map_err(|error| {
            format!("RUST_LOG: {error}; expected something like info,acteon_gateway=debug")
        })?,
    };
    let subscriber = tracing_subscriber::registry().with(layer(targets));
    tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())
}

fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(
    targets: Targets,
) -> impl tracing_subscriber::Layer<S> {
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
