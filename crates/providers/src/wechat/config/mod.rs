//! Section of a WeChat Work app: its keys, the settings of messages, those of calls, and those of the sign-in of members.

mod connection;
mod keys;
mod message;
mod oauth;

use acteon_config::{Problem, SectionReader, Settings};

use crate::context::Context;
use connection::Connection;
pub(super) use keys::KEYS;
pub(super) use message::{Config, MsgType};
pub(super) use oauth::OAuthPages;

/// Reads the section. Errors with all its problems.
pub(super) fn read(
    settings: &Settings,
    context: &Context,
) -> Result<(Config, Connection, Option<OAuthPages>), Vec<Problem>> {
    let mut reader = SectionReader::new(settings);
    let config = Config::read(&mut reader);
    let connection = Connection::read(&mut reader, context);
    let oauth = oauth::read(&mut reader, context);
    match (config, connection, reader.finish()) {
        (Some(config), Some(connection), problems) if problems.is_empty() => {
            Ok((config, connection, oauth))
        }
        (_, _, problems) => Err(problems),
    }
}
