//! What can go wrong while a simulator is started or driven.

use std::net::SocketAddr;

/// An error of a simulator itself; what a simulated network refuses is an answer, not an error.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// The address to listen on is taken or not ours.
    #[error("cannot listen on {listen}: {source}; choose a free address, or port 0 for any")]
    Listen {
        /// The address that was asked for.
        listen: SocketAddr,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The HTTP client could not be built.
    #[error("cannot build the HTTP client that calls the hub: {0}")]
    Client(#[source] reqwest::Error),
    /// Nothing tells where the hub is.
    #[error("the simulated {network} does not know the hub's address; set {setting}")]
    NoHub {
        /// The simulated network.
        network: &'static str,
        /// The setting to fill in.
        setting: &'static str,
    },
    /// The hub could not be reached or did not answer.
    #[error("{what}: {source}")]
    Call {
        /// What was being done.
        what: &'static str,
        /// What the client said.
        source: reqwest::Error,
    },
    /// The hub answered something that the network would not accept.
    #[error("{what}: the hub answered {status} with {body:?}; expected {expected}")]
    Refused {
        /// What was being done.
        what: &'static str,
        /// The HTTP status of the answer.
        status: u16,
        /// The start of the answer's body.
        body: String,
        /// What the network expects.
        expected: String,
    },
}

/// A result whose error is a [`SimulatorError`].
pub type Result<T, E = SimulatorError> = std::result::Result<T, E>;
