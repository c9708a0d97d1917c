//! Updates of cards that were sent (page 94888).

use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use zeroize::Zeroizing;

use super::check::Use;
use super::kinds::TemplateCard;
use crate::overflow::Overflow;
use crate::report::{ContentError, Fault, Place, Report};

/// Most members of an update.
const MAX_USERS: usize = 1000;
/// Most departments, and most tags, of an update.
const MAX_PARTIES: usize = 100;

/// Update of a card, for those who have it.
#[derive(Clone, Debug)]
pub struct CardUpdate {
    /// Members whose card changes; they must be recipients of the message.
    pub recipients: CardRecipients,
    /// Agent id of the app that sent the card.
    pub agentid: u32,
    /// Newest code of the card, from its send or its last press. It works once, and for 72 hours.
    pub response_code: SecretString,
    /// Change of the card.
    pub change: CardChange,
}

/// Recipients of a card whose copy changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardRecipients {
    /// Everybody who has the card.
    Everybody,
    /// Some of those who have the card: the union of three lists.
    These {
        /// Userids of members, 1000 at most.
        userids: Vec<String>,
        /// Ids of departments, 100 at most.
        partyids: Vec<u32>,
        /// Ids of tags, 100 at most.
        tagids: Vec<u32>,
    },
}

/// Change of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardChange {
    /// Buttons become one, grey and with this label. Of cards with buttons or questions only.
    Button {
        /// Label of the grey button.
        replace_name: String,
    },
    /// Card is replaced by another one, of any kind.
    Card {
        /// New card, without a `task_id`.
        template_card: Box<TemplateCard>,
        /// Whether ids of members in its texts become names.
        enable_id_trans: bool,
    },
}

impl CardUpdate {
    /// Checks the update. Returns warnings about texts of which clients do not show all; with [`Overflow::Reject`] those are errors, too.
    ///
    /// Errors with all that WeChat Work would refuse.
    pub fn check(&self, overflow: Overflow) -> Result<Vec<String>, ContentError> {
        let mut report = Report::new(overflow);
        self.recipients.check(&mut report);
        let code = self.response_code.expose_secret();
        report.needed(Place::root("response_code"), code);
        match &self.change {
            CardChange::Button { replace_name } => {
                let button = Place::root("button");
                report.needed(button.field("replace_name"), replace_name);
            }
            CardChange::Card { template_card, .. } => {
                template_card.check_for(Use::Update, &mut report);
            }
        }
        report.result()
    }

    /// Request body of `message/update_template_card`, which holds the response code: it belongs in no log. It is wiped when it is dropped.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let request = Request::of(self);
        Zeroizing::new(serde_json::to_vec(&request).unwrap_or_default())
    }
}

impl CardRecipients {
    fn check(&self, report: &mut Report) {
        let Self::These {
            userids,
            partyids,
            tagids,
        } = self
        else {
            return;
        };
        let list = Place::root("userids");
        if userids.is_empty() && partyids.is_empty() && tagids.is_empty() {
            report.wrong(list, Fault::Missing);
        }
        report.at_most(list, userids, MAX_USERS);
        for (index, userid) in userids.iter().enumerate() {
            report.key(list.entry(index), userid, crate::recipients::MAX_ID_BYTES);
        }
        report.at_most(Place::root("partyids"), partyids, MAX_PARTIES);
        report.at_most(Place::root("tagids"), tagids, MAX_PARTIES);
    }
}

/// Request in the form of page 94888.
#[derive(Serialize)]
struct Request<'a> {
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    userids: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    partyids: &'a [u32],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tagids: &'a [u32],
    atall: u8,
    agentid: u32,
    response_code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_id_trans: Option<u8>,
    #[serde(flatten)]
    change: Change<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum Change<'a> {
    Button { replace_name: &'a str },
    TemplateCard(&'a TemplateCard),
}

impl<'a> Request<'a> {
    fn of(update: &'a CardUpdate) -> Self {
        let (userids, partyids, tagids, atall) = match &update.recipients {
            CardRecipients::Everybody => (&[][..], &[][..], &[][..], 1),
            CardRecipients::These {
                userids,
                partyids,
                tagids,
            } => (&userids[..], &partyids[..], &tagids[..], 0),
        };
        let (enable_id_trans, change) = match &update.change {
            CardChange::Button { replace_name } => (None, Change::Button { replace_name }),
            CardChange::Card {
                template_card,
                enable_id_trans,
            } => (
                enable_id_trans.then_some(1),
                Change::TemplateCard(template_card),
            ),
        };
        Self {
            userids,
            partyids,
            tagids,
            atall,
            agentid: update.agentid,
            response_code: update.response_code.expose_secret(),
            enable_id_trans,
            change,
        }
    }
}

/// Answer to an update that WeChat Work accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardUpdated {
    /// Text of the service: usually `ok`.
    pub errmsg: String,
    /// Userids whose card did not change: they are not recipients of the message, or outside the app's visible range.
    pub invaliduser: Vec<String>,
}
