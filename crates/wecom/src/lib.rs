//! The WeChat Work (企业微信) server API, as far as sending messages needs it. Knows nothing of the gateway.
//!
//! An [`App`] is one self-built app of one corporation: it sends [`Message`]s, and checks its own [health](App::health). Its access token
//! comes from a [`TokenCache`] that apps with the same credentials share. Failures are [`Error`]s, which say by the [table](codes) of error
//! codes what they mean and what a person should do.
//!
//! Three traps shape it. Tokens end early and say so only in the answer to a send, so a refused token is dropped - if it is still the one in
//! use - and the send repeated once. Failures come as HTTP 200 with an `errcode`. And what is too long is cut by the server
//! without a word, so it is [cut](Overflow) here, visibly.

#![deny(missing_docs)]

mod answer;
mod app;
mod clock;
pub mod codes;
mod content;
mod credentials;
mod cut;
mod error;
mod health;
mod health_memory;
mod http;
mod language;
mod lenient;
mod limits;
mod message;
mod recipients;
mod share;
mod token;
mod unit;
mod visible;

pub use app::{App, Sent};
pub use clock::{Clock, SystemClock};
pub use content::{Body, Card, Content};
pub use credentials::Credentials;
pub use error::{Call, Class, Error, Reason};
pub use health_memory::AgentState;
pub use http::{DEFAULT_BASE_URL, Endpoint, EndpointError};
pub use language::Language;
pub use limits::{MessageError, Overflow};
pub use message::{Message, Ready};
pub use recipients::{Recipients, RecipientsError};
pub use share::{SharedToken, TokenShare, TokenTurn};
pub use token::TokenCache;
pub use token::life::TokenLife;
