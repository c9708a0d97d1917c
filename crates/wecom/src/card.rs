//! Template cards (page 90236): messages with buttons, menus and questions, which can be changed after they were sent (page 94888).
//!
//! ```
//! use acteon_wecom::Overflow;
//! use acteon_wecom::card::{Button, ButtonInteraction, MainTitle, TemplateCard};
//!
//! let card = TemplateCard::from(ButtonInteraction {
//!     task_id: "deploy-4823".to_owned(),
//!     main_title: MainTitle::new("Deploy #4823 to production?", "asked for by zhangsan"),
//!     button_list: vec![Button::callback("Approve", "approve"), Button::callback("Reject", "reject")],
//!     ..ButtonInteraction::default()
//! });
//! assert_eq!(card.check(Overflow::Reject), Ok(vec![]));
//!
//! let TemplateCard::ButtonInteraction(mut wrong) = card else { unreachable!() };
//! wrong.button_list[1].key = "approve".to_owned();
//! let error = TemplateCard::from(wrong).check(Overflow::Reject).unwrap_err();
//! assert_eq!(
//!     error.to_string(),
//!     "template_card.button_list[1].key is another's as well: it must be unique in its list"
//! );
//! ```
//!
//! # Limits
//!
//! [`TemplateCard::check`] finds all that WeChat Work would refuse, before any request: each [`Violation`](crate::Violation) names the field by its path. Lengths of texts
//! that are shown are advice of the documentation: the service takes longer ones, and clients cut them. They are warnings, or violations with
//! [`Overflow::Reject`](crate::Overflow::Reject).
//!
//! # Presses and updates
//!
//! A press on a button comes back as a [`CardEvent`](crate::callback::CardEvent), for which the app must have a callback URL: without one, cards with
//! buttons, menus or questions are refused (43012). Each send and each press brings a `response_code`, with which a [`CardUpdate`] changes the card for
//! its recipients, once and within 72 hours. Members who read in personal WeChat see no cards.

mod check;
mod kind;
mod kinds;
mod number;
mod parts;
mod questions;
#[cfg(test)]
mod tests;
mod update;

pub use kinds::{
    ButtonInteraction, MultipleInteraction, NewsNotice, TemplateCard, TextNotice, VoteInteraction,
};
pub(crate) use number::ANY_NUMBER;
pub use number::{ButtonStyle, ButtonType, CheckboxMode, ContentType, DescColor, LinkType};
pub use parts::{
    ActionMenu, CardAction, CardImage, EmphasisContent, HorizontalContent, ImageTextArea, Jump,
    MainTitle, MenuAction, QuoteArea, Source, VerticalContent,
};
pub use questions::{
    Button, ButtonSelection, CheckOption, Checkbox, Select, SelectOption, SubmitButton,
};
pub use update::{CardChange, CardRecipients, CardUpdate, CardUpdated};
