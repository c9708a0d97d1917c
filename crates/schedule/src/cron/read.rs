//! Expressions as they are written: nicknames, and five fields parted by spaces.

use acteon_core::limits::MAX_CRON_BYTES;
use acteon_core::similar::nearest;

use super::days::{Days, DaysOfMonth, DaysOfWeek};
use super::field::{Field, Word};
use super::item::Item;
use super::{Cron, CronError, GoesBy};

/// Nicknames, with the fields that they stand for.
const NICKNAMES: [(&str, &str); 7] = [
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
    ("@monthly", "0 0 1 * *"),
    ("@weekly", "0 0 * * 0"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@hourly", "0 * * * *"),
];

/// Longest of each month, January first.
const LENGTHS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

const FIELDS: &str =
    "minute, hour, day of month, month and day of week, such as \"0 9 * * MON-FRI\"";

impl Cron {
    /// Expression of five fields, or of a nickname. Refused, with what to write instead, are more fields, what only some crons read, days that never
    /// come, and more than [`MAX_CRON_BYTES`].
    pub fn parse(expression: &str) -> Result<Self, CronError> {
        let words = words(expression)?;
        if let Some(nickname) = words.first().filter(|word| word.text.starts_with('@')) {
            let fields = nicknamed(nickname.shown())?;
            return match words.get(1) {
                None => Self::parse(fields),
                Some(more) => Err(CronError::whole(format!(
                    "has {:?} at character {} behind {}, which stands alone",
                    more.shown(),
                    more.column(),
                    nickname.shown()
                ))),
            };
        }
        let [minute, hour, day_of_month, month, day_of_week] = words.as_slice() else {
            return Err(miscounted(&words));
        };
        let minutes = list(Field::Minute, *minute)?;
        let hours = list(Field::Hour, *hour)?;
        let of_month = list(Field::DayOfMonth, *day_of_month)?;
        let months = list(Field::Month, *month)?.numbers(Field::Month);
        let of_week = list(Field::DayOfWeek, *day_of_week)?;
        refuse_unclear_days(&of_month, *day_of_month, &of_week, *day_of_week)?;
        let days = Days {
            of_month: of_month.days_of_month(),
            of_week: of_week.days_of_week(),
        };
        refuse_never(&days, months, *day_of_month)?;
        Ok(Self {
            minutes: minutes.numbers(Field::Minute),
            hours: hours.numbers(Field::Hour) as u32,
            months: months as u16,
            days,
            goes_by: if hours.has_star() {
                GoesBy::Elapsed
            } else {
                GoesBy::Clock
            },
        })
    }
}

/// Items of a field.
struct List(Vec<Item>);

impl List {
    fn is_every(&self) -> bool {
        self.0.iter().any(|item| matches!(item, Item::Every))
    }

    /// Whether an item begins with `*`.
    fn has_star(&self) -> bool {
        let is_star = |item: &Item| matches!(item, Item::Every | Item::EveryNth(_));
        self.0.iter().any(is_star)
    }

    /// Bit of each number. Days with letters have none.
    fn numbers(&self, field: Field) -> u64 {
        self.0.iter().fold(0, |all, item| match item {
            Item::Every => all | ((2 << field.last()) - (1 << field.first())),
            Item::EveryNth(bits) | Item::Numbers(bits) => all | bits,
            Item::LastDay
            | Item::Near(_)
            | Item::LastNear
            | Item::Nth(..)
            | Item::LastOfWeek(_) => all,
        })
    }

    fn days_of_month(&self) -> Option<DaysOfMonth> {
        if self.is_every() {
            return None;
        }
        let mut days = DaysOfMonth {
            days: self.numbers(Field::DayOfMonth) as u32,
            ..DaysOfMonth::default()
        };
        for item in &self.0 {
            match item {
                Item::LastDay => days.is_last = true,
                Item::LastNear => days.is_last_near = true,
                Item::Near(day) => days.near |= 1 << day,
                Item::Every
                | Item::EveryNth(_)
                | Item::Numbers(_)
                | Item::Nth(..)
                | Item::LastOfWeek(_) => {}
            }
        }
        Some(days)
    }

    fn days_of_week(&self) -> Option<DaysOfWeek> {
        if self.is_every() {
            return None;
        }
        let numbers = self.numbers(Field::DayOfWeek);
        let mut days = DaysOfWeek {
            // Sunday is 7 as well.
            days: (numbers | numbers >> 7) as u8 & 0x7f,
            ..DaysOfWeek::default()
        };
        for item in &self.0 {
            match item {
                Item::Nth(day, nth) => days.nth[usize::from(nth - 1)] |= 1 << day,
                Item::LastOfWeek(day) => days.last |= 1 << day,
                Item::Every
                | Item::EveryNth(_)
                | Item::Numbers(_)
                | Item::LastDay
                | Item::Near(_)
                | Item::LastNear => {}
            }
        }
        Some(days)
    }
}

fn list(field: Field, word: Word<'_>) -> Result<List, CronError> {
    let items: Vec<Item> = word
        .split(',')
        .map(|item| Item::read(field, item))
        .collect::<Result<_, _>>()?;
    let list = List(items);
    if list.is_every() && list.0.len() > 1 {
        let message = "has * in a list, beside which the rest says nothing; write * alone";
        return Err(CronError::at(field, word, message));
    }
    Ok(list)
}

/// Refuses `*/n` for one kind of day where the other is said too: to some crons both must match then, to others either.
fn refuse_unclear_days(
    of_month: &List,
    day_of_month: Word<'_>,
    of_week: &List,
    day_of_week: Word<'_>,
) -> Result<(), CronError> {
    if of_month.is_every() || of_week.is_every() {
        return Ok(());
    }
    let message = |other: Field, range: &str| {
        format!(
            "and the {} are both said, and crons differ on what * means then; write {range} in place of * for days that either matches",
            other.name()
        )
    };
    if of_month.has_star() {
        let message = message(Field::DayOfWeek, "1-31");
        return Err(CronError::at(Field::DayOfMonth, day_of_month, message));
    }
    if of_week.has_star() {
        let message = message(Field::DayOfMonth, "0-6");
        return Err(CronError::at(Field::DayOfWeek, day_of_week, message));
    }
    Ok(())
}

/// Refuses days that none of the months has.
fn refuse_never(days: &Days, months: u64, word: Word<'_>) -> Result<(), CronError> {
    // Also where a day of the week is said, which would come without them: they say nothing then, and were meant.
    let Some(of_month) = &days.of_month else {
        return Ok(());
    };
    let mut lengths = (1..)
        .zip(LENGTHS)
        .filter(|(month, _)| months & (1 << month) != 0);
    if lengths.any(|(_, length)| of_month.fit(length)) {
        return Ok(());
    }
    let message = if of_month.days == 0 {
        "never comes in the months that are said; write LW for the last day of Monday to Friday in a month"
    } else {
        "never comes in the months that are said; write L for the last day of a month"
    };
    Err(CronError::at(Field::DayOfMonth, word, message))
}

/// Words of an expression.
fn words(expression: &str) -> Result<Vec<Word<'_>>, CronError> {
    if expression.len() > MAX_CRON_BYTES {
        return Err(CronError::whole(format!(
            "is {} bytes long, at most {MAX_CRON_BYTES} are allowed",
            expression.len()
        )));
    }
    let foreign = |c: &char| !c.is_ascii_graphic() && *c != ' ' && *c != '\t';
    if let Some((index, found)) = expression.chars().enumerate().find(|(_, c)| foreign(c)) {
        return Err(CronError::whole(format!(
            "has {found:?} at character {}; allowed are ASCII letters, digits and signs, parted by spaces",
            index + 1
        )));
    }
    let whole = Word {
        text: expression,
        before: 0,
    };
    let by_spaces = whole.split(' ').flat_map(|word| word.split('\t'));
    let words: Vec<_> = by_spaces.filter(|word| !word.text.is_empty()).collect();
    let zone = words.iter().find(|word| {
        let text = word.text.to_ascii_uppercase();
        text.starts_with("TZ=") || text.starts_with("CRON_TZ=")
    });
    match zone {
        Some(zone) => Err(CronError::whole(format!(
            "has the time zone {:?} at character {}; it is said beside the expression, not in it",
            zone.shown(),
            zone.column()
        ))),
        None => Ok(words),
    }
}

