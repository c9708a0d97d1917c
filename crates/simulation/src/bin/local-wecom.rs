//! A program that serves a local WeChat Work on a port of this machine.

#[tokio::main]
async fn main() -> std::process::ExitCode {
    acteon_fakes::wecom::run_command().await
}
