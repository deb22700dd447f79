//! A lean load generator: prepared requests over kept connections, so that what is measured is the
//! server and not the client.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use linecard_simulator::graph::webhook;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// Signed webhooks, ready to be written to a connection, from `customers` customers in turn. The
/// first customer's number is `first`.
pub fn webhooks(
    page: &str,
    secret: &str,
    path: &str,
    label: &str,
    count: usize,
    customers: (usize, usize),
) -> Vec<Vec<u8>> {
    let text = "Hello, my parcel has not come yet. Can you look where it is? Order 4711 — danke!";
    saying(page, secret, path, label, (count, text), customers)
}

/// The same, with a text of their own.
pub fn saying(
    page: &str,
    secret: &str,
    path: &str,
    label: &str,
    (count, text): (usize, &str),
    (first, customers): (usize, usize),
) -> Vec<Vec<u8>> {
    (0..count)
        .map(|number| {
            let body = webhook::text_message(
                page,
                &format!("{}", first + number % customers),
                &format!("m_{label}_{number}"),
                now_ms(),
                text,
            );
            let signed = webhook::signed(secret, &body);
            let mut request = format!(
                "POST {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                 x-hub-signature-256: {}\r\ncontent-length: {}\r\n\r\n",
                signed.signature,
                signed.bytes.len()
            )
            .into_bytes();
            request.extend_from_slice(&signed.bytes);
            request
        })
        .collect()
}

pub fn now_ms() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |t| i64::try_from(t.as_millis()).unwrap_or(0))
}

/// What came of a run.
pub struct Run {
    /// From the first request to the last answer.
    pub time: Duration,
    /// How long each request took, sorted.
    pub latencies: Vec<Duration>,
}

impl Run {
    pub fn rate(&self) -> f64 {
        self.latencies.len() as f64 / self.time.as_secs_f64()
    }

    pub fn percentile(&self, percent: f64) -> Duration {
        percentile(&self.latencies, percent)
    }
}

pub fn percentile(sorted: &[Duration], percent: f64) -> Duration {
    let place = (sorted.len() as f64 * percent / 100.0) as usize;
    sorted
        .get(place.min(sorted.len().saturating_sub(1)))
        .copied()
        .unwrap_or_default()
}

/// Sends all requests over so many connections: as fast as they are answered, or at a rate a second.
/// With a rate, a request's time counts from when it was due. `sent` is told each request's place.
pub async fn run(
    address: SocketAddr,
    requests: Arc<Vec<Vec<u8>>>,
    connections: usize,
    rate: Option<f64>,
    sent: impl Fn(usize, Instant) + Send + Sync + 'static,
) -> Result<Run> {
    let next = Arc::new(AtomicUsize::new(0));
    let sent = Arc::new(sent);
    let start = Instant::now();
    let mut workers = JoinSet::new();
    for _ in 0..connections {
        let (next, requests, sent) = (Arc::clone(&next), Arc::clone(&requests), Arc::clone(&sent));
        workers.spawn(async move {
            let mut stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            let mut latencies = Vec::new();
            let mut buffer = Vec::with_capacity(4096);
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                let Some(request) = requests.get(place) else {
                    return Ok::<_, anyhow::Error>(latencies);
                };
                let mut began = Instant::now();
                if let Some(rate) = rate {
                    let due = start + Duration::from_secs_f64(place as f64 / rate);
                    tokio::time::sleep_until(due.into()).await;
                    began = due;
                }
                sent(place, began);
                stream.write_all(request).await?;
                answer(&mut stream, &mut buffer).await?;
                latencies.push(began.elapsed());
            }
        });
    }
    let mut latencies = Vec::with_capacity(requests.len());
    while let Some(worker) = workers.join_next().await {
        latencies.extend(worker??);
    }
    let time = start.elapsed();
    ensure!(latencies.len() == requests.len(), "not all were sent");
    latencies.sort_unstable();
    Ok(Run { time, latencies })
}

async fn answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<()> {
    buffer.clear();
    loop {
        if let Some(end) = buffer.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = std::str::from_utf8(&buffer[..end])?.to_ascii_lowercase();
            if !head.starts_with("http/1.1 200") {
                bail!("{}", String::from_utf8_lossy(buffer));
            }
            let length: usize = head
                .lines()
                .find_map(|line| line.strip_prefix("content-length:"))
                .context("no content-length")?
                .trim()
                .parse()?;
            while buffer.len() < end + 4 + length {
                more(stream, buffer).await?;
            }
            return Ok(());
        }
        more(stream, buffer).await?;
    }
}

async fn more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> Result<()> {
    let read = stream.read_buf(buffer).await?;
    ensure!(read > 0, "the server closed the connection");
    Ok(())
}
