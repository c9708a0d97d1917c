//! Forwarder of callbacks: WeChat Work knows one address, behind which there are gateways that come and go.

use std::sync::{Arc, Mutex};

use tokio::net::{TcpListener, TcpStream};

use crate::support::Client;

/// Address behind which the gateways that are there take turns.
pub(super) async fn forward(clients: Arc<Mutex<Vec<Client>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        let mut turn = 0;
        while let Ok((mut from, _)) = listener.accept().await {
            turn += 1;
            let base = {
                let clients = clients.lock().expect("a lock");
                let place = turn % clients.len().max(1);
                clients.get(place).map(|client| client.base().to_owned())
            };
            tokio::spawn(async move {
                let Some(base) = base else { return };
                let to = base.trim_start_matches("http://").to_owned();
                if let Ok(mut to) = TcpStream::connect(to).await {
                    // Whoever dies meanwhile cuts it.
                    drop(tokio::io::copy_bidirectional(&mut from, &mut to).await);
                }
            });
        }
    });
    format!("http://{address}")
}
