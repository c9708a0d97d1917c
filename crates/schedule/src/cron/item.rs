//! Item of a field's list: a number or name, a range, a step, or one of the days that have letters.

use acteon_core::similar::nearest;

use super::CronError;
use super::field::{Field, Word};

/// Item of a list.
pub(super) enum Item {
    /// `*`, and `*/1`.
    Every,
    /// `*/n`: a bit for each number.
    EveryNth(u64),
    /// Numbers: a bit for each.
    Numbers(u64),
    /// `L` of the days of a month.
    LastDay,
    /// `15W`: the day of Monday to Friday that is nearest to this one.
    Near(u8),
    /// `LW`: the last day of Monday to Friday.
    LastNear,
    /// `MON#2`: of a month the day of the week, and which.
    Nth(u8, u8),
    /// `FRIL`: the last such day of a month.
    LastOfWeek(u8),
}

impl Item {
    pub(super) fn read(field: Field, word: Word<'_>) -> Result<Self, CronError> {
        refuse_foreign(field, word)?;
        refuse_joined(field, word)?;
        if let Some((base, step)) = word.split_once('/') {
            return stepped(field, word, base, step);
        }
        if word.text == "*" {
            return Ok(Self::Every);
        }
        match field {
            Field::DayOfMonth => {
                if let Some(item) = day_of_month(word)? {
                    return Ok(item);
                }
            }
            Field::DayOfWeek => {
                if let Some(item) = day_of_week(word)? {
                    return Ok(item);
                }
            }
            Field::Minute | Field::Hour | Field::Month => {}
        }
        if word.text.contains('-') {
            let (first, last) = range(field, word)?;
            return Ok(Self::Numbers(bits(first, last, 1)));
        }
        let number = number(field, word)?;
        Ok(Self::Numbers(bits(number, number, 1)))
    }
}

/// Refuses what other programs read, with what to write instead.
fn refuse_foreign(field: Field, word: Word<'_>) -> Result<(), CronError> {
    let wrong = |message: &str| Err(CronError::at(field, word, message));
    if word.text.is_empty() {
        return wrong("is empty: there is a comma too many");
    }
    if word.text.contains('?') {
        return wrong("is of Quartz; write * for any");
    }
    let is_hashed = word.text.strip_prefix(['H', 'h']);
    if is_hashed.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '('])) {
        return wrong("is of Jenkins, which picks a number; write one");
    }
    Ok(())
}

/// Refuses ranges and steps of what stands alone, such as `L-3` and `15W/2`.
fn refuse_joined(field: Field, word: Word<'_>) -> Result<(), CronError> {
    let mut parts = word.text.split(['-', '/']);
    let is_alone = |part: &str| {
        let part = part.to_ascii_uppercase();
        match field {
            Field::DayOfMonth => {
                let near = part.strip_suffix('W').unwrap_or_default();
                part == "L" || near == "L" || digits(near).is_some()
            }
            Field::DayOfWeek => part.contains('#') || part.starts_with('L') || part.ends_with('L'),
            Field::Minute | Field::Hour | Field::Month => false,
        }
    };
    if !word.text.contains(['-', '/']) || !parts.any(is_alone) {
        return Ok(());
    }
    let alone = match field {
        Field::DayOfWeek => "MON#2 and FRIL stand alone",
        _ => "L, LW and 15W stand alone",
    };
    let message = format!(
        "has a range, a step or an offset of a day with letters, which is not read here: {alone}, or in a list"
    );
    Err(CronError::at(field, word, message))
}

/// Item with a step.
fn stepped(
    field: Field,
    word: Word<'_>,
    base: Word<'_>,
    step: Word<'_>,
) -> Result<Item, CronError> {
    let every = base.text == "*";
    let by = step_of(field, step)?;
    let (first, last) = if every {
        (field.first(), field.last())
    } else if base.text.contains('-') {
        range(field, base)?
    } else {
        return Err(stepped_number(field, word, base, by));
    };
    let length = last - first;
    if by > u16::from(length.max(1)) {
        let message = format!(
            "is a step longer than its range of {first} to {last}, and would leave {first} alone; write \"{first}\", or a shorter step"
        );
        return Err(CronError::at(field, step, message));
    }
    let by = by as u8;
    Ok(match (every, by) {
        (true, 1) => Item::Every,
        (true, _) => Item::EveryNth(bits(first, last, by)),
        (false, _) => Item::Numbers(bits(first, last, by)),
    })
}

/// Number of a step.
fn step_of(field: Field, step: Word<'_>) -> Result<u16, CronError> {
    match digits(step.text) {
        Some(0) => Err(CronError::at(
            field,
            step,
            "is a step of nothing; write 1 or more",
        )),
        Some(by) => Ok(by),
        None => Err(CronError::at(
            field,
            step,
            "is no step: it must be a number",
        )),
    }
}

/// Error of a step behind a number.
fn stepped_number(field: Field, word: Word<'_>, base: Word<'_>, by: u16) -> CronError {
    let first = match number(field, base) {
        Ok(first) => first,
        Err(error) => return error,
    };
    let last = field.last();
    let instead = if u16::from(first) + by <= u16::from(last) {
        format!(
            "write \"{}-{last}/{by}\" for every so many from there on",
            base.text
        )
    } else {
        format!("none follows up to {last}, so write \"{}\"", base.text)
    };
    let message = format!("has a step behind a number, which crons read differently; {instead}");
    CronError::at(field, word, message)
}

