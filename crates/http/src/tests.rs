//! Requests over TCP, to servers that answer, delay, break off and close.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time;

use super::ProxyChoice::Direct;
use super::*;

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

/// Answer of a server that closes the connection instead.
const CLOSE: &str = "close";

/// Server that gives the same answer to every request, and hands out the requests that it got. With an empty answer the client waits.
struct Server {
    address: String,
    requests: UnboundedReceiver<String>,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn answering(answer: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address").to_string();
        let (sender, requests) = unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream, answer, sender.clone()));
            }
        });
        Self {
            address,
            requests,
            connections,
        }
    }

    async fn request(&mut self) -> String {
        self.requests.recv().await.expect("a request")
    }
}

async fn serve(mut stream: TcpStream, answer: &'static str, requests: UnboundedSender<String>) {
    let mut text = String::new();
    let mut buffer = [0; 4096];
    while let Ok(1..) = stream
        .read(&mut buffer)
        .await
        .inspect(|count| text.push_str(&String::from_utf8_lossy(&buffer[..*count])))
    {
        if text.starts_with('\x16') {
            // A handshake of TLS, which nobody speaks here.
            stream.write_all(OK.as_bytes()).await.ok();
            return;
        }
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: ")?.parse().ok())
            .unwrap_or(0);
        if body.len() < length {
            continue;
        }
        requests.send(std::mem::take(&mut text)).ok();
        if answer == CLOSE
            || stream.write_all(answer.as_bytes()).await.is_err()
            || answer.ends_with("broken off")
        {
            return;
        }
    }
}

fn remote(url: &str, proxy: ProxyChoice) -> Remote {
    Clients::new("acteon-test")
        .remote(&Url::parse(url).expect("a URL"), proxy, LinkLocal::Refused)
        .expect("a remote")
}

fn through(proxy: &Server) -> ProxyChoice {
    let url = format!("http://user:pa55@{}", proxy.address);
    ProxyChoice::Proxy(Proxy::parse(&url).expect("a proxy"))
}

