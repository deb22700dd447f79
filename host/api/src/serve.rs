//! Serves the router on a listener, with TLS if there is a certificate.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::{Extension, Router};
use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::connections::Doorkeeper;

/// How long a client may take to send its headers.
const SLOW_HEADERS: Duration = Duration::from_secs(15);
/// How long open requests get to end at a shutdown.
const GRACE: Duration = Duration::from_secs(10);

/// Tells requests that go on for long that the server is ending.
#[derive(Debug, Clone)]
pub(super) struct Ending(watch::Receiver<bool>);

impl Ending {
    /// Waits for the end.
    pub async fn wait(&mut self) {
        // Without its sender the server has ended.
        let _ = self.0.wait_for(|is_ending| *is_ending).await;
    }
}

/// Where the certificate is.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate and its chain, as PEM.
    pub certificate: PathBuf,
    /// The private key, as PEM.
    pub key: PathBuf,
}

/// A certificate with its key, read and found to belong together.
#[derive(Clone)]
pub struct Tls {
    config: RustlsConfig,
}

impl Tls {
    /// Reads the certificate and the key.
    pub fn load(files: &TlsFiles) -> Result<Self, ServeError> {
        let config = RustlsConfig::from_config(Arc::new(tls_config(files)?));
        Ok(Self { config })
    }

    /// Reads them again, for the connections that come from now on. What cannot be used is refused, and
    /// what was read before stays in use.
    pub fn reload(&self, files: &TlsFiles) -> Result<(), ServeError> {
        self.config.reload_from_config(Arc::new(tls_config(files)?));
        Ok(())
    }
}

/// Why the server cannot serve.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The listener, or a connection, failed.
    #[error("serving HTTP: {0}")]
    Io(#[from] io::Error),
    /// The certificate or key cannot be used.
    #[error("{file} cannot be used for TLS: {detail}")]
    Tls {
        /// The file.
        file: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// How the server takes connections.
#[derive(Clone)]
pub struct Doors {
    /// The certificate, to serve https.
    pub tls: Option<Tls>,
    /// How many connections there may be at a time.
    pub connections: usize,
}

/// Serves until `shutdown` comes, then lets open requests end.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    doors: Doors,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let handle = Handle::<SocketAddr>::new();
    let stopping = handle.clone();
    let (end, ending) = watch::channel(false);
    tokio::spawn(async move {
        shutdown.await;
        // Event streams would go on until the grace is over.
        end.send_replace(true);
        stopping.graceful_shutdown(Some(GRACE));
        // Streams that open now end at once, as long as anybody listens to the sender.
        end.closed().await;
    });
    let service = router
        .layer(Extension(Ending(ending)))
        .into_make_service_with_connect_info::<SocketAddr>();
    let mut server = axum_server::Server::from_listener(listener).handle(handle);
    server
        .http_builder()
        .http1()
        .timer(hyper_util::rt::TokioTimer::new())
        .header_read_timeout(SLOW_HEADERS);
    let doorkeeper = Doorkeeper::new(doors.connections);
    match doors.tls {
        None => server.acceptor(doorkeeper).serve(service).await?,
        Some(tls) => {
            let acceptor = RustlsAcceptor::new(tls.config).acceptor(doorkeeper);
            server.acceptor(acceptor).serve(service).await?;
        }
    }
    Ok(())
}

fn tls_config(files: &TlsFiles) -> Result<rustls::ServerConfig, ServeError> {
    let fault = |file: &PathBuf, detail: &dyn std::fmt::Display| ServeError::Tls {
        file: file.display().to_string(),
        detail: detail.to_string(),
    };
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|e| {
            fault(
                &files.certificate,
                &format!("no certificate in PEM form ({e})"),
            )
        })?;
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|e| fault(&files.key, &format!("no private key in PEM form ({e})")))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| fault(&files.certificate, &e))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|e| {
            let key = files.key.display();
            fault(
                &files.certificate,
                &format!("it does not belong to the key {key} ({e})"),
            )
        })?;
    // HTTP/2 first: a browser opens six connections at most otherwise, and each tab's event stream holds
    // one.
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
