//! Closed-loop load generator over TCP: each connection sends its next request when the last was answered.
//!
//! `load URL CONNECTIONS SECONDS|Nx PROVIDER [PREFER [MORE]]` prints `requests/s p50-ms p99-ms failures`. `Nx` sends N requests instead of
//! running for a time; `MORE` are further members of the action, as JSON. The same loader drives ceilings and gateway.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// End of a run.
enum Until {
    Elapsed(Duration),
    Sent(u64),
}

struct Plan {
    address: String,
    request: Vec<u8>,
    until: Until,
    started: Instant,
    sent: AtomicU64,
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, address, connections, until, provider, rest @ ..] = arguments.as_slice() else {
        return Err(io::Error::other(
            "usage: load HOST:PORT/PATH CONNECTIONS SECONDS|Nx PROVIDER [PREFER [MORE]]",
        ));
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let connections = connections.parse().map_err(io::Error::other)?;
    runtime.block_on(run(
        address,
        connections,
        until,
        provider,
        [rest.first(), rest.get(1)].map(|word| word.map_or("", String::as_str)),
    ))
}

#[expect(clippy::disallowed_methods, reason = "a loader measures time")]
async fn run(
    target: &str,
    connections: usize,
    until: &str,
    provider: &str,
    [prefer, more]: [&str; 2],
) -> io::Result<()> {
    let (address, path) = target.split_once('/').unwrap_or((target, ""));
    let until = match until.strip_suffix('x') {
        Some(count) => Until::Sent(count.parse().map_err(io::Error::other)?),
        None => Until::Elapsed(Duration::from_secs_f64(
            until.parse().map_err(io::Error::other)?,
        )),
    };
    let request = request(address, path, provider, [prefer, more]);
    let plan = Arc::new(Plan {
        address: address.to_owned(),
        request,
        until,
        started: Instant::now(),
        sent: AtomicU64::new(0),
    });
    let tasks: Vec<_> = (0..connections)
        .map(|_| tokio::spawn(connection(Arc::clone(&plan))))
        .collect();
    let (mut latencies, mut failures) = (Vec::new(), 0);
    for task in tasks {
        let (taken, failed) = task.await.map_err(io::Error::other)??;
        latencies.extend(taken);
        failures += failed;
    }
    let seconds = plan.started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let percentile = |share: f64| {
        latencies
            .get((latencies.len() as f64 * share) as usize)
            .map_or(0.0, |latency| f64::from(*latency) / 1000.0)
    };
    println!(
        "{:.0} {:.3} {:.3} {failures}",
        latencies.len() as f64 / seconds,
        percentile(0.5),
        percentile(0.99)
    );
    Ok(())
}

/// Request that posts an action of 400 bytes of JSON.
fn request(address: &str, path: &str, provider: &str, [prefer, more]: [&str; 2]) -> Vec<u8> {
    let head = format!(
        r#"{{"namespace":"incidents","tenant":"acme","provider":"{provider}","action_type":"notify","metadata":{{"severity":"critical","team":"pay"}},"payload":{{"toparty":"12|15","content":""#
    );
    let comma = if more.is_empty() { "" } else { "," };
    let tail = format!(r#""}}{comma}{more}}}"#);
    let body = format!(
        "{head}{}{tail}",
        "x".repeat(400_usize.saturating_sub(head.len() + tail.len()))
    );
    let prefer = if prefer.is_empty() {
        String::new()
    } else {
        format!("prefer: {prefer}\r\n")
    };
    format!(
        "POST /{path} HTTP/1.1\r\nhost: {address}\r\ncontent-type: application/json\r\n{prefer}content-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

#[expect(clippy::disallowed_methods, reason = "a loader measures time")]
async fn connection(plan: Arc<Plan>) -> io::Result<(Vec<u32>, u64)> {
    let mut stream = TcpStream::connect(&plan.address).await?;
    stream.set_nodelay(true)?;
    let (mut latencies, mut failures, mut buffer) = (Vec::new(), 0, vec![0; 16 * 1024]);
    loop {
        let go = match plan.until {
            Until::Elapsed(limit) => plan.started.elapsed() < limit,
            Until::Sent(count) => plan.sent.fetch_add(1, Ordering::Relaxed) < count,
        };
        if !go {
            return Ok((latencies, failures));
        }
        let before = Instant::now();
        stream.write_all(&plan.request).await?;
        let ok = read_answer(&mut stream, &mut buffer).await?;
        latencies.push(u32::try_from(before.elapsed().as_micros()).unwrap_or(u32::MAX));
        failures += u64::from(!ok);
    }
}

/// Reads an answer that has a content length; `true` when its status is a success and its outcome no failure.
async fn read_answer(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<bool> {
    let mut filled = 0;
    loop {
        let read = stream.read(&mut buffer[filled..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        filled += read;
        let Some(head) = buffer[..filled]
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
        else {
            continue;
        };
        let text = String::from_utf8_lossy(&buffer[..head]).to_ascii_lowercase();
        let length: usize = text
            .split("content-length:")
            .nth(1)
            .and_then(|rest| rest.lines().next()?.trim().parse().ok())
            .unwrap_or(0);
        if filled >= head + 4 + length {
            let body = &buffer[head + 4..filled];
            let ok = text.starts_with("http/1.1 20") && !body.starts_with(br#"{"Failed"#);
            if !ok {
                eprintln!(
                    "{}: {}",
                    text.lines().next().unwrap_or_default(),
                    String::from_utf8_lossy(body)
                );
            }
            return Ok(ok);
        }
    }
}
