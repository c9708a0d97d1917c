//! Policies: what decides about actions, as one value in memory: rules, switches, silences, time
//! intervals, quotas, templates, people. See [`current`].

mod by_tenant;
mod calendars;
mod chains;
mod change;
mod current;
mod document;
mod error;
pub(crate) mod follow;
mod grants;
mod hold_back;
mod intervals;
mod manage_intervals;
mod manage_quotas;
mod manage_silences;
mod manage_toggles;
mod patterns;
mod pending;
mod people;
mod preview;
mod quota;
mod quotas;
mod room;
mod rules;
mod silence;
mod silences;
mod templates;
mod toggles;
mod warnings;
mod window;
mod would_hold_back;

pub use chains::{AskCheck, ChainError, chain_problems};
pub(crate) use current::{CurrentPolicies, Policies, Unsilenced};
pub use error::PolicyError;
pub(crate) use hold_back::{Cause, HoldBack, MUTED, Postponed, may_be_scheduled};
pub use intervals::StoredInterval;
pub use people::{Made, stored_people};
pub use preview::SilencePreview;
pub use quota::{Quota, QuotaChange, QuotaUsage};
pub use rules::MissingName;
pub use silence::{Silence, SilenceChange};
pub(crate) use templates::EscapedFor;
pub use templates::{FieldSource, Profile, ProfileChange, Rendered, Template, TemplateChange};
pub use window::{OverageSpec, Window};
