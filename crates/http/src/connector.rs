//! Connections: straight to a server, to a proxy that passes requests on, or through one to the server. With TLS where the address says `https`.

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

/// Longest that the way to a connection may take: name, address, TLS and proxy. Apart from the time-out of a request, which each has of its own.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection says nothing before the other side is asked whether it is still there, how often, and how many times.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const KEEP_ALIVE_PROBES: u32 = 3;
/// Longest that the other side may leave unconfirmed what it was sent.
#[cfg(target_os = "linux")]
const UNCONFIRMED: Duration = Duration::from_secs(30);

type Tcp = HttpConnector<GuardedResolver>;

/// TLS with the roots that this machine trusts.
#[derive(Clone)]
pub(crate) struct Tls {
    to_servers: Arc<ClientConfig>,
    /// What speaks TLS before a tunnel is made need not speak the protocol of what is behind it.
    to_tunnels: Arc<ClientConfig>,
}

impl Tls {
    /// `None` when there are no usable root certificates.
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

/// What makes connections of a kind.
#[derive(Clone)]
pub(crate) struct Connector {
    straight: HttpsConnector<Tcp>,
    through: Option<Through>,
}

/// The way through a proxy.
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

/// What the way through a proxy fails with.
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

/// A connection.
pub(crate) struct Stream {
    io: Box<dyn Io>,
    /// Whether a proxy reads requests, and passes them on.
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
