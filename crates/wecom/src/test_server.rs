//! Server for tests, which answers with what it is given.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::app::App;
use crate::credentials::Credentials;
use crate::http::Endpoint;
use crate::token::TokenCache;

pub(crate) const T1: &str =
    r#"{"errcode":0,"errmsg":"ok","access_token":"t0ken-1","expires_in":7200}"#;
pub(crate) const T2: &str =
    r#"{"errcode":0,"errmsg":"ok","access_token":"t0ken-2","expires_in":7200}"#;
pub(crate) const OK: &str = r#"{"errcode":0,"errmsg":"ok"}"#;

/// Call as the server got it: the target of its first line, and its body.
pub(crate) type Received = (String, String);

/// App of a server that answers one call after the other, and the calls that it got.
pub(crate) fn serve(answers: &'static [&'static str]) -> (App, Receiver<Received>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let (calls, received) = channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().expect("a connection");
            // A test that looks at no calls has dropped the other end.
            calls.send(read_call(&mut stream)).ok();
            let head = "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: application/json";
            let length = answer.len();
            write!(stream, "{head}\r\nContent-Length: {length}\r\n\r\n{answer}").expect("written");
        }
    });
    let endpoint = Endpoint::new(&base, Duration::from_secs(10), None, false).expect("an endpoint");
    let credentials = Credentials {
        corp_id: Arc::new("ww0123456789abcdef".into()),
        corp_secret: Arc::new("c0rp-secret".into()),
    };
    let tokens = TokenCache::default();
    let app = App::new(
        endpoint,
        credentials,
        1_000_002,
        Duration::from_mins(5),
        &tokens,
    );
    (app, received)
}

fn read_call(stream: &mut TcpStream) -> Received {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| {
                    line.to_lowercase()
                        .strip_prefix("content-length: ")?
                        .parse()
                        .ok()
                })
                .unwrap_or(0);
            if body.len() >= length {
                let target = head.split(' ').nth(1).expect("a target");
                return (target.to_owned(), body.to_owned());
            }
        }
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).expect("a call");
        assert!(count > 0, "the call broke off: {text}");
        bytes.extend_from_slice(&buffer[..count]);
    }
}
