//! How long one call of a connector takes: a fresh instance, a trivial handler, and the conversion
//! both ways. Run with `cargo bench -p linecard-sandbox`.

#[path = "../tests/support/mod.rs"]
#[allow(dead_code)] // The benchmark needs a part of it.
mod support;

use std::time::Instant;

use linecard_sandbox::Limits;

const CALLS: u32 = 20_000;

fn main() {
    // `cargo test --benches` starts this too; there is nothing to test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .expect("a runtime can be started");
    runtime.block_on(async {
        let connector = support::connector(Limits::default()).await;
        let channel = support::channel("echo");
        for round in ["warm-up", "measured"] {
            let start = Instant::now();
            for _ in 0..CALLS {
                let reception = support::receive_on(&connector, &channel, b"hello").await;
                assert_eq!(reception.expect("it works").response.body, b"hello");
            }
            let each = start.elapsed() / CALLS;
            println!("{round}: {:.1} µs a call", each.as_secs_f64() * 1e6);
        }
    });
}
