//! Client of the WeChat Work (企业微信, WeCom) server API, for sending messages of self-built apps.
//!
//! An [`App`] is one app of one corporation. It sends [`Message`]s, and checks its own [health](App::health) without sending. Its access token comes
//! from a [`TokenCache`]: it is fetched when it is needed, refreshed early, and shared by all apps with the same credentials. What members write and press
//! comes back through [callbacks](callback).
//!
//! ```no_run
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! use acteon_wecom::{
//!     App, Content, Credentials, DEFAULT_BASE_URL, Endpoint, Language, Message, Overflow, Recipients, TokenCache,
//! };
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let endpoint = Endpoint::new(DEFAULT_BASE_URL, Duration::from_secs(10), None, false)?;
//! let credentials = Credentials {
//!     corp_id: Arc::new("ww0123456789abcdef".into()),
//!     corp_secret: Arc::new(std::env::var("CORP_SECRET")?.into()),
//! };
//! let tokens = TokenCache::default();
//! let app = App::new(endpoint, credentials, 1_000_002, Duration::from_mins(5), &tokens);
//!
//! let message = Message {
//!     recipients: Recipients { touser: "zhangsan|lisi".to_owned(), ..Recipients::default() },
//!     agentid: 1_000_002,
//!     content: Content::text("The disk of db-1 is full."),
//!     safe: 0,
//!     enable_id_trans: None,
//!     enable_duplicate_check: Some(1),
//!     duplicate_check_interval: Some(1800),
//! };
//! let ready = message.ready(Overflow::Truncate, Language::En)?;
//! match app.send(&ready.message.to_bytes()).await {
//!     Ok(sent) if sent.is_partial() => println!("sent, but not to {}", sent.invaliduser),
//!     Ok(_) => println!("sent"),
//!     Err(error) if error.maybe_sent() => println!("{error}: it may have been sent"),
//!     Err(error) => println!("{error}: {}", error.advice()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What the service does, and what follows from it
//!
//! - Failures are HTTP 200 with a non-zero `errcode`. A missing `errcode` is success only beside the field that a success has.
//! - A token can end before its time, which only the answer to a send says (40014, 42001). Such a token is dropped, if it is still the one in use, and
//!   the send repeated once with the next one.
//! - Too many wrong secrets get the caller's address banned from `gettoken` for an hour. So a refusal is remembered, and not asked for again at once.
//! - A template card is refused for one field that is wrong. [`card::TemplateCard::check`] finds all of them first, each with its path.
//! - A content that people wrote as JSON is refused for the first thing that is wrong with it. [`Content::read`] finds all of them, each with its path.
//! - Texts that are too long are cut without an error. [`Message::ready`] cuts them first, and leaves a mark that says how much is missing ([`Overflow`]).
//! - Members beyond a limit (30 messages a minute and 1000 an hour from one app) get nothing, without an error. Nothing here counts them.
//!
//! # Errors
//!
//! [`EndpointError`], [`RecipientsError`] and [`MessageError`] say what is wrong before anything is sent. A failed call is an [`Error`]. It says how to
//! react ([`Error::class`]), whether the message may have been sent ([`Error::maybe_sent`]), and what a person should do ([`Error::advice`]); the texts
//! for error codes are in a [table](codes). No error holds a URL, a token or a secret.
//!
//! # Limits
//!
//! Messages of all types for members; no group chats, no group robots. A medium is uploaded for each [`App::upload`], and
//! once in 60 hours for [`App::upload_cached`]; its bytes are kept nowhere: WeChat Work has it for three days. A call takes no longer than the time-out of its [`Endpoint`], and an
//! answer is read up to 64 KiB. Tokens are kept in memory; several processes can share them through a [`TokenShare`].
//!
//! # Sources
//!
//! Facts about the service are from the pages of its documentation at `https://developer.work.weixin.qq.com/document/path/N`: conventions (90664),
//! `gettoken` (91039), `message/send` (90236), `agent/get` (90227), error codes (90313), rate limits (90312),
//! callbacks (90930, 90238 to 90241, 90968), updates of cards (94888), recall (94867), media (90253), OAuth
//! (91022, 91023, 98152). Comments name the page.

#![deny(missing_docs)]

mod answer;
mod app;
pub mod callback;
mod calls;
pub mod card;
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
mod link;
mod media;
mod media_cache;
mod message;
mod news;
mod notice;
mod oauth;
mod overflow;
mod reading;
mod recipients;
mod report;
mod share;
#[cfg(test)]
mod test_server;
mod token;
mod unit;
mod upload;
mod visible;

pub use app::{App, Sent};
pub use clock::{Clock, SystemClock};
pub use content::{Body, Card, Content};
pub use credentials::Credentials;
pub use error::{Call, Class, Error, Reason};
pub use health_memory::AgentState;
pub use http::{DEFAULT_BASE_URL, Endpoint, EndpointError};
pub use language::Language;
pub use limits::MessageError;
pub use link::LinkFault;
pub use media::{Media, Video};
pub use media_cache::MediaCache;
pub use message::{Message, Ready};
pub use news::{Article, Mpnews, MpnewsArticle, News};
pub use notice::{MiniprogramNotice, NoticeItem};
pub use oauth::{Identity, OAuth};
pub use overflow::Overflow;
pub use reading::{Reading, UnknownField};
pub use recipients::{Recipients, RecipientsError};
pub use report::{ContentError, Fault, Violation};
pub use share::{SharedToken, TokenShare, TokenTurn};
pub use token::TokenCache;
pub use token::life::TokenLife;
pub use upload::{MediaType, Upload, UploadError, Uploaded};
