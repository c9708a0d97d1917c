//! Checks of cards against the limits of page 90236.

use super::kinds::{
    ButtonInteraction, MultipleInteraction, NewsNotice, TemplateCard, TextNotice, VoteInteraction,
};
use super::number::{ButtonType, ContentType, LinkType};
use super::parts::{
    ActionMenu, CardAction, CardImage, HorizontalContent, Jump, MainTitle, QuoteArea, Source,
};
use super::questions::{Button, SelectOption, SubmitButton};
use crate::overflow::Overflow;
use crate::report::{ContentError, Fault, Place, Report};

/// Most bytes of a key.
const KEY: usize = 1024;
/// Most bytes of an option's id, and of a task id.
const ID: usize = 128;

/// What a card is used for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Send,
    Update,
}

impl TemplateCard {
    /// Checks the card as it is sent first. Returns warnings about texts of which clients do not show all; with [`Overflow::Reject`] those are errors, too.
    ///
    /// Errors with all that WeChat Work would refuse.
    pub fn check(&self, overflow: Overflow) -> Result<Vec<String>, ContentError> {
        let mut report = Report::new(overflow);
        self.check_to_send(&mut report);
        report.result()
    }

    pub(crate) fn check_to_send(&self, report: &mut Report) {
        self.check_for(Use::Send, report);
    }

    pub(super) fn check_for(&self, used: Use, report: &mut Report) {
        let card = Place::root("template_card");
        match self {
            Self::TextNotice(notice) => notice.check(card, used, report),
            Self::NewsNotice(notice) => notice.check(card, used, report),
            Self::ButtonInteraction(buttons) => buttons.check(card, used, report),
            Self::VoteInteraction(vote) => vote.check(card, used, report),
            Self::MultipleInteraction(multiple) => multiple.check(card, used, report),
        }
    }
}

impl TextNotice {
    fn check(&self, card: Place<'_>, used: Use, report: &mut Report) {
        source(report, card, self.source.as_ref());
        menu(report, card, self.action_menu.as_ref());
        let has_menu = self.action_menu.is_some();
        task_id(report, card, &self.task_id, (used, has_menu));
        let title = self.main_title.as_ref();
        let at = card.field("main_title");
        if title.is_none_or(|given| given.title.is_empty()) && self.sub_title_text.is_empty() {
            report.wrong(at.field("title"), Fault::MissingBoth("sub_title_text"));
        }
        if let Some(MainTitle { title, desc }) = title {
            report.shown(at.field("title"), title, 36);
            report.shown(at.field("desc"), desc, 44);
        }
        quote(report, card, self.quote_area.as_ref());
        if let Some(emphasis) = &self.emphasis_content {
            let at = card.field("emphasis_content");
            report.shown(at.field("title"), &emphasis.title, 14);
            report.shown(at.field("desc"), &emphasis.desc, 22);
        }
        report.shown(card.field("sub_title_text"), &self.sub_title_text, 160);
        lines(report, card, &self.horizontal_content_list);
        jumps(report, card, &self.jump_list);
        whole_card(report, card, &self.card_action);
    }
}

impl NewsNotice {
    fn check(&self, card: Place<'_>, used: Use, report: &mut Report) {
        source(report, card, self.source.as_ref());
        menu(report, card, self.action_menu.as_ref());
        let has_menu = self.action_menu.is_some();
        task_id(report, card, &self.task_id, (used, has_menu));
        main_title(report, card, &self.main_title, (36, 44));
        quote(report, card, self.quote_area.as_ref());
        if self.image_text_area.is_none() && self.card_image.is_none() {
            report.wrong(
                card.field("card_image"),
                Fault::MissingBoth("image_text_area"),
            );
        }
        if let Some(area) = &self.image_text_area {
            let at = card.field("image_text_area");
            target(report, at, area.kind, (&area.url, &area.appid));
            report.link(at.field("image_url"), &area.image_url);
        }
        if let Some(CardImage { url, aspect_ratio }) = &self.card_image {
            let at = card.field("card_image");
            report.link(at.field("url"), url);
            let ratio = aspect_ratio.as_ref().map(serde_json::Number::as_f64);
            if ratio.is_some_and(|ratio| ratio.is_none_or(|ratio| !(1.3..=2.25).contains(&ratio))) {
                report.wrong(at.field("aspect_ratio"), Fault::AspectRatio);
            }
        }
        let list = card.field("vertical_content_list");
        report.at_most(list, &self.vertical_content_list, 4);
        for (index, content) in self.vertical_content_list.iter().enumerate() {
            let at = list.entry(index);
            report.title(at.field("title"), &content.title, 38);
            report.shown(at.field("desc"), &content.desc, 160);
        }
        lines(report, card, &self.horizontal_content_list);
        jumps(report, card, &self.jump_list);
        whole_card(report, card, &self.card_action);
    }
}

