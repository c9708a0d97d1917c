//! The WeChat Work provider, over real HTTP against the local WeChat Work.

mod budget;
pub(crate) mod canary;
mod crash;
mod disk;
mod errors;
mod health;
mod late;
mod messages;
mod rate_limit;
pub(crate) mod rotation;
mod rules;
mod token_waits;
mod tokens;
mod told;
mod types;

use acteon_fakes::wecom::{LocalWecom, world::World};
use serde_json::{Value, json};

use crate::support::action;

/// A world without limits, for tests of something else.
pub(crate) fn unlimited() -> World {
    let mut world = World::default();
    world.settings.member_limit = false;
    world.settings.rate_limit = None;
    world
}

pub(crate) async fn local_wecom(world: World) -> LocalWecom {
    LocalWecom::start(world).await.expect("a local WeChat Work")
}

/// A configuration with the local WeChat Work as `wechat-ops`, and more lines for its block.
pub(crate) fn configuration(wecom: &LocalWecom, more: &str) -> String {
    configuration_at(&wecom.url(), more)
}

pub(crate) fn configuration_at(base_url: &str, more: &str) -> String {
    let world = World::default();
    format!(
        r#"
[[providers]]
name = "wechat-ops"
type = "wechat"
wechat.corp_id = "{}"
wechat.corp_secret = "{}"
wechat.agent_id = {}
wechat.api_base_url = "{base_url}"
{more}
"#,
        world.corp_id, world.apps[0].secret, world.apps[0].agent_id
    )
}

/// A text to everybody.
pub(crate) fn text(id: &str) -> Value {
    action(
        id,
        "wechat-ops",
        &json!({ "touser": "@all", "content": format!("message {id}") }),
    )
}
