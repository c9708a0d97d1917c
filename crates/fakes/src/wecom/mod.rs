//! Local WeChat Work: `gettoken`, `agent/get`, and the calls that send, update and recall messages and upload media as the real servers answer them, and
//! the pages where members sign in, with faults on demand, and a page that shows the messages.
//!
//! The [`world`] is the server's state: a corporation, its apps, members, tokens and messages. Checks are made in an assumed order, which the
//! documentation does not give: token, app, address, frequency, JSON, agent, recipients, type, content, reachability, duplicate check, and the limit of
//! each member, beyond which messages are dropped without an error. The control routes change the world, switch faults, and act as members do, of
//! which the app is told by encrypted callbacks.

mod acting;
mod answer;
mod articles;
mod callback;
mod card;
mod card_routes;
mod cards;
mod clock;
mod command;
mod content;
mod control;
mod faults;
mod form;
mod gettoken;
mod limits;
mod media;
mod medium;
mod notice;
mod oauth;
mod page;
mod recall;
mod reply;
mod send;
mod server;
mod shared;
mod sign_ins;
mod texts;
mod update;
pub mod world;

pub use acting::{CannotAct, Click, Event, Say};
pub use callback::{Callbacks, Deliver, Delivery, Field, Outcome, PassiveReply, Try, Verification};
pub use card::face::Selected;
pub use cards::{CardCode, CardCodes};
pub use command::run_command;
pub use faults::{Call, Fault};
pub use limits::RateLimit;
pub use server::LocalWecom;
pub use sign_ins::SignIns;