/// Fields that a nickname stands for.
fn nicknamed(nickname: &str) -> Result<&'static str, CronError> {
    let known = NICKNAMES
        .iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(nickname));
    if let Some((_, fields)) = known {
        return Ok(fields);
    }
    let instead = match nickname.to_ascii_lowercase().as_str() {
        "@reboot" => "nothing happens at the start of a program here; write when, ".to_owned(),
        "@every" => "write \"*/5 * * * *\" for every five minutes, ".to_owned(),
        _ => nearest(nickname, NICKNAMES.iter().map(|(name, _)| *name))
            .map_or(String::new(), |near| format!("did you mean {near}? ")),
    };
    let names: Vec<_> = NICKNAMES.iter().map(|(name, _)| *name).collect();
    Err(CronError::whole(format!(
        "begins with {nickname:?}, which is not read; {instead}known are {}",
        names.join(", ")
    )))
}

/// Error of words that are not five.
fn miscounted(words: &[Word<'_>]) -> CronError {
    if words.is_empty() {
        return CronError::whole(format!("is empty; write {FIELDS}"));
    }
    let is_torn = |word: &&Word<'_>| {
        word.text.starts_with([',', '-', '/']) || word.text.ends_with([',', '-', '/'])
    };
    if let Some(torn) = words.iter().find(is_torn) {
        return CronError::whole(format!(
            "has spaces within a field, at {:?}, character {}; write lists, ranges and steps without",
            torn.shown(),
            torn.column()
        ));
    }
    let count = words.len();
    let fields = |words: &[Word<'_>]| {
        let texts: Vec<_> = words.iter().map(|word| word.text).collect();
        let fields = texts.join(" ");
        Cron::parse(&fields).is_ok().then_some(fields)
    };
    let instead = match count {
        6 if is_year(words[5].text) => fields(&words[..5]).map(|rest| ("years", rest)),
        6 => fields(&words[1..]).map(|rest| ("seconds", rest)),
        7 => fields(&words[1..6]).map(|rest| ("seconds and years", rest)),
        _ => None,
    };
    let instead = instead.map_or(String::new(), |(what, rest)| {
        format!("; {what} are not read: write \"{rest}\"")
    });
    let noun = if count == 1 { "field" } else { "fields" };
    CronError::whole(format!(
        "has {count} {noun}, and must have five{instead}. They are {FIELDS}"
    ))
}

/// Whether a field is one of years: it has a number of four digits.
fn is_year(text: &str) -> bool {
    text.split(|c: char| !c.is_ascii_digit())
        .any(|digits| digits.len() == 4)
}
