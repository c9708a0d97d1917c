//! The `acteon-server` command: forbids core dumps, then runs the command line.

mod cli;

use clap::Parser as _;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    acteon_server::dumps::forbid();
    cli::Cli::parse().run()
}