/// `L`, `LW` and `15W`; `None` for anything else.
fn day_of_month(word: Word<'_>) -> Result<Option<Item>, CronError> {
    if word.text.eq_ignore_ascii_case("L") {
        return Ok(Some(Item::LastDay));
    }
    if word.text.eq_ignore_ascii_case("LW") {
        return Ok(Some(Item::LastNear));
    }
    let Some(day) = word.without_last('W') else {
        return Ok(None);
    };
    if digits(day.text).is_none() {
        let message = "is no day: before W there must be one day of the month, or L";
        return Err(CronError::at(Field::DayOfMonth, word, message));
    }
    number(Field::DayOfMonth, day).map(|day| Some(Item::Near(day)))
}

/// `MON#2` and `FRIL`; `None` for anything else.
fn day_of_week(word: Word<'_>) -> Result<Option<Item>, CronError> {
    let field = Field::DayOfWeek;
    if let Some((weekday, nth)) = word.split_once('#') {
        let weekday = number(field, weekday)? % 7;
        return match digits(nth.text) {
            Some(nth @ 1..=5) => Ok(Some(Item::Nth(weekday, nth as u8))),
            Some(_) | None => Err(CronError::at(
                field,
                nth,
                "does not say which of the month: behind # there must be 1 to 5; for the last write FRIL",
            )),
        };
    }
    if let Some(weekday) = word.text.strip_prefix(['L', 'l']) {
        let weekday = if weekday.is_empty() { "SAT" } else { weekday };
        let message =
            format!("has nothing before L; write \"{weekday}L\" for the last such day of a month");
        return Err(CronError::at(field, word, message));
    }
    let Some(weekday) = word.without_last('L') else {
        return Ok(None);
    };
    number(field, weekday).map(|weekday| Some(Item::LastOfWeek(weekday % 7)))
}

/// First and last number of a range.
fn range(field: Field, word: Word<'_>) -> Result<(u8, u8), CronError> {
    let wrong = |message: String| Err(CronError::at(field, word, message));
    let Some((from, to)) = word.split_once('-') else {
        return wrong("is no range".to_owned());
    };
    let (first, last) = (number(field, from)?, number(field, to)?);
    if first <= last {
        return Ok((first, last));
    }
    let is_named = digits(to.text).is_none();
    if field == Field::DayOfWeek && last == 0 && is_named {
        return Ok((first, 7));
    }
    if field == Field::DayOfWeek && (first, last) == (7, 0) {
        return wrong(
            "runs from Sunday to Sunday; write \"0\" for Sunday, * for every day".to_owned(),
        );
    }
    if field == Field::DayOfWeek && last == 0 {
        return wrong(format!("runs backwards; write \"{}-7\"", from.text));
    }
    if first > field.last() {
        return wrong(format!("runs backwards; write \"0-{}\"", to.text));
    }
    let edge = |number: u8| match field.names() {
        names if is_named && !names.is_empty() => {
            names[usize::from(number - field.first())].to_owned()
        }
        _ => number.to_string(),
    };
    wrong(format!(
        "runs backwards; write \"{}-{},{}-{}\", if it goes past the end",
        from.text,
        edge(field.last()),
        edge(field.first()),
        to.text
    ))
}

/// Number of a word that is one, or the name of one.
fn number(field: Field, word: Word<'_>) -> Result<u8, CronError> {
    let (first, largest) = (field.first(), field.largest());
    if let Some(number) = digits(word.text) {
        if (u16::from(first)..=u16::from(largest)).contains(&number) {
            return Ok(number as u8);
        }
        let message = format!("is not within {first} to {largest}");
        return Err(CronError::not_allowed(field, word, message));
    }
    let is_name = |name: &&str| name.eq_ignore_ascii_case(word.text);
    if let Some(index) = field.names().iter().position(is_name) {
        return Ok(first + index as u8);
    }
    // A name that is written out begins as the short one.
    let begins = |name: &&str| {
        let start = word.text.get(..name.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(name))
    };
    let names = || field.names().iter().copied();
    let near = names()
        .find(begins)
        .or_else(|| nearest(word.text, names()))
        .map_or(String::new(), |near| format!("; did you mean {near}?"));
    let message = if word.text.is_empty() {
        "stands where a number is missing".to_owned()
    } else if word.text == "*" {
        "stands where a number must be".to_owned()
    } else {
        format!("is not read here{near}")
    };
    Err(CronError::not_allowed(field, word, message))
}

/// Number of a text that is digits only. One that is too large is the largest there is.
fn digits(text: &str) -> Option<u16> {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().unwrap_or(u16::MAX))
}

/// Bit of each number from the first to the last, by a step.
fn bits(first: u8, last: u8, step: u8) -> u64 {
    let numbers = (first..=last).step_by(usize::from(step));
    numbers.fold(0, |bits, number| bits | 1 << number)
}
