//! Connections: directly to a server, to a proxy that forwards requests (`http`), or through a proxy's tunnel to the server (`https`, with TLS inside).

use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::Uri;
use hyper::header::{HeaderMap, HeaderValue, USER_AGENT};
use hyper::http::uri::Scheme;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls_platform_verifier::Verifier;
use tower_service::Service;

use crate::guard::{GuardedResolver, LinkLocal};
use crate::proxy::Proxy;

/// Longest that a connection may take to be made, with name resolution, TLS and proxy. A request that waits for it may end earlier, by its own
/// time-out.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle time before the first TCP keep-alive probe, and the time between probes.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Unanswered probes after which a connection is given up.
const KEEP_ALIVE_PROBES: u32 = 3;
/// Longest that sent bytes may stay unacknowledged before a connection is given up (`TCP_USER_TIMEOUT`).
#[cfg(target_os = "linux")]
const UNCONFIRMED: Duration = Duration::from_secs(30);

type Tcp = HttpConnector<GuardedResolver>;

/// TLS configurations with the root certificates that this machine trusts.
#[derive(Clone)]
pub(crate) struct Tls {
    to_servers: Arc<ClientConfig>,
    /// Without ALPN: a proxy need not offer the protocol of the server behind it.
    to_tunnels: Arc<ClientConfig>,
}

impl Tls {
    /// Loads the root certificates; `None` when none can be used.
    pub(crate) fn load() -> Option<Self> {
        let provider = CryptoProvider::get_default().cloned();
        let provider =
            provider.unwrap_or_else(|| Arc::new(rustls::crypto::aws_lc_rs::default_provider()));
        let verifier = Verifier::new(Arc::clone(&provider)).ok()?;
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(rustls::ALL_VERSIONS)
            .ok()?;
        let to_tunnels = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        let mut to_servers = to_tunnels.clone();
        to_servers.alpn_protocols = vec![b"http/1.1".to_vec()];
        Some(Self {
            to_servers: to_servers.into(),
            to_tunnels: to_tunnels.into(),
        })
    }
}

/// Maker of connections for one client: all direct, or all through one proxy.
#[derive(Clone)]
pub(crate) struct Connector {
    straight: HttpsConnector<Tcp>,
    through: Option<Through>,
}

/// Proxy that connections go through.
#[derive(Clone)]
struct Through {
    proxy: Uri,
    tunnel: HttpsConnector<Tunnel<HttpsConnector<Tcp>>>,
}

impl Connector {
    pub(crate) fn new(
        tls: Tls,
        proxy: Option<Proxy>,
        link_local: LinkLocal,
        user_agent: &'static str,
    ) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(GuardedResolver { link_local });
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(CONNECT_TIMEOUT));
        tcp.set_keepalive(Some(KEEP_ALIVE));
        tcp.set_keepalive_interval(Some(KEEP_ALIVE));
        tcp.set_keepalive_retries(Some(KEEP_ALIVE_PROBES));
        #[cfg(target_os = "linux")]
        tcp.set_tcp_user_timeout(Some(UNCONFIRMED));
        let through = proxy.map(|Proxy { uri, authorization }| {
            let mut tunnel = Tunnel::new(
                uri.clone(),
                HttpsConnector::from((tcp.clone(), tls.to_tunnels)),
            );
            if let Some(authorization) = authorization {
                tunnel = tunnel.with_auth(authorization);
            }
            let headers =
                HeaderMap::from_iter([(USER_AGENT, HeaderValue::from_static(user_agent))]);
            let tunnel =
                HttpsConnector::from((tunnel.with_headers(headers), Arc::clone(&tls.to_servers)));
            Through { proxy: uri, tunnel }
        });
        Self {
            straight: HttpsConnector::from((tcp, tls.to_servers)),
            through,
        }
    }

    async fn connect(mut self, server: Uri) -> Result<Stream, BoxError> {
        Ok(match self.through {
            None => Stream {
                io: Box::new(self.straight.call(server).await?),
                is_proxied: false,
            },
            Some(mut through) if server.scheme() == Some(&Scheme::HTTPS) => Stream {
                io: Box::new(through.tunnel.call(server).await?),
                is_proxied: false,
            },
            Some(through) => {
                let made = self
                    .straight
                    .call(through.proxy)
                    .await
                    .map_err(TunnelError::ConnectFailed)?;
                Stream {
                    io: Box::new(made),
                    is_proxied: true,
                }
            }
        })
    }
}

type BoxError = Box<dyn Error + Send + Sync>;

/// Error of a proxy's tunnel (`CONNECT`). The HTTP client does not export its type, so it is named by where it occurs.
pub(crate) type TunnelError = <Tunnel<HttpsConnector<Tcp>> as Service<Uri>>::Error;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, server: Uri) -> Self::Future {
        let connecting = self.clone().connect(server);
        Box::pin(async move {
            let made = tokio::time::timeout(CONNECT_TIMEOUT, connecting).await;
            made.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()))
        })
    }
}

/// Connection to a server or to a proxy, with or without TLS.
pub(crate) struct Stream {
    io: Box<dyn Io>,
    /// Whether a proxy reads and forwards the requests, which then name the whole address.
    is_proxied: bool,
}

trait Io: Read + Write + Send + Unpin {}

impl<T: Read + Write + Send + Unpin> Io for T {}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_proxied)
    }
}

impl Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_read(cx, buffer)
    }
}

impl Write for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.io).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.io).poll_write_vectored(cx, slices)
    }
}
