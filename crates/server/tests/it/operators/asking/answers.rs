//! Answers that are none, and lists that do not end.

use std::io::{BufRead as _, Read as _, Write as _};
use std::net::TcpListener;

use super::KEY;
use crate::operators::{err, out, run_at};

/// A server that reads one request, and answers it so. Returns its address, and what it reads.
fn answers(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let reading = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut request = Vec::new();
        let mut buffer = [0; 4096];
        while !request.windows(4).any(|four| four == b"\r\n\r\n") {
            let read = stream.read(&mut buffer).expect("a request");
            request.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(answer.as_bytes()).expect("written");
        if answer.is_empty() {
            // Until the caller has had enough.
            drop(stream.read(&mut buffer));
        }
        String::from_utf8_lossy(&request).into_owned()
    });
    (base, reading)
}

/// What a command says, and its exit code, where a gateway answers so.
fn told_of(arguments: &[&str], status: &str, body: &str) -> (Option<i32>, String) {
    let length = body.len();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n{body}");
    let (base, reading) = answers(answer.leak());
    let output = run_at(&base, arguments, &[("ACTEON_API_KEY", KEY)]);
    reading.join().expect("a request");
    (output.status.code(), err(&output))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_to_try_again_is_told_whether_it_may_have_been_done() {
    let expire = &["silences", "expire", "x"][..];
    let unsure = "It may have done what was asked";
    for (status, code, may_be_done) in [
        ("500 Oops", "INTERNAL", true),
        ("500 Oops", "BROKE_OFF", true),
        ("503 Slow", "STORE_SLOW", true),
        ("503 Busy", "STORE_BUSY", false),
        ("503 Full", "STORE_FULL", false),
        ("503 Starting", "STARTING", false),
        ("503 Full", "CONNECTIONS_FULL", false),
        ("429 Slow down", "TOO_MANY_FAILURES", false),
    ] {
        let retryable = !status.starts_with('5') || status.starts_with("503");
        let body = format!(
            "{{\"error\":\"x\",\"code\":\"{code}\",\"message\":\"x\",\"retryable\":{retryable}}}"
        );
        let (exit, told) = told_of(expire, status, &body);
        assert_eq!(exit, Some(3), "{code}: {told}");
        assert_eq!(told.contains(unsure), may_be_done, "{code}: {told}");
        let (_, told) = told_of(&["silences", "list"], status, &body);
        assert!(!told.contains(unsure), "it changes nothing: {told}");
    }
    for status in ["408 Late", "429 Slow down", "499 Gone", "504 Late"] {
        let (exit, told) = told_of(expire, status, "a proxy's page");
        assert_eq!(exit, Some(3), "{status}: {told}");
        assert!(told.contains(unsure), "{status}: {told}");
    }
}

const LIST: &[&str] = &["silences", "list"];
const EXPIRE: &[&str] = &["silences", "expire", "x"];
const SHOW: &[&str] = &["audit", "show", "x"];
/// Asked without a body.
const REPLAY: &[&str] = &["dead-letters", "replay", "x"];

/// A command, the bytes that it is answered with, its exit code, and what it says.
type Case = (
    &'static [&'static str],
    &'static str,
    i32,
    &'static [&'static str],
);

