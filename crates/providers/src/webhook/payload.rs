//! Request body: the whole action.

pub(super) use crate::whole_action::prepare;
