//! What can be done in the world from outside, for the control routes and for tests in the same process.

use std::sync::Arc;

use super::requests::{CannotAct, Click, Event, Say};
use crate::wecom::callback::deliver::{self, Delivery};
use crate::wecom::callback::verify::{self, Verification};
use crate::wecom::shared::Shared;

pub(super) async fn click(shared: &Arc<Shared>, click: &Click) -> Result<Delivery, CannotAct> {
    let callback = shared.world(|world| world.click(click))?;
    let delivery = deliver::deliver(shared, callback, click.deliver).await?;
    shared.world(|world| world.take_reply(click, &delivery));
    Ok(delivery)
}

pub(super) async fn say(shared: &Arc<Shared>, say: &Say) -> Result<Delivery, CannotAct> {
    let callback = shared.world(|world| world.say(say))?;
    Ok(deliver::deliver(shared, callback, say.deliver).await?)
}

pub(super) async fn event(shared: &Arc<Shared>, event: &Event) -> Result<Delivery, CannotAct> {
    let callback = shared.world(|world| world.happen(event))?;
    Ok(deliver::deliver(shared, callback, event.deliver).await?)
}

pub(super) async fn release(
    shared: &Arc<Shared>,
    numbers: Option<&[u64]>,
) -> Result<Vec<Delivery>, CannotAct> {
    Ok(deliver::release(shared, numbers).await?)
}

pub(super) async fn verify(shared: &Shared, agent_id: i64) -> Result<Verification, CannotAct> {
    Ok(verify::verify(shared, agent_id).await?)
}
