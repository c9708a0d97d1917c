//! Numbers as people read them. The first four are those of Prometheus' templates, to the letter.

use minijinja::Error;
use minijinja::value::Value;

use super::taken::number;

/// Seconds of a day, an hour and a minute.
const PARTS: [u64; 3] = [86_400, 3_600, 60];

/// With prefixes of 1000: `1.234M`, `5m`.
pub(super) fn humanize(value: &Value) -> Result<String, Error> {
    let mut number = number(value)?;
    if number == 0.0 || !number.is_finite() {
        return Ok(four_digits(number));
    }
    let mut prefix = "";
    if number.abs() >= 1.0 {
        for larger in ["k", "M", "G", "T", "P", "E", "Z", "Y"] {
            if number.abs() < 1000.0 {
                break;
            }
            prefix = larger;
            number /= 1000.0;
        }
    } else {
        (number, prefix) = small(number);
    }
    Ok(format!("{}{prefix}", four_digits(number)))
}

fn small(mut number: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for smaller in ["m", "u", "n", "p", "f", "a", "z", "y"] {
        if number.abs() >= 1.0 {
            break;
        }
        prefix = smaller;
        number *= 1000.0;
    }
    (number, prefix)
}

/// With prefixes of 1024: `1.5ki`.
pub(super) fn humanize1024(value: &Value) -> Result<String, Error> {
    let number = number(value)?;
    let (number, prefix) = by_1024(number, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]);
    Ok(format!("{}{prefix}", four_digits(number)))
}

/// With prefixes of 1024 and the unit: `1.5 KiB`.
pub(super) fn bytes(value: &Value) -> Result<String, Error> {
    let number = number(value)?;
    let units = ["KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];
    let (number, unit) = by_1024(number, units);
    let unit = if unit.is_empty() { "B" } else { unit };
    Ok(format!("{} {unit}", four_digits(number)))
}

fn by_1024(mut number: f64, prefixes: [&'static str; 8]) -> (f64, &'static str) {
    let mut prefix = "";
    if number.is_finite() {
        for larger in prefixes {
            if number.abs() < 1024.0 {
                break;
            }
            prefix = larger;
            number /= 1024.0;
        }
    }
    (number, prefix)
}

/// Seconds as `1d 2h 3m 4s`, or `5ms` where there is less than one.
pub(super) fn duration(value: &Value) -> Result<String, Error> {
    let number = number(value)?;
    if !number.is_finite() {
        return Ok(four_digits(number));
    }
    if number == 0.0 {
        return Ok("0s".to_owned());
    }
    if number.abs() < 1.0 {
        let (number, prefix) = small(number);
        return Ok(format!("{}{prefix}s", four_digits(number)));
    }
    let sign = if number < 0.0 { "-" } else { "" };
    let number = number.abs();
    let [days, hours, minutes, seconds] = parts(number as u64);
    Ok(if days > 0 {
        format!("{sign}{days}d {hours}h {minutes}m {seconds}s")
    } else if hours > 0 {
        format!("{sign}{hours}h {minutes}m {seconds}s")
    } else if minutes > 0 {
        format!("{sign}{minutes}m {seconds}s")
    } else {
        format!("{sign}{}s", four_digits(number))
    })
}

/// Days, hours, minutes and seconds of so many seconds.
pub(super) fn parts(seconds: u64) -> [u64; 4] {
    let mut rest = seconds;
    let [days, hours, minutes] = PARTS.map(|part| {
        let count = rest / part;
        rest %= part;
        count
    });
    [days, hours, minutes, rest]
}

/// A ratio as `12.3%`.
pub(super) fn percentage(value: &Value) -> Result<String, Error> {
    Ok(format!("{}%", four_digits(number(value)? * 100.0)))
}

/// As `%.4g` writes it: four digits, and an exponent where they do not reach.
fn four_digits(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:.3e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..4).contains(&exponent) {
        let behind = usize::try_from(3 - exponent).unwrap_or(0);
        return without_zeros(&format!("{number:.behind$}")).to_owned();
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{}e{sign}{:02}", without_zeros(digits), exponent.abs())
}

fn without_zeros(number: &str) -> &str {
    if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    }
}
