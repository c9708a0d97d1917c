//! Section of a WeChat Work app: its keys, the settings of messages, those of calls, and those of the sign-in of members.

mod callback;
mod connection;
mod keys;
mod message;
mod oauth;

use acteon_config::{Problem, SectionReader, Settings};
use acteon_wecom::callback::Codec;

use crate::context::Context;
use connection::Connection;
pub(super) use keys::KEYS;
pub(super) use message::{AskBy, Config, MsgType};
pub(super) use oauth::OAuthPages;

/// Section as it was read.
pub(super) struct Section {
    pub(super) config: Config,
    pub(super) connection: Connection,
    /// Codec of callbacks, where there are any.
    pub(super) callback: Option<Codec>,
    /// Pages where members sign in, where they do.
    pub(super) oauth: Option<OAuthPages>,
}

/// Reads the section. Errors with all its problems.
pub(super) fn read(settings: &Settings, context: &Context) -> Result<Section, Vec<Problem>> {
    let mut reader = SectionReader::new(settings);
    let callback = callback::read(&mut reader);
    let config = Config::read(&mut reader, callback.is_some());
    let connection = Connection::read(&mut reader, context);
    let oauth = oauth::read(&mut reader, context);
    match (config, connection, reader.finish()) {
        (Some(config), Some(connection), problems) if problems.is_empty() => Ok(Section {
            config,
            connection,
            callback,
            oauth,
        }),
        (_, _, problems) => Err(problems),
    }
}
