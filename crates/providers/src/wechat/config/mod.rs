//! Section of a WeChat Work app: its keys, the settings of messages, and those of calls.

mod connection;
mod keys;
mod message;

use acteon_config::{Problem, SectionReader, Settings};

use crate::context::Context;
use connection::Connection;
pub(super) use keys::KEYS;
pub(super) use message::{Config, MsgType};

/// Reads the section. Errors with all its problems.
pub(super) fn read(
    settings: &Settings,
    context: &Context,
) -> Result<(Config, Connection), Vec<Problem>> {
    let mut reader = SectionReader::new(settings);
    let config = Config::read(&mut reader);
    let connection = Connection::read(&mut reader, context);
    match (config, connection, reader.finish()) {
        (Some(config), Some(connection), problems) if problems.is_empty() => {
            Ok((config, connection))
        }
        (_, _, problems) => Err(problems),
    }
}
