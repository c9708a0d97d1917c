//! Kinds of values, as far as they are known before any action is seen.

use crate::expr::{Constant, Expr};
use crate::path::{FieldType, Path};

/// Kind of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any kind: it depends on the action.
    Any,
    Null,
    Bool,
    Number,
    Text,
    Time,
    List,
    Object,
}

impl Kind {
    /// Kind as messages describe it: "is ...".
    pub(super) const fn described(self) -> &'static str {
        match self {
            Self::Any => "anything",
            Self::Null => "null",
            Self::Bool => "true or false",
            Self::Number => "a number",
            Self::Text => "text",
            Self::Time => "a time",
            Self::List => "a list",
            Self::Object => "an object",
        }
    }

    /// Whether a value of this kind may be one of those.
    pub(super) fn may_be(self, kinds: &[Self]) -> bool {
        self == Self::Any || self == Self::Null || kinds.contains(&self)
    }
}

/// Kind of a constant.
pub(super) const fn of_constant(constant: &Constant) -> Kind {
    match constant {
        Constant::Null => Kind::Null,
        Constant::Bool(_) => Kind::Bool,
        Constant::Int(_) | Constant::Number(_) => Kind::Number,
        Constant::Text(_) => Kind::Text,
        Constant::Time(_) => Kind::Time,
    }
}

/// Kind of a field.
pub(super) fn of_field(path: &Path) -> Kind {
    match path.field_type() {
        FieldType::Any => Kind::Any,
        FieldType::Text | FieldType::Weekday => Kind::Text,
        FieldType::Whole(..) => Kind::Number,
        FieldType::Time => Kind::Time,
        FieldType::Labels => Kind::Object,
    }
}

/// Expression as messages name it.
pub(super) fn shown(expr: &Expr) -> String {
    match expr {
        Expr::Field(path) => path.to_string(),
        Expr::Constant(constant) => constant.spelled(),
        Expr::Call(function, _) => format!("{}()", function.as_str()),
        _ => "what stands there".to_owned(),
    }
}
