//! The connections that people and networks hold: how many there may be, and how long one may be silent.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep};
use tokio_io_timeout::TimeoutStream;
use tower_http::add_extension::AddExtension;

/// How long a connection that is written to may take nothing before it is closed.
const SLOW_READER: Duration = Duration::from_secs(30);
/// How long a new connection may say nothing.
const FIRST_BYTE: Duration = Duration::from_secs(15);
/// How long a connection may carry nothing in either direction. Event streams show every 15 seconds that
/// they live.
const IDLE: Duration = Duration::from_secs(75);
/// How many connections there may be beyond all others, for whoever asks how the hub fares.
const RESERVE: usize = 16;
/// For how long one of those may be there.
const RESERVED_FOR: Duration = Duration::from_secs(5);

/// Whether a connection is one of the reserve: then the hub says only how it fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IsReserve(pub bool);

/// Accepts connections as long as there are places for them.
///
/// A reader may be slow, but not endlessly: what cannot be written for [`SLOW_READER`] closes the
/// connection, so that nobody who does not read holds anything.
#[derive(Debug, Clone)]
pub(super) struct Doorkeeper {
    places: Arc<Semaphore>,
    reserve: Arc<Semaphore>,
}

impl Doorkeeper {
    /// For so many connections at a time.
    pub(super) fn new(most: usize) -> Self {
        Self {
            places: Arc::new(Semaphore::new(most.min(Semaphore::MAX_PERMITS))),
            reserve: Arc::new(Semaphore::new(RESERVE)),
        }
    }
}

type Accepted<S> = (Pin<Box<Watched>>, AddExtension<S, IsReserve>);

impl<S: Send + 'static> Accept<TcpStream, S> for Doorkeeper {
    type Stream = Pin<Box<Watched>>;
    type Service = AddExtension<S, IsReserve>;
    type Future = Pin<Box<dyn Future<Output = io::Result<Accepted<S>>> + Send>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let place = Arc::clone(&self.places).try_acquire_owned();
        let is_reserve = place.is_err();
        let place = place.or_else(|_| Arc::clone(&self.reserve).try_acquire_owned());
        Box::pin(async move {
            // Without a place the connection is closed at once.
            let place = place.map_err(|_| io::Error::other("there are too many connections"))?;
            // Events are small and wanted at once.
            stream.set_nodelay(true)?;
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(SLOW_READER));
            let watched = Watched {
                stream: Box::pin(stream),
                allowed: if is_reserve { RESERVED_FOR } else { FIRST_BYTE },
                last: Instant::now(),
                alarm: Box::pin(sleep(FIRST_BYTE.min(RESERVED_FOR))),
                is_reserve,
                _place: place,
            };
            let service = AddExtension::new(service, IsReserve(is_reserve));
            Ok((Box::pin(watched), service))
        })
    }
}

/// A connection that ends when it has been silent for too long.
pub(super) struct Watched {
    stream: Pin<Box<TimeoutStream<TcpStream>>>,
    /// For how long it may be silent.
    allowed: Duration,
    /// When it last carried something.
    last: Instant,
    alarm: Pin<Box<Sleep>>,
    is_reserve: bool,
    _place: OwnedSemaphorePermit,
}

impl Watched {
    fn carried(&mut self) {
        // One of the reserve has its time, whatever it carries.
        if !self.is_reserve {
            self.last = Instant::now();
            self.allowed = IDLE;
        }
    }

    /// Ready when it has been silent for too long.
    fn poll_silence(&mut self, context: &mut Context<'_>) -> Poll<()> {
        loop {
            ready!(self.alarm.as_mut().poll(context));
            let end = self.last + self.allowed;
            if end <= Instant::now() {
                return Poll::Ready(());
            }
            self.alarm.as_mut().reset(end);
        }
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        match this.stream.as_mut().poll_read(context, buffer) {
            Poll::Ready(result) => {
                if buffer.filled().len() > before {
                    this.carried();
                }
                Poll::Ready(result)
            }
            Poll::Pending => {
                ready!(this.poll_silence(context));
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            }
        }
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = ready!(this.stream.as_mut().poll_write(context, buffer));
        this.carried();
        Poll::Ready(result)
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.as_mut().poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().stream.as_mut().poll_shutdown(context)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffers: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let result = ready!(this.stream.as_mut().poll_write_vectored(context, buffers));
        this.carried();
        Poll::Ready(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}
