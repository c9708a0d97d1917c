//! Texts of events and messages, as page 90240 shows them.

use super::xml;
use crate::wecom::card::face::{Press, Selected};

/// What all callbacks of a moment have.
#[derive(Clone, Copy, Debug)]
pub(in crate::wecom) struct Envelope<'a> {
    pub(in crate::wecom) corp_id: &'a str,
    /// Userid of the member, or `sys`.
    pub(in crate::wecom) from: &'a str,
    /// Seconds since 1970.
    pub(in crate::wecom) created_at: u64,
    pub(in crate::wecom) agent_id: i64,
}

/// Card that something was pressed on.
#[derive(Clone, Copy, Debug)]
pub(in crate::wecom) struct Pressed<'a> {
    pub(in crate::wecom) press: &'a Press,
    pub(in crate::wecom) key: &'a str,
    pub(in crate::wecom) task_id: &'a str,
    pub(in crate::wecom) response_code: &'a str,
}

/// Value of an event's own element.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(untagged)]
pub enum Field {
    Number(i64),
    Text(String),
}

impl Envelope<'_> {
    /// Event of a card.
    pub(in crate::wecom) fn pressed(self, pressed: Pressed<'_>) -> String {
        let Pressed {
            press,
            key,
            task_id,
            response_code,
        } = pressed;
        let selected = press.selected.as_deref().map(selected_items);
        let inside = [
            xml::text("Event", press.event),
            xml::text("EventKey", key),
            xml::text("TaskId", task_id),
            xml::text("CardType", &press.card_type),
            xml::text("ResponseCode", response_code),
            selected.unwrap_or_else(String::new),
        ];
        self.around("event", &inside.concat())
    }

    /// Message of a member.
    pub(in crate::wecom) fn said(self, content: &str, msgid: u64) -> String {
        let inside = [
            xml::text("Content", content),
            xml::number("MsgId", msgid.into()),
        ];
        self.around("text", &inside.concat())
    }

    /// Any other event, with elements of its own.
    pub(in crate::wecom) fn event<'a>(
        self,
        event: &str,
        fields: impl Iterator<Item = (&'a String, &'a Field)>,
    ) -> String {
        let field = |(name, field): (&'a String, &'a Field)| match field {
            Field::Number(number) => xml::number(name, (*number).into()),
            Field::Text(text) => xml::text(name, text),
        };
        let own: String = fields.map(field).collect();
        self.around("event", &(xml::text("Event", event) + &own))
    }

    fn around(self, msgtype: &str, inside: &str) -> String {
        let parts = [
            &xml::text("ToUserName", self.corp_id),
            &xml::text("FromUserName", self.from),
            &xml::number("CreateTime", self.created_at.into()),
            &xml::text("MsgType", msgtype),
            inside,
            &xml::number("AgentID", self.agent_id.into()),
        ];
        xml::around("xml", &parts.concat())
    }
}

fn selected_items(selected: &[Selected]) -> String {
    let item = |answer: &Selected| {
        let ids = answer.option_ids.iter().map(|id| xml::text("OptionId", id));
        let ids: String = ids.collect();
        let inside =
            xml::text("QuestionKey", &answer.question_key) + &xml::around("OptionIds", &ids);
        xml::around("SelectedItem", &inside)
    };
    let items: String = selected.iter().map(item).collect();
    xml::around("SelectedItems", &items)
}

#[cfg(test)]
mod tests;
