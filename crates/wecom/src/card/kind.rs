//! Kinds of cards by name, and how each is read.

use serde::Deserialize;
use serde_json::Value;

use super::kinds::{
    ButtonInteraction, MultipleInteraction, NewsNotice, TemplateCard, TextNotice, VoteInteraction,
};
use crate::reading::{Reader, fields_of, read};
use crate::report::{Fault, Place};

/// Field that says of which kind a card is.
const CARD_TYPE: &str = "card_type";

/// Kind of a card.
struct Kind {
    name: &'static str,
    fields: fn() -> &'static [&'static str],
    read: fn(&Reader, &Value) -> Option<TemplateCard>,
}

/// All kinds.
const KINDS: [Kind; 5] = [
    Kind::of::<TextNotice>("text_notice"),
    Kind::of::<NewsNotice>("news_notice"),
    Kind::of::<ButtonInteraction>("button_interaction"),
    Kind::of::<VoteInteraction>("vote_interaction"),
    Kind::of::<MultipleInteraction>("multiple_interaction"),
];

impl Kind {
    const fn of<T: for<'de> Deserialize<'de> + Into<TemplateCard>>(name: &'static str) -> Self {
        Self {
            name,
            fields: fields_of::<T>,
            read: |reader, card| read::<T>(reader, "template_card", card).map(Into::into),
        }
    }
}

impl TemplateCard {
    /// Reads a card. `None` where it has no kind that there is.
    pub(crate) fn read(reader: &Reader, card: &Value) -> Option<Self> {
        let at = Place::root("template_card");
        let Some(given) = card.as_object() else {
            reader.not_an_object(at, card);
            return None;
        };
        let written = given.get(CARD_TYPE).and_then(Value::as_str);
        let Some(kind) = KINDS.iter().find(|kind| written == Some(kind.name)) else {
            let names = KINDS.iter().map(|kind| kind.name).collect();
            reader.wrong(at.field(CARD_TYPE), Fault::NotOneOf(names));
            return None;
        };
        // The kind is told by the type, which has no field for it.
        let mut own = given.clone();
        own.remove(CARD_TYPE);
        let read = (kind.read)(reader, &Value::Object(own));
        let others: Vec<&'static str> = KINDS
            .iter()
            .flat_map(|kind| (kind.fields)())
            .copied()
            .collect();
        reader.refuse_others("template_card", &others, &Fault::NotOf(kind.name));
        read
    }
}
