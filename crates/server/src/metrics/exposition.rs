//! The two text formats that scrapers read: Prometheus' own, and `OpenMetrics` for those who ask for it.

use axum::http::{HeaderMap, header};

/// Text format of an answer to a scraper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Prometheus' text format 0.0.4, which every scraper reads.
    Prometheus,
    /// `OpenMetrics` 1.0.0, with units and `# EOF`.
    OpenMetrics,
}

impl Format {
    /// Format that `Accept` prefers: `OpenMetrics` only where it is named, and not put behind plain
    /// text.
    pub(crate) fn accepted(headers: &HeaderMap) -> Self {
        let values = headers
            .get_all(header::ACCEPT)
            .into_iter()
            .filter_map(|value| value.to_str().ok());
        let ranges = values.flat_map(|value| value.split(','));
        let (mut open_metrics, mut plain) = (None::<f32>, None::<f32>);
        for range in ranges {
            let mut parts = range.split(';').map(str::trim);
            let best = match parts.next() {
                Some(kind) if kind.eq_ignore_ascii_case("application/openmetrics-text") => {
                    &mut open_metrics
                }
                Some(kind) if kind.eq_ignore_ascii_case("text/plain") => &mut plain,
                _ => continue,
            };
            let weight = parts
                .find_map(|part| part.strip_prefix("q="))
                .map_or(1.0, |weight| weight.parse().unwrap_or(0.0));
            *best = Some(best.map_or(weight, |best| best.max(weight)));
        }
        match open_metrics {
            Some(weight) if weight > 0.0 && weight >= plain.unwrap_or(0.0) => Self::OpenMetrics,
            _ => Self::Prometheus,
        }
    }

    /// `Content-Type` of an answer in this format.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Text in this format, from one in `OpenMetrics`.
    pub(crate) fn of(self, open_metrics: String) -> String {
        match self {
            Self::OpenMetrics => open_metrics,
            Self::Prometheus => plain(&open_metrics),
        }
    }
}

/// Turns `OpenMetrics` into Prometheus' text format. There a counter's family is named like its
/// series, with `_total`, and `# UNIT` and `# EOF` are unknown.
fn plain(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut lines = open_metrics.lines().peekable();
    while let Some(line) = lines.next() {
        let described = line
            .strip_prefix("# HELP ")
            .and_then(|rest| rest.split_once(' '));
        let described = described.map(|(name, help)| {
            (
                name,
                help,
                lines.peek().is_some_and(|next| is_counter(next)),
            )
        });
        match described {
            Some((name, help, true)) => {
                text.extend([
                    "# HELP ",
                    name,
                    "_total ",
                    help,
                    "\n# TYPE ",
                    name,
                    "_total counter\n",
                ]);
                lines.next();
            }
            None if line.starts_with("# UNIT ") || line == "# EOF" => {}
            Some((_, _, false)) | None => text.extend([line, "\n"]),
        }
    }
    text
}

fn is_counter(line: &str) -> bool {
    line.starts_with("# TYPE ") && line.ends_with(" counter")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_metrics_is_for_those_who_ask_for_it() {
        for (accept, expected) in [
            ("", Format::Prometheus),
            ("*/*", Format::Prometheus),
            ("text/plain", Format::Prometheus),
            ("application/openmetrics-text", Format::OpenMetrics),
            (
                "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                Format::OpenMetrics,
            ),
            (
                "text/plain;version=0.0.4, application/openmetrics-text;q=0.4",
                Format::Prometheus,
            ),
            ("application/openmetrics-text;q=0", Format::Prometheus),
            ("application/openmetrics-text;q=often", Format::Prometheus),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().expect("a header"));
            assert_eq!(Format::accepted(&headers), expected, "{accept}");
        }
    }

    #[test]
    fn counters_are_described_under_the_name_of_their_series() {
        let open = "# HELP a Things.\n# TYPE a counter\na_total 1\n# HELP b_seconds Time.\n# TYPE b_seconds gauge\n# UNIT b_seconds seconds\nb_seconds 2\n# EOF\n";
        let plain = "# HELP a_total Things.\n# TYPE a_total counter\na_total 1\n# HELP b_seconds Time.\n# TYPE b_seconds gauge\nb_seconds 2\n";
        assert_eq!(Format::Prometheus.of(open.into()), plain);
        assert_eq!(Format::OpenMetrics.of(open.into()), open);
    }
}
