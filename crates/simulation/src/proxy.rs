//! A TCP proxy that does to connections what networks do: cut them, swallow what they carry, slow them down, lead them elsewhere.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// What happens to connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    /// Nothing.
    Fair,
    /// They are closed, and new ones as well.
    Cut,
    /// They stay open, and carry nothing until the weather changes.
    Silent,
    /// Whatever they carry comes so much later.
    Slow(Duration),
}

#[derive(Clone, Copy)]
struct State {
    weather: Weather,
    target: SocketAddr,
}

/// A proxy before a server.
pub struct FaultProxy {
    address: SocketAddr,
    state: Arc<watch::Sender<State>>,
    accepting: JoinHandle<()>,
}

impl FaultProxy {
    /// Listens on a free port.
    pub async fn start(target: SocketAddr) -> std::io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let state = Arc::new(watch::channel(State { weather: Weather::Fair, target }).0);
        let accepting = tokio::spawn(accept(listener, Arc::clone(&state)));
        Ok(Self { address, state, accepting })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the weather, for what is open and for what comes.
    pub fn set(&self, weather: Weather) {
        self.state.send_modify(|state| state.weather = weather);
    }

    /// Changes the weather for a while.
    pub async fn spell(&self, weather: Weather, lasts: Duration) {
        self.set(weather);
        tokio::time::sleep(lasts).await;
        self.set(Weather::Fair);
    }

    /// Leads new connections elsewhere, and closes those that are open.
    pub fn lead_to(&self, target: SocketAddr) {
        self.set(Weather::Cut);
        self.state.send_modify(|state| *state = State { weather: Weather::Fair, target });
    }
}

impl Drop for FaultProxy {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, state: Arc<watch::Sender<State>>) {
    while let Ok((client, _)) = listener.accept().await {
        let State { weather, target } = *state.borrow();
        if weather != Weather::Cut {
            tokio::spawn(carry(client, target, state.subscribe()));
        }
    }
}

async fn carry(client: TcpStream, target: SocketAddr, mut state: watch::Receiver<State>) {
    let Ok(server) = TcpStream::connect(target).await else { return };
    drop((client.set_nodelay(true), server.set_nodelay(true)));
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let there = tokio::spawn(copy(from_client, to_server, state.clone()));
    let back = tokio::spawn(copy(from_server, to_client, state.clone()));
    let aborts = [there.abort_handle(), back.abort_handle()];
    let ended = async { drop(tokio::join!(there, back)) };
    let cut = async { drop(state.wait_for(|state| state.weather == Weather::Cut || state.target != target).await) };
    tokio::select! {
        () = ended => {}
        () = cut => {}
    }
    aborts.iter().for_each(tokio::task::AbortHandle::abort);
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut state: watch::Receiver<State>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let weather = state.borrow().weather;
        if let Weather::Slow(delay) = weather {
            tokio::time::sleep(delay).await;
        }
        if state.wait_for(|state| state.weather != Weather::Silent).await.is_err() || to.write_all(&buffer[..count]).await.is_err() {
            break;
        }
    }
}
