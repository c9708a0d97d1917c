//! Providers: what turns actions into requests, and sends them.

use std::sync::Arc;
use std::time::Duration;

use futures_core::future::BoxFuture;
use serde_json::value::RawValue;

use crate::{Action, Callbacks, ProviderError, Response};

/// Provider: a way to deliver actions. Its configured name belongs to the registry, not to it.
///
/// A provider never loops and never sleeps to retry: it answers, and the error says what the
/// failure was.
pub trait Provider: Send + Sync {
    /// Turns an action into the request that would be sent. Pure: a fault of the payload ends here and costs nothing.
    fn prepare(&self, action: &Action) -> Result<Prepared, ProviderError>;

    /// Members of an action's payload that it makes something of; `None` where that is all of them. What a profile reads of an action is kept from a
    /// provider that makes nothing of it: it is neither warned of nor taken for a slip.
    fn heeded(&self, _action: &Action) -> Option<Vec<&'static str>> {
        None
    }

    /// Type of the message that a payload makes which names none, such as `text`; `None` where messages have no types.
    fn default_message_type(&self) -> Option<&'static str> {
        None
    }

    /// Payload of a message that is this text and nothing else, to those whom the action names; `None` where no payload is refused.
    fn plain(&self, _action: &Action, _text: &str) -> Option<Box<RawValue>> {
        None
    }

    /// Gets what sends need beside their requests, such as an access token; `None` while that is at hand. Nothing leaves for a receiver meanwhile,
    /// so whoever dies over it has sent nothing. It ends by itself, and may be dropped at any time.
    fn make_ready(&self) -> Option<BoxFuture<'_, Result<(), ProviderError>>> {
        None
    }

    /// Sends what was prepared, once, and waits for nothing before that: what it needs was got ready, and where that is refused, the error says
    /// [`not_ready`](ProviderError::not_ready). `prepared` may come from an earlier process.
    fn send<'a>(&'a self, prepared: &'a Prepared)
    -> BoxFuture<'a, Result<Response, ProviderError>>;

    /// Asks the service whether a send would work, without sending.
    fn health(&self) -> BoxFuture<'_, Result<Health, ProviderError>>;

    /// Whether a health check that passes shows that sends would work: that nothing is to be repaired.
    fn check_proves_sending(&self) -> bool {
        false
    }

    /// Lane: what the service limits together, and how.
    fn lane(&self) -> Lane;

    /// Life of the credential that is in use and was fetched with another one, if there is one.
    /// Calls nobody.
    fn token_life(&self) -> Option<TokenLife> {
        None
    }

    /// How long after the first copy the service still drops a second one, where [`Prepared::repeat_safe`] says that it does.
    fn drops_copies_for(&self, _prepared: &Prepared) -> Option<Duration> {
        None
    }

    /// Recipients of a message, in the service's own names, such as `zhangsan` or `party/12`.
    /// `prepared` may come from an earlier process.
    fn addressees(&self, prepared: &Prepared) -> Vec<String> {
        prepared.budgeted().map(str::to_owned).collect()
    }

    /// Payload in the provider's own best form of a message with a link; `None` where it has none, and any JSON does.
    fn link_message(&self, _message: &LinkMessage<'_>) -> Option<Result<LinkPayload, NoRecipient>> {
        None
    }

    /// Payload of a message that is this text, to one member by the service's name and nobody else; `None` where there is no such thing.
    fn text_to(&self, _member: &str, _text: &str) -> Option<Box<RawValue>> {
        None
    }

    /// Payload of an action that changes a card which [`Self::link_message`] made; `None` where sent messages cannot be changed.
    fn change_card(&self, _change: &CardChange<'_>) -> Option<Box<RawValue>> {
        None
    }

    /// Handle in the answer to a send, sealed, by which the message can be changed later; `None` where there is none.
    fn handle(&self, _answer: &Response) -> Option<String> {
        None
    }

    /// Callbacks of its service; `None` where none are configured.
    fn callbacks(&self) -> Option<&dyn Callbacks> {
        None
    }

    /// Way to learn who follows a link to an approval; `None` where whoever has the link decides.
    fn sign_in(&self) -> Option<&dyn SignIn> {
        None
    }

    /// Late mark: what tells the readers of a message that it is sent so much late. `None` where
    /// the provider has no text to put it in.
    fn late_mark(&self, _late: Duration) -> Option<String> {
        None
    }

    /// Request with a mark that [`Self::late_mark`] made, here or in an earlier process. The same
    /// mark makes the same bytes, whatever is configured by then.
    fn mark_late(&self, _prepared: &Prepared, _mark: &str) -> Option<Vec<u8>> {
        None
    }
}

/// Sign-in: how a service says which of its members opens a page of ours.
pub trait SignIn: Send + Sync {
    /// Address at which the service asks who is there, and from which it sends them back. It holds what [`SignInAsk`] says, and no secret of the app's.
    fn address(&self, ask: &SignInAsk<'_>) -> String;

    /// Userid of who came back with this code; `None` for somebody who is no member. A code works once. It stands in no error.
    fn identify<'a>(
        &'a self,
        code: &'a str,
    ) -> BoxFuture<'a, Result<Option<String>, ProviderError>>;
}

