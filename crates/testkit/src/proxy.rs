//! TCP proxy that does to connections what networks do: it cuts them, holds back what they carry, slows them down, or redirects them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// State of the link between client and server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Bytes are carried at once.
    Up,
    /// Open connections are closed, and new ones at once.
    Cut,
    /// Connections stay open, and carry nothing until the link changes.
    Silent,
    /// Bytes are carried after this delay.
    Slow(Duration),
}

#[derive(Clone, Copy)]
struct State {
    link: Link,
    target: SocketAddr,
    /// Number of times that all open connections were closed.
    closures: u64,
}

/// TCP proxy before a server; it stops when it is dropped.
pub struct FaultProxy {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// Starts a proxy to `target` on a free port of this machine.
    pub async fn start(target: SocketAddr) -> std::io::Result<Self> {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), target).await
    }

    /// Starts a proxy to `target` at an address, such as that of one that was dropped: meanwhile connections were refused.
    pub async fn start_at(address: SocketAddr, target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(
            watch::channel(State {
                link: Link::Up,
                target,
                closures: 0,
            })
            .0,
        );
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self {
            address,
            state,
            accepting,
        })
    }

    /// Address that the proxy listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sets the link, for open connections and for new ones.
    pub fn set(&self, link: Link) {
        self.state.send_modify(|state| state.link = link);
    }

    /// Closes the open connections, with what they were about to carry. New ones find the link up.
    pub fn close_all(&self) {
        self.state.send_modify(|state| {
            *state = State {
                link: Link::Up,
                closures: state.closures + 1,
                ..*state
            }
        });
    }

    /// Sets the link for a time, after which it is up.
    pub async fn set_for(&self, link: Link, lasts: Duration) {
        self.set(link);
        tokio::time::sleep(lasts).await;
        self.set(Link::Up);
    }

    /// Redirects new connections to another server, and closes the open ones.
    pub fn redirect_to(&self, target: SocketAddr) {
        self.state.send_modify(|state| {
            *state = State {
                link: Link::Up,
                target,
                closures: state.closures + 1,
            }
        });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<watch::Sender<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        let opened = *state.borrow();
        if opened.link != Link::Cut {
            tokio::spawn(carry(client, opened, state.subscribe()));
        }
    }
}

async fn carry(client: TcpStream, opened: State, mut state: watch::Receiver<State>) {
    let Ok(server) = TcpStream::connect(opened.target).await else {
        return;
    };
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = tokio::spawn(copy(from_client, to_server, opened, state.clone()));
    let back = tokio::spawn(copy(from_server, to_client, opened, state.clone()));
    let aborts = [there.abort_handle(), back.abort_handle()];
    let ended = async { drop(tokio::join!(there, back)) };
    let cut = async { drop(state.wait_for(|state| is_cut(state, opened)).await) };
    tokio::select! {
        () = ended => {}
        () = cut => {}
    }
    aborts.iter().for_each(tokio::task::AbortHandle::abort);
}

/// Whether a connection that was opened in one state must be closed in another.
fn is_cut(state: &State, opened: State) -> bool {
    state.link == Link::Cut || state.closures != opened.closures
}

async fn copy(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    opened: State,
    mut state: watch::Receiver<State>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let link = state.borrow().link;
        if let Link::Slow(delay) = link {
            tokio::time::sleep(delay).await;
        }
        let is_carried = state
            .wait_for(|state| state.link != Link::Silent)
            .await
            .is_ok_and(|state| !is_cut(&state, opened));
        if !is_carried || to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
}
