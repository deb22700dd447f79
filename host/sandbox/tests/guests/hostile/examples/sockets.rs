//! The connector with a socket.

#[path = "connector/main.rs"]
mod connector;

/// Exported, so that it is not left out as unused.
#[unsafe(no_mangle)]
pub extern "C" fn connects() -> bool {
    std::net::TcpStream::connect("127.0.0.1:1").is_ok()
}
