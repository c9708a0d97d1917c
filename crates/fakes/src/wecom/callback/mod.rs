//! Encrypted callbacks: what the service tells an app (pages 90930, 90238 and 90240 of the documentation).
//!
//! An [`event`] is a text of XML. To [`send`] it is to seal it with the [`codec`], to post it to the app's URL, and to post it again when no 200 comes in
//! time. [`deliver`] does so in the way that the settings or one request ask for: late, several times, or held back. What the app answers is read by
//! [`reply`]. [`verify`] asks whether the URL is the app's at all.

mod codec;
pub(super) mod deliver;
pub(super) mod event;
pub(super) mod held;
mod reply;
mod send;
mod settings;
pub(super) mod target;
pub(super) mod verify;
mod xml;

pub use deliver::{Delivery, Outcome};
pub use event::Field;
pub use reply::PassiveReply;
pub use send::Try;
pub use settings::{Callbacks, Deliver};
pub use verify::Verification;