impl ButtonInteraction {
    fn check(&self, card: Place<'_>, used: Use, report: &mut Report) {
        source(report, card, self.source.as_ref());
        menu(report, card, self.action_menu.as_ref());
        main_title(report, card, &self.main_title, (36, 44));
        quote(report, card, self.quote_area.as_ref());
        report.shown(card.field("sub_title_text"), &self.sub_title_text, 160);
        lines(report, card, &self.horizontal_content_list);
        if let Some(action) = &self.card_action {
            let at = card.field("card_action");
            target(report, at, action.kind, (&action.url, &action.appid));
        }
        task_id(report, card, &self.task_id, (used, true));
        if let Some(selection) = &self.button_selection {
            let at = card.field("button_selection");
            report.key(at.field("question_key"), &selection.question_key, KEY);
            options(report, at, &selection.option_list, &selection.selected_id);
        }
        let list = card.field("button_list");
        report.some(list, &self.button_list, 6);
        for (index, button) in self.button_list.iter().enumerate() {
            check_button(report, list.entry(index), button);
        }
        let keys = self.button_list.iter().map(|button| button.key.as_str());
        report.unique(list, "key", keys);
        replace_text(report, card, &self.replace_text, used);
    }
}

impl VoteInteraction {
    fn check(&self, card: Place<'_>, used: Use, report: &mut Report) {
        source(report, card, self.source.as_ref());
        colourless(report, card, self.source.as_ref());
        main_title(report, card, &self.main_title, (16, 160));
        task_id(report, card, &self.task_id, (used, true));
        let at = card.field("checkbox");
        report.key(at.field("question_key"), &self.checkbox.question_key, KEY);
        disable(report, at, self.checkbox.disable, used);
        let list = at.field("option_list");
        report.some(list, &self.checkbox.option_list, 20);
        for (index, option) in self.checkbox.option_list.iter().enumerate() {
            let at = list.entry(index);
            report.key(at.field("id"), &option.id, ID);
            report.title(at.field("text"), &option.text, 17);
        }
        let ids = self
            .checkbox
            .option_list
            .iter()
            .map(|option| option.id.as_str());
        report.unique(list, "id", ids);
        submit(report, card, self.submit_button.as_ref(), used);
        replace_text(report, card, &self.replace_text, used);
    }
}

impl MultipleInteraction {
    fn check(&self, card: Place<'_>, used: Use, report: &mut Report) {
        source(report, card, self.source.as_ref());
        colourless(report, card, self.source.as_ref());
        main_title(report, card, &self.main_title, (36, 160));
        task_id(report, card, &self.task_id, (used, true));
        let list = card.field("select_list");
        report.some(list, &self.select_list, 3);
        for (index, select) in self.select_list.iter().enumerate() {
            let at = list.entry(index);
            report.key(at.field("question_key"), &select.question_key, KEY);
            disable(report, at, select.disable, used);
            options(report, at, &select.option_list, &select.selected_id);
        }
        let keys = self
            .select_list
            .iter()
            .map(|select| select.question_key.as_str());
        report.unique(list, "question_key", keys);
        submit(report, card, self.submit_button.as_ref(), used);
        replace_text(report, card, &self.replace_text, used);
    }
}

fn source(report: &mut Report, card: Place<'_>, source: Option<&Source>) {
    let Some(source) = source else { return };
    let at = card.field("source");
    if !source.icon_url.is_empty() {
        report.link(at.field("icon_url"), &source.icon_url);
    }
    report.shown(at.field("desc"), &source.desc, 20);
}

fn colourless(report: &mut Report, card: Place<'_>, source: Option<&Source>) {
    if source.is_some_and(|source| source.desc_color.is_some()) {
        let fault = Fault::NotHere("in votes and multiple choices");
        report.wrong(card.field("source").field("desc_color"), fault);
    }
}

fn menu(report: &mut Report, card: Place<'_>, menu: Option<&ActionMenu>) {
    let Some(menu) = menu else { return };
    let at = card.field("action_menu");
    let list = at.field("action_list");
    report.some(list, &menu.action_list, 3);
    for (index, action) in menu.action_list.iter().enumerate() {
        let at = list.entry(index);
        report.needed(at.field("text"), &action.text);
        report.key(at.field("key"), &action.key, KEY);
    }
    let keys = menu.action_list.iter().map(|action| action.key.as_str());
    report.unique(list, "key", keys);
}

