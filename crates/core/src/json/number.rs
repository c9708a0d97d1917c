//! Numbers of any length, compared and cut as they are written, without a double between.

use std::cmp::Ordering;

/// Number of a JSON text, taken apart.
struct Parts<'a> {
    is_negative: bool,
    whole: &'a str,
    fraction: &'a str,
    exponent: i64,
}

impl<'a> Parts<'a> {
    fn of(number: &'a str) -> Self {
        let (is_negative, rest) = number
            .strip_prefix('-')
            .map_or((false, number), |rest| (true, rest));
        let (digits, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        // Beyond any number that is read, whose digits then decide.
        let edge = if exponent.starts_with('-') {
            i64::MIN / 2
        } else {
            i64::MAX / 2
        };
        let exponent = exponent
            .parse()
            .unwrap_or(edge)
            .clamp(i64::MIN / 2, i64::MAX / 2);
        Self {
            is_negative,
            whole,
            fraction,
            exponent,
        }
    }

    fn digits(&self) -> impl Iterator<Item = u8> + use<'a> {
        self.whole.bytes().chain(self.fraction.bytes())
    }

    /// Digits before the point once it is written without exponent and leading zeros, counted, and
    /// all its digits from the first that is not 0; `None` of zero.
    fn magnitude(&self) -> Option<(i64, impl Iterator<Item = u8> + use<'a>)> {
        let zeros = self.digits().position(|digit| digit != b'0')?;
        let before = i64::try_from(self.whole.len())
            .ok()?
            .saturating_sub(i64::try_from(zeros).ok()?)
            .saturating_add(self.exponent);
        Some((before, self.digits().skip(zeros)))
    }
}

/// Order of two numbers by their values. Both must be written as JSON writes numbers.
pub fn order(left: &str, right: &str) -> Ordering {
    let (left, right) = (Parts::of(left), Parts::of(right));
    match (left.magnitude(), right.magnitude()) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => {
            if right.is_negative {
                Ordering::Greater
            } else {
                Ordering::Less
            }
        }
        (Some(_), None) => {
            if left.is_negative {
                Ordering::Less
            } else {
                Ordering::Greater
            }
        }
        (Some(_), Some(_)) if left.is_negative != right.is_negative => {
            right.is_negative.cmp(&left.is_negative)
        }
        (Some(this), Some(other)) => {
            let order = this
                .0
                .cmp(&other.0)
                .then_with(|| digits_order(this.1, other.1));
            if left.is_negative {
                order.reverse()
            } else {
                order
            }
        }
    }
}

fn digits_order(
    mut left: impl Iterator<Item = u8>,
    mut right: impl Iterator<Item = u8>,
) -> Ordering {
    loop {
        let order = match (left.next(), right.next()) {
            (None, None) => return Ordering::Equal,
            (one, other) => one.unwrap_or(b'0').cmp(&other.unwrap_or(b'0')),
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Integer before the point of a number, and whether nothing but zeros stands behind it; `None`
/// beyond 64 bits.
pub fn whole_part(number: &str) -> Option<(i64, bool)> {
    let parts = Parts::of(number);
    let Some((before, mut digits)) = parts.magnitude() else {
        return Some((0, true));
    };
    if before > 19 {
        return None;
    }
    let mut whole = 0_i64;
    for _ in 0..before {
        let digit = i64::from(digits.next().unwrap_or(b'0') - b'0');
        whole =
            whole
                .checked_mul(10)?
                .checked_add(if parts.is_negative { -digit } else { digit })?;
    }
    Some((whole, digits.all(|digit| digit == b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_an_order_at_any_length() {
        let ascending = [
            "-1e30",
            "-18446744073709551616",
            "-18446744073709551615",
            "-2.5",
            "-2.49",
            "-1e-400",
            "0",
            "1e-400",
            "0.1",
            "0.10000000000000000001",
            "1.1",
            "9.99",
            "10",
            "9007199254740993",
            "18446744073709551615",
            "18446744073709551616",
            "100000000000000000000001",
            "100000000000000000000002",
            "1e300",
        ];
        for (at, left) in ascending.iter().enumerate() {
            for (other, right) in ascending.iter().enumerate() {
                assert_eq!(order(left, right), at.cmp(&other), "{left} {right}");
            }
        }
        for (left, right) in [
            ("1.10", "1.1"),
            ("1e2", "100"),
            ("1E+2", "100.000"),
            ("-0", "0.0e5"),
            ("0.05", "5e-2"),
            ("120e-1", "12"),
        ] {
            assert_eq!(order(left, right), Ordering::Equal, "{left} {right}");
        }
    }

    #[test]
    fn what_stands_before_the_point_is_exact() {
        for (number, expected) in [
            ("1e2", Some((100, true))),
            ("-1.50", Some((-1, false))),
            ("0.001", Some((0, false))),
            ("9007199254740993.0", Some((9_007_199_254_740_993, true))),
            ("-9223372036854775808", Some((i64::MIN, true))),
            ("9223372036854775808", None),
            ("1e400", None),
            ("0e400", Some((0, true))),
        ] {
            assert_eq!(whole_part(number), expected, "{number}");
        }
    }
}