fn post(url: &str) -> Request {
    let headers =
        HeaderMap::from_iter([(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"))]);
    let address = url.parse().expect("an address");
    Request {
        method: Method::POST,
        address,
        headers,
        body: Some(b"hello".to_vec()),
        timeout: Duration::from_mins(1),
    }
}

async fn failure(url: &str, proxy: ProxyChoice) -> NoConnection {
    match remote(url, proxy).send(post(url)).await {
        Err(Failure::NoConnection(none)) => none,
        Err(other) => panic!("{other:?}"),
        Ok(response) => panic!("{}", response.status()),
    }
}

#[tokio::test]
async fn requests_say_who_asks_and_share_connections() {
    let mut server = Server::answering(OK).await;
    let url = format!("http://{}/a?b=c", server.address);
    let remote = remote(&url, Direct);
    for _ in 0..50 {
        let response = remote.send(post(&url)).await.expect("a response");
        assert_eq!(
            (response.status(), response.header("content-length")),
            (StatusCode::OK, Some("2"))
        );
        let received = response.body(2).await;
        assert_eq!((&received.bytes[..], received.cut), (&b"ok"[..], None));
        let request = server.request().await;
        assert!(
            request.starts_with("POST /a?b=c HTTP/1.1\r\n") && request.ends_with("\r\n\r\nhello"),
            "{request}"
        );
        for line in [
            &format!("host: {}", server.address),
            "user-agent: acteon-test",
            "accept: */*",
            "content-type: text/plain",
        ] {
            assert!(
                request.contains(&format!("{line}\r\n")),
                "{line}: {request}"
            );
        }
    }
    assert!(
        server.connections.load(Ordering::SeqCst) < 50,
        "connections are kept"
    );
}

#[tokio::test]
async fn a_request_that_left_and_one_that_did_not_are_told_apart() {
    let mut silent = Server::answering("").await;
    let (near, far) = (
        format!("http://{}/", silent.address),
        "https://far.example.com/".to_owned(),
    );
    let bodies = [None, Some(Vec::new()), Some(b"hello".to_vec())].into_iter();
    for (body, is_connected) in bodies.flat_map(|body| [(body.clone(), true), (body, false)]) {
        let (url, proxy) = if is_connected {
            (&near, Direct)
        } else {
            (&far, through(&silent))
        };
        let (remote, request) = (remote(url, proxy), Request { body, ..post(url) });
        let sending = tokio::spawn(async move { remote.send(request).await.err() });
        silent.request().await;
        time::pause();
        time::advance(Duration::from_mins(2)).await;
        match sending.await.expect("an end").expect("a failure") {
            Failure::Late => assert!(is_connected),
            Failure::NoConnection(none) => {
                assert!(!is_connected && none.cause == Cause::Late, "{none}");
            }
            Failure::Broken => panic!("broken"),
        }
        time::resume();
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_request_left_is_no_missing_one() {
    let server = Server::answering(CLOSE).await;
    let url = format!("http://{}/", server.address);
    assert_eq!(
        remote(&url, Direct).send(post(&url)).await.err(),
        Some(Failure::Broken)
    );
}

#[tokio::test]
async fn why_there_is_no_connection_is_told_without_the_address() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let none = failure(&format!("http://{closed}/s3cret?key=s3cret"), Direct).await;
    assert_eq!(
        none,
        NoConnection {
            cause: Cause::Refused,
            server: closed.to_string().into(),
            proxy: None,
            at_proxy: false
        }
    );
    assert!(!format!("{none} {none:?}").contains("s3cret"), "{none:?}");
    assert_eq!(
        failure("http://metadata.google.internal/", Direct)
            .await
            .cause,
        Cause::NotAllowed
    );
    let plain = Server::answering(OK).await;
    let none = failure(&format!("https://{}/", plain.address), Direct).await;
    assert!(matches!(none.cause, Cause::Tls(_)), "{none:?}");
}

#[tokio::test]
async fn a_proxy_gets_its_password_and_the_server_does_not() {
    let mut proxy = Server::answering(OK).await;
    let plain = "http://far.example.com:81/a?b";
    remote(plain, through(&proxy))
        .send(post(plain))
        .await
        .expect("a response");
    let request = proxy.request().await;
    assert!(
        request.starts_with(&format!("POST {plain} HTTP/1.1\r\n")),
        "{request}"
    );
    assert!(
        request.contains("proxy-authorization: Basic dXNlcjpwYTU1\r\n"),
        "{request}"
    );
    // What follows is no TLS.
    let none = failure("https://far.example.com/a?b", through(&proxy)).await;
    assert!(
        matches!(none.cause, Cause::Tls(_))
            && none
                .to_string()
                .contains("far.example.com:443 through the proxy 127.0.0.1"),
        "{none}"
    );
    let tunnel = proxy.request().await;
    assert!(
        tunnel.starts_with("CONNECT far.example.com:443 HTTP/1.1\r\n") && !tunnel.contains("a?b"),
        "{tunnel}"
    );
    assert!(
        tunnel.contains("proxy-authorization: Basic dXNlcjpwYTU1\r\n")
            && tunnel.contains("user-agent: acteon-test\r\n"),
        "{tunnel}"
    );
}

#[tokio::test]
async fn a_proxy_that_makes_no_connection_says_why() {
    for (answer, cause) in [
        (
            "HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n",
            Cause::ProxySignIn,
        ),
        (
            "HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n",
            Cause::ProxyRefusal,
        ),
    ] {
        let proxy = Server::answering(answer).await;
        let none = failure("https://far.example.com/", through(&proxy)).await;
        assert_eq!(
            (none.cause, none.proxy.as_deref()),
            (cause, Some(&*proxy.address))
        );
    }
}

#[tokio::test]
async fn who_failed_on_the_way_through_a_proxy_is_told() {
    let closed = TcpListener::bind("127.0.0.1:0")
        .await
        .and_then(|listener| listener.local_addr())
        .expect("a port");
    let (plain, breaks) = (Server::answering(OK).await, Server::answering(CLOSE).await);
    for (proxy, server, at_proxy, words) in [
        (
            format!("http://{closed}"),
            "http://far.example.com/",
            true,
            "refused",
        ),
        (
            format!("http://{closed}"),
            "https://far.example.com/",
            true,
            "refused",
        ),
        (
            format!("https://{}", plain.address),
            "http://far.example.com/",
            true,
            "no TLS",
        ),
        (
            format!("https://{}", plain.address),
            "https://far.example.com/",
            true,
            "no TLS",
        ),
        (
            format!("http://{}", plain.address),
            "https://far.example.com/",
            false,
            "no TLS",
        ),
        (
            format!("http://{}", breaks.address),
            "https://far.example.com/",
            false,
            "the proxy made none",
        ),
    ] {
        let parsed = Proxy::parse(&proxy).expect("a proxy");
        let name = parsed.name();
        let told = failure(server, ProxyChoice::Proxy(parsed)).await;
        let told = told.to_string();
        let place = if at_proxy {
            "the proxy"
        } else {
            "far.example.com:443 through the proxy"
        };
        assert!(
            told.starts_with(&format!("no connection to {place} {name}: {words}")),
            "{proxy} {server}: {told}"
        );
    }
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let mut server = Server::answering(
        "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
    )
    .await;
    let url = format!("http://{}/", server.address);
    assert_eq!(
        remote(&url, Direct)
            .send(post(&url))
            .await
            .expect("a response")
            .status(),
        StatusCode::FOUND
    );
    server.request().await;
    assert!(server.requests.try_recv().is_err());
}

#[tokio::test]
async fn a_body_that_is_cut_says_why() {
    for (answer, most, bytes, cut) in [
        (OK, 1, "", Some(Cut::TooLong)),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n",
            5,
            "okay!",
            None,
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nbroken off",
            20,
            "broken off",
            Some(Cut::Broken),
        ),
        (
            "HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nand then",
            20,
            "and then",
            Some(Cut::Late),
        ),
    ] {
        let server = Server::answering(answer).await;
        let url = format!("http://{}/", server.address);
        let response = remote(&url, Direct)
            .send(post(&url))
            .await
            .expect("a response");
        if cut == Some(Cut::Late) {
            time::pause();
        }
        let received = response.body(most).await;
        assert_eq!(
            (std::str::from_utf8(&received.bytes), received.cut),
            (Ok(bytes), cut),
            "{answer}"
        );
    }
}
