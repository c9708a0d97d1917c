//! The command `local-wecom`: a local WeChat Work on a port of this machine.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::process::ExitCode;

use super::{LocalWecom, world::World};

const USAGE: &str =
    "usage: local-wecom [PORT]\n\nServes a local WeChat Work on 127.0.0.1:PORT, by default 8090.";

/// Runs the command with the arguments of this process, until Ctrl-C. Prints the address and the credentials.
pub async fn run_command() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match &arguments[..] {
        [] => Ok(8090),
        [help] if help == "--help" || help == "-h" => {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        [text] => text.parse::<u16>().map_err(|_| {
            format!("{text:?} is not a port: it must be a number from 0 to 65535\n\n{USAGE}")
        }),
        [_, extra, ..] => Err(format!("{extra:?} is one argument too many\n\n{USAGE}")),
    };
    let served = match port {
        Ok(port) => serve(port).await,
        Err(error) => Err(error),
    };
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("local-wecom: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(port: u16) -> Result<(), String> {
    let world = World::default();
    let (corp_id, app) = (world.corp_id.clone(), world.apps[0].clone());
    let members: Vec<String> = world.members.keys().cloned().collect();
    let wecom = LocalWecom::listen(world, SocketAddr::from(([127, 0, 0, 1], port))).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => {
            format!("port {port} is in use: end what listens there, or name another port, such as local-wecom {}", port.wrapping_add(1))
        }
        ErrorKind::PermissionDenied => format!("port {port} may not be used by this user: name one from 1024 on"),
        _ => format!("it cannot listen on port {port}: {error}"),
    })?;
    println!("Local WeChat Work is running.\n");
    println!("  Messages        {}/", wecom.url());
    println!("  api_base_url    {}", wecom.url());
    println!("  corp_id         {corp_id}");
    println!("  corp_secret     {}", app.secret);
    println!("  agent_id        {}", app.agent_id);
    println!("  members         {}", members.join(", "));
    println!("  departments     1 (everybody), 12, 15; tag oncall");
    println!(
        "  control         {}/control/counts, /messages, /cards, /faults, /settings, /revoke, /age, /apps, /members,\n                  /click, /say, /event, /deliver, /verify, /trusted-domains",
        wecom.url()
    );
    tokio::signal::ctrl_c()
        .await
        .map_err(|error| format!("it cannot wait for Ctrl-C: {error}"))
}
