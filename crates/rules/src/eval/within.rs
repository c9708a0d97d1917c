//! Look-ups within a value: members, items and containment.

use std::borrow::Cow;

use acteon_core::json::Tree;

use super::bounds::Bounds;
use super::stop::{EvalResult, Stop};
use crate::path::position;
use crate::value::Val;

/// Value of a member.
pub(super) fn select<'a>(of: &Val<'a>, key: &str) -> EvalResult<'a> {
    match of {
        Val::Json(tree @ Tree::Object(_)) => {
            tree.member(key).map(Val::of_tree).ok_or(Stop::Unknown)
        }
        Val::Labels(labels) => labels
            .get(key)
            .map(|text| Val::Text(Cow::Borrowed(text.as_str())))
            .ok_or(Stop::Unknown),
        Val::Json(Tree::List(_)) | Val::List(_) => position(key)
            .and_then(|position| of.item(position))
            .ok_or(Stop::Unknown),
        // A payload of another shape than expected lacks the field.
        _ => Err(Stop::Unknown),
    }
}

/// Value of a member or item.
pub(super) fn index<'a>(of: &Val<'a>, key: &Val<'a>) -> EvalResult<'a> {
    match (of, key) {
        (_, Val::Text(key)) => select(of, key),
        (_, Val::Int(position)) if of.len().is_some() => {
            let position = usize::try_from(*position)
                .map_err(|_| Stop::error("an index is negative; the first item has 0"))?;
            of.item(position).ok_or(Stop::Unknown)
        }
        (Val::Null, _) | (_, Val::Null) => Err(Stop::Unknown),
        _ => Err(Stop::error(&format!(
            "{} cannot be indexed with {}",
            of.kind(),
            key.kind()
        ))),
    }
}

/// Whether `item` is a name of an object, or equal to an item of a list.
pub(super) fn is_in(bounds: &mut Bounds, item: &Val<'_>, of: &Val<'_>) -> Result<bool, Stop> {
    match of {
        Val::Null => Err(Stop::Unknown),
        Val::Json(Tree::Object(_)) => Ok(
            matches!((item, of), (Val::Text(key), Val::Json(tree)) if tree.member(key).is_some()),
        ),
        Val::Labels(labels) => Ok(matches!(item, Val::Text(key) if labels.contains_key(&**key))),
        _ => is_item(bounds, item, of),
    }
}

/// Whether `item` is equal to an item of a list.
pub(super) fn is_item(bounds: &mut Bounds, item: &Val<'_>, of: &Val<'_>) -> Result<bool, Stop> {
    let length = of
        .len()
        .ok_or_else(|| Stop::error(&format!("{} has no items", of.kind())))?;
    bounds.weigh(item, length)?;
    for position in 0..length {
        bounds.step(1)?;
        if let Some(other) = of.item(position)
            && bounds.equal(&other, item)?
        {
            return Ok(true);
        }
    }
    Ok(false)
}
