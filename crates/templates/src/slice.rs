//! Parts of texts and lists: `[a:b:c]`. A part is a list of its own, so that nothing is gone past again each time that it is read.

use minijinja::value::{Tuple, Value, ValueKind};
use minijinja::{Error, State};

use crate::filters::{defined, pay, refusal};

/// Items of a list that one step goes past.
const ITEMS_PER_FUEL: usize = 8;

/// Part of a text or a list.
pub(crate) fn slice(
    state: &mut State,
    value: &Value,
    first: &Value,
    end: &Value,
    step: &Value,
) -> Result<Value, Error> {
    defined(state, value)?;
    let part = Part {
        start: place(first)?,
        stop: place(end)?,
        step: place(step)?.unwrap_or(1),
    };
    if part.step == 0 {
        return Err(refusal("a slice has a step of 0; expected another"));
    }
    match value.kind() {
        ValueKind::String => {
            pay(state, value)?;
            let text = value.as_str().unwrap_or_default();
            let letters: Vec<char> = text.chars().collect();
            let taken = part.of(letters.len()).map(|at| letters[at]);
            Ok(Value::from(taken.collect::<String>()))
        }
        ValueKind::None => Ok(Value::from(Vec::<Value>::new())),
        ValueKind::Seq | ValueKind::Iterable => {
            let items = items(state, value, ITEMS_PER_FUEL)?;
            let taken = part.of(items.len()).map(|at| items[at].clone());
            let taken: Vec<Value> = taken.collect();
            Ok(if value.is_tuple() {
                Value::from(Tuple::from(taken))
            } else {
                Value::from(taken)
            })
        }
        kind => Err(refusal(format!(
            "a {kind} cannot be sliced; expected a text or a list"
        ))),
    }
}

/// What is written between the brackets of a slice.
struct Part {
    start: Option<i64>,
    stop: Option<i64>,
    step: i64,
}

impl Part {
    /// Places of what it takes of so many.
    fn of(&self, count: usize) -> impl Iterator<Item = usize> {
        let count = i64::try_from(count).unwrap_or(i64::MAX);
        let (least, most) = if self.step > 0 {
            (0, count)
        } else {
            (-1, count - 1)
        };
        let within = |place: i64| {
            let from_start = if place < 0 {
                count.saturating_add(place)
            } else {
                place
            };
            from_start.clamp(least, most)
        };
        let (first, end) = if self.step > 0 {
            (least, most)
        } else {
            (most, least)
        };
        let (step, first) = (self.step, self.start.map_or(first, within));
        let end = self.stop.map_or(end, within);
        let is_before = move |place: &i64| if step > 0 { *place < end } else { *place > end };
        std::iter::successors(Some(first), move |place| place.checked_add(step))
            .take_while(is_before)
            .filter_map(|place| usize::try_from(place).ok())
    }
}

/// Number between the brackets of a slice, where one stands there.
fn place(value: &Value) -> Result<Option<i64>, Error> {
    if value.is_none() {
        return Ok(None);
    }
    i64::try_from(value.clone()).map(Some)
}

/// Items of a list; so many of them cost one step.
pub(crate) fn items(state: &State, list: &Value, per_fuel: usize) -> Result<Vec<Value>, Error> {
    let mut items = Vec::new();
    for item in list.try_iter()?.checked() {
        if items.len() % per_fuel == 0 {
            state.consume_fuel(1)?;
        }
        items.push(item?);
    }
    Ok(items)
}
