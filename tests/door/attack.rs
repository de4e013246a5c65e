//! Senders that hold the push door: silent ones, slow ones, and ones that break off. The bench `door` measures with many
//! what the tests check with few.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// The secret of every source that is attacked.
pub const SECRET: &str = "a secret of twenty-six let";
/// Pause between two bytes of a slow sender.
const DRIBBLE: Duration = Duration::from_millis(500);
/// Pause before a sender that was cut off comes again.
const AGAIN: Duration = Duration::from_millis(100);

/// How many senders of each kind attack.
#[derive(Debug, Clone, Copy)]
pub struct Attackers {
    /// They connect and say nothing.
    pub idle: usize,
    /// They send a byte now and then: half of them of a head, half of them of a body that nobody has asked for.
    pub dribbling: usize,
    /// They know a secret and break off in the middle of a body.
    pub breaking: usize,
}

/// An attack that goes on until the value is dropped.
pub struct Attack {
    _runtime: tokio::runtime::Runtime,
    is_over: Arc<AtomicBool>,
    connected: Arc<AtomicU64>,
    broken_off: Arc<AtomicU64>,
}

impl Drop for Attack {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
    }
}

impl Attack {
    /// Starts an attack. Those that break off take the sources in turn.
    pub fn start(address: SocketAddr, attackers: Attackers, sources: &[&str]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let (is_over, connected, broken_off) = (Arc::default(), Arc::default(), Arc::default());
        let attack = Self { _runtime: runtime, is_over, connected, broken_off };
        for _ in 0..attackers.idle {
            attack.repeat(move |connected| stay_idle(address, connected));
        }
        for nth in 0..attackers.dribbling {
            let head =
                if nth % 2 == 0 { "POST /push/".to_owned() } else { format!("{}\r\n", write_head("s0", "no", 9)) };
            attack.repeat(move |connected| dribble(address, head.clone(), connected));
        }
        for nth in 0..attackers.breaking {
            let head = write_head(sources[nth % sources.len()], SECRET, 100_000);
            let broken_off = Arc::clone(&attack.broken_off);
            attack.repeat(move |connected| break_off(address, head.clone(), connected, Arc::clone(&broken_off)));
        }
        attack
    }

    /// Returns how many connections were made, and how many bodies were broken off.
    pub fn counts(&self) -> (u64, u64) {
        (self.connected.load(Ordering::SeqCst), self.broken_off.load(Ordering::SeqCst))
    }

    fn repeat<F: Future<Output = std::io::Result<()>> + Send>(
        &self,
        once: impl Fn(Arc<AtomicU64>) -> F + Send + 'static,
    ) {
        let (is_over, connected) = (Arc::clone(&self.is_over), Arc::clone(&self.connected));
        self._runtime.spawn(async move {
            while !is_over.load(Ordering::SeqCst) {
                let _ = once(Arc::clone(&connected)).await;
                tokio::time::sleep(AGAIN).await;
            }
        });
    }
}

/// Writes the head of a push without the empty line at its end.
fn write_head(source: &str, secret: &str, length: usize) -> String {
    format!(
        "POST /push/{source} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {secret}\r\nidempotency-key: broken\r\n\
         content-length: {length}\r\n"
    )
}

async fn connect(address: SocketAddr, connected: Arc<AtomicU64>) -> std::io::Result<TcpStream> {
    let stream = TcpStream::connect(address).await?;
    connected.fetch_add(1, Ordering::SeqCst);
    Ok(stream)
}

/// Waits until the other side closes the connection.
async fn stay_idle(address: SocketAddr, connected: Arc<AtomicU64>) -> std::io::Result<()> {
    let mut stream = connect(address, connected).await?;
    stream.read_to_end(&mut vec![]).await.map(|_| ())
}

async fn dribble(address: SocketAddr, head: String, connected: Arc<AtomicU64>) -> std::io::Result<()> {
    let mut stream = connect(address, connected).await?;
    stream.write_all(head.as_bytes()).await?;
    loop {
        stream.write_all(b"a").await?;
        tokio::time::sleep(DRIBBLE).await;
    }
}

async fn break_off(
    address: SocketAddr,
    head: String,
    connected: Arc<AtomicU64>,
    broken_off: Arc<AtomicU64>,
) -> std::io::Result<()> {
    let mut stream = connect(address, connected).await?;
    stream.write_all(format!("{head}\r\n").as_bytes()).await?;
    stream.write_all(&[b' '; 50_000]).await?;
    broken_off.fetch_add(1, Ordering::SeqCst);
    Ok(())
}
