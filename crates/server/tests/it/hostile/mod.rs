//! Callers who mean harm, or have a bug that looks like it.

mod answers;
mod bodies;
mod connections;
mod halves;
mod memory;
mod pages;
mod paths;
mod sign_in;
pub(crate) mod stop;
mod threads;
mod unread;
mod waiting;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Client, PATIENCE};

const CONFIGURATION: &str = "[[providers]]\nname = \"log\"\ntype = \"log\"\n";

/// A connection to a gateway, to write on as one likes.
async fn connect(gateway: &Client) -> TcpStream {
    let address = gateway.base().strip_prefix("http://").expect("an address");
    TcpStream::connect(address).await.expect("a connection")
}

/// What comes back before the connection closes, or before nothing comes for a while.
async fn answer_to(gateway: &Client, request: &str) -> String {
    let mut stream = connect(gateway).await;
    stream.write_all(request.as_bytes()).await.expect("written");
    read_answer(&mut stream).await
}

/// Reads until the end of an answer with a length.
async fn read_answer(stream: &mut TcpStream) -> String {
    let mut read = Vec::new();
    let mut chunk = vec![0; 16 * 1024];
    let give_up = tokio::time::Instant::now() + PATIENCE;
    loop {
        let text = String::from_utf8_lossy(&read).into_owned();
        if is_whole(&text) {
            return text;
        }
        let got = tokio::time::timeout_at(give_up, stream.read(&mut chunk))
            .await
            .expect("an answer in time");
        match got {
            Ok(0) | Err(_) => return text,
            Ok(length) => read.extend_from_slice(&chunk[..length]),
        }
    }
}

fn is_whole(text: &str) -> bool {
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    let length = head
        .split("content-length: ")
        .nth(1)
        .and_then(|rest| rest.split_whitespace().next()?.parse::<usize>().ok());
    length.is_some_and(|length| body.len() >= length)
}

fn head_of(method: &str, path: &str, headers: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n")
}
