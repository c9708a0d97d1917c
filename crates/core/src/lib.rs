//! Words of Acteon, shared by every other crate.
//!
//! An [`Action`] is what a caller posts. A [`Provider`] turns it into [`Prepared`] bytes and sends
//! them; the [`Outcome`] says what became of it. Time comes from a [`Clock`], random numbers and
//! ids from [`Entropy`], so that a simulation can replay both. Every limit on what comes from
//! outside stands in [`limits`], with its reason.

mod access;
mod action;
mod approval;
mod attachment;
mod callback;
mod causes;
mod clock;
mod entropy;
pub mod json;
pub mod limits;
mod names;
mod outcome;
mod priority;
mod provider;
mod provider_error;
pub mod regular_file;
mod requesters;
mod rfc3339;
pub mod similar;
mod timestamp;
mod verdict;
mod visible;

pub use access::{Caller, Grant, Permission, Role, Scope, covers_tenant};
pub use action::{Action, Origin};
pub use approval::{
    ApprovalPolicy, CommentPolicy, EACH, GROUP, OnTimeout, PRINCIPAL, PolicyProblem, Quorum,
    is_template,
};
pub use attachment::Attachment;
pub use callback::{CallbackEvent, CallbackKind, CallbackRefused, Callbacks};
pub use causes::{WithCauses, with_causes};
pub use clock::{Clock, SystemClock};
pub use entropy::{Entropy, SystemEntropy};
pub use futures_core::future::BoxFuture;
pub use names::{
    ActionId, ActionType, InvalidName, Namespace, ProviderName, Tenant, check_ends,
    check_label_name, check_visible,
};
pub use outcome::{Attempt, DryRun, LastError, Outcome, Response, ResponseStatus, TO_REPAIR};
pub use priority::{LOW_EVERY, NORMAL_EVERY, Priority};
pub use provider::{
    Asks, Budget, CardChange, Health, Lane, LaneLimits, LinkMessage, LinkPayload, LinkRecipient,
    NoRecipient, Prepared, Provider, SignIn, SignInAsk, TokenLife,
};
pub use provider_error::{ErrorKind, ProviderError, Repeat};
pub use requesters::Requesters;
pub use rfc3339::InvalidTime;
pub use timestamp::Timestamp;
pub use verdict::VerdictKind;
pub use visible::{is_blank, visible};
