//! Messages and events that were received.

use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use zeroize::Zeroizing;

use super::error::XmlFault;
use super::event::Incoming;
use super::hexadecimal;
use super::xml::Element;

/// Message or event of a callback (pages 90239 to 90241), verified and decrypted. `Debug` leaves out its XML.
#[derive(Clone)]
pub struct Received {
    /// Id of the corporation that it is for.
    pub to_user_name: String,
    /// Userid of the member who wrote or pressed, or `sys` for events of the system. Small and capital letters are the same.
    pub from_user_name: String,
    /// Time at which it was made, in seconds since the Unix epoch.
    pub create_time: u64,
    /// Agent id of the app that it is for; `None` for events that belong to no app.
    pub agent_id: Option<u32>,
    /// What was written, pressed or reported.
    pub incoming: Incoming,
    xml: Zeroizing<String>,
}

impl Received {
    /// Reads a decrypted text.
    pub(super) fn read(plain: &[u8]) -> Result<Self, XmlFault> {
        let root = Element::read(plain)?;
        let xml = std::str::from_utf8(plain).map_err(|_| XmlFault::NotUtf8)?;
        // Page 90240 and the older ones of task cards write it in two ways.
        let agent_id = match root.number("AgentID")? {
            Some(id) => Some(id),
            None => root.number("AgentId")?,
        };
        Ok(Self {
            to_user_name: root.needed("ToUserName")?.to_owned(),
            from_user_name: root.needed("FromUserName")?.to_owned(),
            create_time: root
                .number("CreateTime")?
                .ok_or(XmlFault::Missing("CreateTime"))?,
            agent_id,
            incoming: Incoming::read(&root)?,
            xml: Zeroizing::new(xml.to_owned()),
        })
    }

    /// XML as it was decrypted, for what this crate has no field for. A card's event has a `ResponseCode` in it, which belongs in no log.
    pub fn xml(&self) -> &str {
        &self.xml
    }

    /// Digest of the XML (SHA-256): 64 hexadecimal digits. It is the same when WeChat Work sends one event again, and differs for two events within one
    /// second, which userid and time do not tell apart.
    pub fn digest(&self) -> String {
        hexadecimal(digest(&SHA256, self.xml.as_bytes()).as_ref())
    }
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("from_user_name", &self.from_user_name)
            .field("create_time", &self.create_time)
            .field("agent_id", &self.agent_id)
            .field("incoming", &self.incoming)
            .finish_non_exhaustive()
    }
}
