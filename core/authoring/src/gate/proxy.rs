//! Simulates platform faults: a proxy on loopback that spoils the next answer on request and forwards all others.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// How an answer is spoiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpoiledAnswer {
    /// This status without a body, with a `Retry-After` of seven seconds.
    Status(u16),
    /// Half of the body, then the connection is closed.
    Cut,
    /// A login page with status 200.
    LoginPage,
    /// Another body, with status 200.
    Body(Vec<u8>),
}

/// The proxy; dropping it stops it.
pub struct Proxy {
    address: SocketAddr,
    next: Arc<Mutex<Option<SpoiledAnswer>>>,
    server: JoinHandle<()>,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Proxy {
    /// Starts a proxy in front of `http://HOST:PORT`.
    pub async fn start_before(upstream: &str) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let next: Arc<Mutex<Option<SpoiledAnswer>>> = Arc::default();
        let upstream = upstream.trim_start_matches("http://").trim_end_matches('/').to_owned();
        let told = next.clone();
        let server = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (upstream, told) = (upstream.clone(), told.clone());
                tokio::spawn(async move { serve_request(client, &upstream, &told).await });
            }
        });
        Ok(Self { address, next, server })
    }

    /// The proxy's address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Spoils the next answer. POST requests count as token requests and are never spoiled.
    pub fn spoil_next(&self, how: SpoiledAnswer) {
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = Some(how);
    }

    /// Returns whether the last fault has been used.
    pub fn is_spent(&self) -> bool {
        self.next.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }
}

/// Answers one request, then closes the connection.
async fn serve_request(
    mut client: TcpStream,
    upstream: &str,
    told: &Mutex<Option<SpoiledAnswer>>,
) -> std::io::Result<()> {
    let request = read_message(&mut client).await?;
    let line = String::from_utf8_lossy(&request[..request.len().min(300)]).into_owned();
    let about_a_token = line.starts_with("POST ");
    let spoiled = if about_a_token { None } else { told.lock().unwrap_or_else(PoisonError::into_inner).take() };
    let page = |status: &str, kind: &str, body: &[u8]| {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
        );
        [head.as_bytes(), body].concat()
    };
    match spoiled {
        Some(SpoiledAnswer::Status(status)) => {
            let answer = format!(
                "HTTP/1.1 {status} SpoiledAnswer\r\nretry-after: 7\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            client.write_all(answer.as_bytes()).await?;
        }
        Some(SpoiledAnswer::LoginPage) => {
            let form = "<html><body><form>登录</form></body></html>";
            client.write_all(&page("200 OK", "text/html; charset=utf-8", form.as_bytes())).await?;
        }
        Some(SpoiledAnswer::Body(body)) => client.write_all(&page("200 OK", "application/octet-stream", &body)).await?,
        Some(SpoiledAnswer::Cut) => {
            let answer = forward_request(&request, upstream).await?;
            let head = answer.windows(4).position(|w| w == b"\r\n\r\n").map_or(0, |at| at + 4);
            client.write_all(&answer[..head + (answer.len() - head) / 2]).await?;
        }
        None => client.write_all(&forward_request(&request, upstream).await?).await?,
    }
    client.shutdown().await
}

async fn forward_request(request: &[u8], upstream: &str) -> std::io::Result<Vec<u8>> {
    let mut server = TcpStream::connect(upstream).await?;
    // Ask the server to close the connection, so that its end marks the end of the answer.
    let head = request.windows(2).position(|w| w == b"\r\n").map_or(0, |at| at + 2);
    server.write_all(&request[..head]).await?;
    server.write_all(b"connection: close\r\n").await?;
    server.write_all(&request[head..]).await?;
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).await?;
    Ok(answer)
}

/// Reads a request's head and its body, whose length is in the Content-Length header.
pub(crate) async fn read_message(client: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    let mut message = Vec::new();
    let mut buffer = [0u8; 4096];
    loop {
        let n = client.read(&mut buffer).await?;
        message.extend_from_slice(&buffer[..n]);
        let head = message.windows(4).position(|w| w == b"\r\n\r\n").map(|at| at + 4);
        let length = |head: usize| -> usize {
            let text = String::from_utf8_lossy(&message[..head]).to_lowercase();
            text.lines().find_map(|l| l.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0)
        };
        if n == 0 || head.is_some_and(|head| message.len() >= head + length(head)) {
            return Ok(message);
        }
    }
}
