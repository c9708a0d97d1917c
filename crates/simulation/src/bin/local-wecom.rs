//! A local WeChat Work on a port of this machine.

use std::net::SocketAddr;

use acteon_simulation::wecom::{LocalWecom, world::World};

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let port = match std::env::args().nth(1).as_deref() {
        None => 8090,
        Some("--help" | "-h") => {
            println!("usage: local-wecom [PORT]\n\nServes a local WeChat Work on 127.0.0.1:PORT, by default 8090.");
            return Ok(());
        }
        Some(text) => text.parse().map_err(|_| std::io::Error::other(format!("{text:?} is not a port")))?,
    };
    let world = World::default();
    let (corp_id, app) = (world.corp_id.clone(), world.apps[0].clone());
    let members: Vec<String> = world.members.keys().cloned().collect();
    let wecom = LocalWecom::listen(world, SocketAddr::from(([127, 0, 0, 1], port))).await?;
    println!("Local WeChat Work is running.\n");
    println!("  Messages        {}/", wecom.url());
    println!("  api_base_url    {}", wecom.url());
    println!("  corp_id         {corp_id}");
    println!("  corp_secret     {}", app.secret);
    println!("  agent_id        {}", app.agent_id);
    println!("  members         {}", members.join(", "));
    println!("  departments     1 (everybody), 12, 15; tag oncall");
    println!("  control         {}/control/counts, /messages, /faults, /settings, /revoke, /apps, /members", wecom.url());
    tokio::signal::ctrl_c().await
}