/// Checks a task id, which some cards need when they are sent, and which none has in an update.
fn task_id(report: &mut Report, card: Place<'_>, id: &str, (used, is_needed): (Use, bool)) {
    let at = card.field("task_id");
    match used {
        Use::Update if id.is_empty() => {}
        Use::Update => report.wrong(at, Fault::NotHere("in an update")),
        Use::Send if id.is_empty() && !is_needed => {}
        Use::Send => {
            let is_of_one =
                |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-' | '@');
            match id.chars().find(|letter| !is_of_one(*letter)) {
                Some(letter) => report.wrong(at, Fault::Character(letter)),
                None => report.key(at, id, ID),
            }
        }
    }
}

fn main_title(report: &mut Report, card: Place<'_>, given: &MainTitle, most: (usize, usize)) {
    let at = card.field("main_title");
    report.title(at.field("title"), &given.title, most.0);
    report.shown(at.field("desc"), &given.desc, most.1);
}

fn quote(report: &mut Report, card: Place<'_>, quote: Option<&QuoteArea>) {
    if let Some(quote) = quote {
        let at = card.field("quote_area");
        target(report, at, quote.kind, (&quote.url, &quote.appid));
    }
}

/// Checks what a press opens.
fn target(report: &mut Report, at: Place<'_>, kind: Option<LinkType>, (url, appid): (&str, &str)) {
    match kind {
        None | Some(LinkType::Nothing) => {}
        Some(LinkType::Url) => report.link(at.field("url"), url),
        Some(LinkType::MiniProgram) => {
            report.needed(at.field("appid"), appid);
        }
    }
}

fn lines(report: &mut Report, card: Place<'_>, contents: &[HorizontalContent]) {
    let list = card.field("horizontal_content_list");
    report.at_most(list, contents, 6);
    for (index, content) in contents.iter().enumerate() {
        let at = list.entry(index);
        report.title(at.field("keyname"), &content.keyname, 5);
        report.shown(at.field("value"), &content.value, 30);
        match content.kind {
            None | Some(ContentType::Text) => {}
            Some(ContentType::Url) => report.link(at.field("url"), &content.url),
            Some(ContentType::File) => {
                report.needed(at.field("media_id"), &content.media_id);
            }
            Some(ContentType::Member) => {
                report.needed(at.field("userid"), &content.userid);
            }
        }
    }
}

fn jumps(report: &mut Report, card: Place<'_>, jumps: &[Jump]) {
    let list = card.field("jump_list");
    report.at_most(list, jumps, 3);
    for (index, jump) in jumps.iter().enumerate() {
        let at = list.entry(index);
        report.title(at.field("title"), &jump.title, 18);
        target(report, at, jump.kind, (&jump.url, &jump.appid));
    }
}

/// Checks what a press anywhere on a notice opens, which must be something.
fn whole_card(report: &mut Report, card: Place<'_>, action: &CardAction) {
    let at = card.field("card_action");
    match action.kind {
        None | Some(LinkType::Nothing) => report.wrong(at.field("type"), Fault::Missing),
        kind => target(report, at, kind, (&action.url, &action.appid)),
    }
}

fn check_button(report: &mut Report, at: Place<'_>, button: &Button) {
    report.title(at.field("text"), &button.text, 10);
    match button.kind {
        None | Some(ButtonType::Callback) => report.key(at.field("key"), &button.key, KEY),
        Some(ButtonType::Url) => report.link(at.field("url"), &button.url),
    }
}

/// Checks the options of a question with one answer.
fn options(report: &mut Report, at: Place<'_>, given: &[SelectOption], selected_id: &str) {
    let list = at.field("option_list");
    report.some(list, given, 10);
    for (index, option) in given.iter().enumerate() {
        let at = list.entry(index);
        report.key(at.field("id"), &option.id, ID);
        report.title(at.field("text"), &option.text, 16);
    }
    let ids = || given.iter().map(|option| option.id.as_str());
    report.unique(list, "id", ids());
    report.chosen(at.field("selected_id"), selected_id, ids());
}

fn submit(report: &mut Report, card: Place<'_>, button: Option<&SubmitButton>, used: Use) {
    let at = card.field("submit_button");
    match button {
        Some(button) => {
            report.shown(at.field("text"), &button.text, 10);
            report.key(at.field("key"), &button.key, KEY);
        }
        None if used == Use::Send => report.wrong(at, Fault::Missing),
        None => {}
    }
}

fn disable(report: &mut Report, at: Place<'_>, disable: Option<bool>, used: Use) {
    if used == Use::Send && disable.is_some() {
        report.wrong(at.field("disable"), ONLY_IN_UPDATES);
    }
}

fn replace_text(report: &mut Report, card: Place<'_>, text: &str, used: Use) {
    if used == Use::Send && !text.is_empty() {
        report.wrong(card.field("replace_text"), ONLY_IN_UPDATES);
    }
}

const ONLY_IN_UPDATES: Fault = Fault::NotHere("in a card that is sent first");