const NO_GATEWAYS: &[Case] = &[
    (
        LIST,
        "HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
        1,
        &[
            "sends callers elsewhere (302)",
            "name the gateway itself with --server",
        ],
    ),
    (
        LIST,
        "HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n<html>\x1b[2Jx",
        1,
        &[
            "answered 200, and not as a gateway does",
            "<html>\\u{1b}[2Jx",
        ],
    ),
    (
        LIST,
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        1,
        &["answered 200, and not as a gateway does", "It said: {}"],
    ),
    (
        LIST,
        "HTTP/1.1 200 OK\r\ncontent-length: 22\r\n\r\n{\"silences\":[\"x\",null]}",
        1,
        &["answered 200, and not as a gateway does"],
    ),
    (
        EXPIRE,
        "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}",
        1,
        &[
            "answered 200, and not as a gateway does",
            "It may have done what was asked: ask again",
        ],
    ),
    (
        EXPIRE,
        "HTTP/1.1 504 Late\r\ncontent-length: 4\r\n\r\noops",
        3,
        &["answered 504", "It may have done what was asked: ask again"],
    ),
    (
        SHOW,
        "HTTP/1.1 200 OK\r\ncontent-length: 15\r\n\r\n{\"action_id\":1}",
        1,
        &["answered 200, and not as a gateway does"],
    ),
    (
        LIST,
        "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 4\r\n\r\noops",
        3,
        &["answered 502", "oops"],
    ),
    (
        LIST,
        "HTTP/1.1 503 Busy\r\ncontent-length: 100\r\n\r\n{\"error\":\"no\",\"code\":\"STORE_BUSY\",\"message\":\"the store is busy\",\"retryable\":true,\"retry_after\":2}   ",
        3,
        &["error: the store is busy (503 STORE_BUSY); try again in 2 s"],
    ),
    (
        LIST,
        "HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{",
        3,
        &["broke its answer off"],
    ),
    (
        LIST,
        "",
        3,
        &["gave no answer within 1s; wait longer with --timeout"],
    ),
    (
        REPLAY,
        "",
        3,
        &[
            "gave no answer within 1s",
            "It may have done what was asked",
        ],
    ),
    (
        EXPIRE,
        "",
        3,
        &["It may have done what was asked: ask again, which changes nothing more"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_gateways_answer_is_told() {
    for (arguments, answer, code, parts) in NO_GATEWAYS {
        let (base, reading) = answers(answer);
        let output = run_at(
            &base,
            &[*arguments, &["--timeout", "1s"]].concat(),
            &[("ACTEON_API_KEY", KEY)],
        );
        let told = err(&output);
        assert_eq!(output.status.code(), Some(*code), "{answer}: {told}");
        for part in *parts {
            assert!(told.contains(part), "{answer}: {part}: {told}");
        }
        let request = reading.join().expect("a request");
        assert!(
            request.contains(&format!("authorization: Bearer {KEY}")) && !told.contains(KEY),
            "{request} {told}"
        );
    }
}

/// A server that answers so one request after the other, over and over, for a while.
fn goes_round(answers: [&'static str; 2]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    std::thread::spawn(move || {
        for body in answers.iter().cycle().take(60) {
            let (mut stream, _) = listener.accept().expect("a connection");
            let mut reader = std::io::BufReader::new(stream.try_clone().expect("a clone"));
            let mut line = String::new();
            while line != "\r\n" {
                line.clear();
                assert_ne!(reader.read_line(&mut line).expect("a line"), 0);
            }
            let length = body.len();
            write!(
                stream,
                "HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}"
            )
            .expect("written");
        }
    });
    base
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_goes_round_in_circles_ends() {
    let pages = [
        r#"{"records":[{"action_id":"found-one"}],"results":[],"next_cursor":"1.1"}"#,
        r#"{"records":[],"results":[],"next_cursor":"2.2"}"#,
    ];
    for arguments in [
        &["audit", "list"][..],
        &["audit", "list", "--cursor", "1.1"],
        &["dead-letters", "replay", "--all"],
    ] {
        let output = run_at(&goes_round(pages), arguments, &[]);
        let told = err(&output);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {told}");
        assert!(
            told.contains("got no further than it was before"),
            "{arguments:?}: {told}"
        );
        assert!(
            told.contains("it goes on with --cursor 1.1"),
            "{arguments:?}: {told}"
        );
        assert_eq!(
            out(&output).contains("found-one"),
            arguments[0] == "audit",
            "{arguments:?}: {}",
            out(&output)
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_end_is_not_read_on() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let base = format!("http://{}", listener.local_addr().expect("an address"));
    let writing = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        // An answer that comes before its question is nobody's.
        assert!(stream.read(&mut [0; 4096]).expect("a request") > 0);
        let mut written = 0;
        let piece = vec![b' '; 1024 * 1024];
        stream
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 200000000\r\n\r\n")
            .expect("written");
        while written < 190 && stream.write_all(&piece).is_ok() {
            written += 1;
        }
        written
    });
    let output = run_at(&base, &["silences", "list"], &[]);
    assert_eq!(output.status.code(), Some(1), "{}", err(&output));
    assert!(
        err(&output).contains("longer than 32 MiB: ask for less"),
        "{}",
        err(&output)
    );
    assert!(writing.join().expect("its end") < 100, "it was read on");
}
