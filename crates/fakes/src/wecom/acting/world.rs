//! What happens in the world when somebody acts.

use serde_json::json;

use super::requests::{CannotAct, Click, Event, Say};
use crate::wecom::callback::event::{Envelope, Pressed};
use crate::wecom::callback::held::Callback;
use crate::wecom::callback::target;
use crate::wecom::callback::{Delivery, PassiveReply};
use crate::wecom::card::face;
use crate::wecom::clock;
use crate::wecom::world::{Message, World};

/// Most bytes of a text that a member writes (page 90239).
const MAX_TEXT: usize = 2048;
/// Most elements of an event, and most bytes of one's name.
const MAX_FIELDS: usize = 50;
const MAX_NAME: usize = 64;

impl World {
    /// Presses something on a card, which gives the card a new response code.
    pub(super) fn click(&mut self, click: &Click) -> Result<Callback, CannotAct> {
        let message = self.clicked(click)?;
        let userid = self.userid(&click.userid)?;
        if message.msgtype != "template_card" {
            return Err(format!("it is no card, but of type {}", message.msgtype).into());
        }
        if message.recalled {
            return Err("the card was recalled".to_owned().into());
        }
        let seen = message.face(&userid);
        let seen = seen.ok_or_else(|| format!("{userid} did not get the card"))?;
        let face = if click.stale { &message.content } else { seen };
        let press = face::press(face, &click.key, &click.selected)?;
        let task_id = message.task_id.clone();
        let task_id = task_id.ok_or_else(|| "the card has no task id".to_owned())?;
        let (msgid, agent_id) = (message.msgid.clone(), message.agent_id);
        target::check(self, agent_id)?;
        let response_code = self.new_response_code(agent_id, &msgid);
        let pressed = Pressed {
            press: &press,
            key: &click.key,
            task_id: &task_id,
            response_code: &response_code,
        };
        let xml = self.envelope(agent_id, &userid).pressed(pressed);
        Ok(self.callback(agent_id, press.event, xml))
    }

    /// Greys the button of a card for the member who pressed it, if a passive reply said so and the settings let it.
    pub(super) fn take_reply(&mut self, click: &Click, delivery: &Delivery) {
        let name = delivery
            .tries
            .iter()
            .find_map(|latest| match &latest.reply {
                PassiveReply::Valid { replace_name, .. } => replace_name.as_ref(),
                PassiveReply::None | PassiveReply::Invalid { .. } => None,
            });
        let message = self.clicked(click).map(|message| message.msgid.clone());
        let (true, Some(name), Ok(msgid)) = (self.settings.cards.passive_updates, name, message)
        else {
            return;
        };
        let userid = click.userid.to_lowercase();
        if let Some(message) = self.message_mut(&msgid)
            && let Some(mut face) = message.face(&userid).cloned()
        {
            face["replace_text"] = json!(name);
            message.faces.insert(userid, face);
        }
    }

    /// Card that is pressed.
    fn clicked(&self, click: &Click) -> Result<&Message, CannotAct> {
        let found = match (&click.msgid, &click.task_id) {
            (Some(msgid), None) => self
                .message(msgid)
                .ok_or_else(|| format!("there is no message {msgid:?}")),
            (None, Some(task_id)) => self
                .card(task_id)
                .ok_or_else(|| format!("there is no card with the task id {task_id:?}")),
            _ => Err("name the card by either msgid or task_id".to_owned()),
        };
        Ok(found?)
    }

    /// Writes a text, as a member.
    pub(super) fn say(&mut self, say: &Say) -> Result<Callback, CannotAct> {
        let userid = self.userid(&say.userid)?;
        if say.text.is_empty() || say.text.len() > MAX_TEXT {
            let length = say.text.len();
            let text = format!("text has {length} bytes: it must have 1 to {MAX_TEXT}");
            return Err(text.into());
        }
        target::check(self, say.agent_id)?;
        // No larger than a signed integer of 64 bits, in which clients keep it.
        let msgid = self.random() >> 1;
        let xml = self.envelope(say.agent_id, &userid).said(&say.text, msgid);
        Ok(self.callback(say.agent_id, "text", xml))
    }

    /// Lets any other event happen.
    pub(super) fn happen(&mut self, event: &Event) -> Result<Callback, CannotAct> {
        let from = match &event.userid {
            Some(userid) => self.userid(userid)?,
            None => "sys".to_owned(),
        };
        let names = event.fields.keys();
        if let Some(name) = names.chain([&event.event]).find(|name| !is_name(name)) {
            let text = format!(
                "{name:?} is no name: it must begin with a letter, and have letters, digits and _"
            );
            return Err(text.into());
        }
        if event.fields.len() > MAX_FIELDS {
            return Err(format!("there are more than {MAX_FIELDS} fields").into());
        }
        target::check(self, event.agent_id)?;
        let envelope = self.envelope(event.agent_id, &from);
        let xml = envelope.event(&event.event, event.fields.iter());
        Ok(self.callback(event.agent_id, &event.event, xml))
    }

    fn envelope<'a>(&'a self, agent_id: i64, from: &'a str) -> Envelope<'a> {
        Envelope {
            corp_id: &self.corp_id,
            from,
            created_at: clock::since_1970().as_secs(),
            agent_id,
        }
    }

    fn callback(&mut self, agent_id: i64, name: &str, xml: String) -> Callback {
        self.callbacks_made += 1;
        Callback {
            number: self.callbacks_made,
            agent_id,
            name: name.to_owned(),
            xml,
        }
    }

    /// Userid of a member, in small letters.
    fn userid(&self, userid: &str) -> Result<String, CannotAct> {
        let small = userid.to_lowercase();
        if self.members.contains_key(&small) {
            return Ok(small);
        }
        let members: Vec<&str> = self.members.keys().map(String::as_str).collect();
        let members = members.join(", ");
        Err(format!("there is no member {userid:?}, but {members}").into())
    }
}

fn is_name(name: &str) -> bool {
    let rest = |c: char| c.is_ascii_alphanumeric() || c == '_';
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.chars().all(rest)
}