/// What a service is asked at a sign-in.
#[derive(Clone, Copy)]
pub struct SignInAsk<'a> {
    /// Address to which a person comes back, with the parameters `code` and `state`.
    pub return_to: &'a str,
    /// Text that comes back as it is: letters and digits, 128 bytes at most.
    pub state: &'a str,
    /// Value of the browser's `User-Agent`, which tells the service's own app from other browsers.
    pub user_agent: &'a str,
}

/// Message with a link, to one person or to whom the provider sends what names nobody.
#[derive(Clone, Copy, Debug)]
pub struct LinkMessage<'a> {
    /// Title, a line.
    pub title: &'a str,
    /// Text, in lines.
    pub text: &'a str,
    /// Address of the link.
    pub url: &'a str,
    /// Words of the link.
    pub button: &'a str,
    /// Person that it goes to, and nobody else; `None` where nobody is named.
    pub person: Option<LinkRecipient<'a>>,
    /// Decision that it asks for; `None` where the link alone is to be followed.
    pub asks: Option<Asks<'a>>,
}

/// Decision that a message asks for, where its service lets people decide by buttons of the message.
#[derive(Clone, Copy, Debug)]
pub struct Asks<'a> {
    /// Id of the card, unique among those of the provider: letters, digits, `_`, `-` and `@`, 128 at most.
    pub card: &'a str,
    /// What people wrote about it, if they did.
    pub text: &'a str,
    /// What is known of it, such as who asks, each with a short name.
    pub rows: &'a [(&'a str, String)],
    /// Buttons, each with the key by which a press is told, and its label.
    pub buttons: &'a [(&'a str, &'a str)],
}

/// Payload of a message with a link.
#[derive(Clone, Debug)]
pub struct LinkPayload {
    /// Payload.
    pub payload: Box<RawValue>,
    /// Whether it is a card that people decide by, and that can be changed later.
    pub is_card: bool,
}

impl LinkPayload {
    /// Payload of a message that asks by its link alone.
    pub const fn link(payload: Box<RawValue>) -> Self {
        Self {
            payload,
            is_card: false,
        }
    }
}

/// Change of a card: what it says from now on, in place of its buttons.
#[derive(Clone, Copy, Debug)]
pub struct CardChange<'a> {
    /// Payload that the card was sent with.
    pub sent: &'a RawValue,
    /// Newest handle of the card, sealed. It works once.
    pub handle: &'a str,
    /// What the card says from now on, such as who decided what.
    pub text: &'a str,
    /// Words in the place of the buttons.
    pub label: &'a str,
}

/// Person that a message goes to, by the names that providers know them by.
#[derive(Clone, Copy, Debug, Default)]
pub struct LinkRecipient<'a> {
    /// Userid in WeChat Work.
    pub wechat: Option<&'a str>,
}

/// Reason why a message has no payload: the provider does not know the person that it goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoRecipient;

/// Life of a fetched credential: how old it is, and how long it is still good.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TokenLife {
    /// Time since it was fetched.
    pub age: Duration,
    /// Time until it expires.
    pub left: Duration,
}

/// Request that is ready to be sent, and what the gateway must know about it. The store keeps all
/// of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Prepared {
    /// Body of the request, as it goes to the service.
    pub bytes: Vec<u8>,
    /// Recipients with a budget of their own, already qualified by the sender, such as `1000002/zhangsan`.
    pub recipients: Vec<String>,
    /// Warnings that the sender should know although the send will succeed, such as of a cut text.
    pub warnings: Vec<String>,
    /// Whether the service drops a second copy of the same bytes.
    pub repeat_safe: bool,
}

impl Prepared {
    /// Recipients with a budget of their own, without the sender that qualifies them.
    pub fn budgeted(&self) -> impl Iterator<Item = &str> {
        self.recipients.iter().map(|recipient| {
            recipient
                .split_once('/')
                .map_or(recipient.as_str(), |(_, name)| name)
        })
    }
}

/// Lane: what a service limits together. Sends of one lane share rate, pauses and in-flight limit.
#[derive(Clone, Debug)]
pub struct Lane {
    /// Identity of the lane. Holds no secret: it is stored and shown.
    pub name: Arc<str>,
    /// Limits on all its sends together.
    pub limits: LaneLimits,
    /// Budget of each recipient, where the service silently drops what is over it.
    pub budget: Option<Budget>,
}

/// Limits of a lane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LaneLimits {
    /// Most sends that may be in flight.
    pub max_concurrency: usize,
    /// Most sends that may start in a second, where it is known beforehand.
    pub max_per_second: Option<f64>,
}

/// Budget: most sends to one recipient.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Most sends within any minute.
    pub per_minute: usize,
    /// Most sends within any hour.
    pub per_hour: usize,
}

/// Result of a health check that found nothing wrong.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Health {
    /// Age of the finding. Findings are shared between callers for a short while.
    pub age: Duration,
    /// Remarks worth knowing although sends would work.
    pub remarks: Vec<String>,
}
