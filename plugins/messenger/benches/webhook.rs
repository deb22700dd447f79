//! What the sandbox costs: a signed webhook through the connector's logic in this process, and through
//! the built component with a fresh instance for each call. Run with
//! `cargo bench -p linecard-messenger --bench webhook`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use linecard_graph::testing::{host, signed};
use linecard_messenger::Messenger;
use linecard_model::ChannelId;
use linecard_model::platform::WebhookRequest;
use linecard_sandbox::{
    ChannelContext, HttpClient, HttpClientConfig, Sandbox, SandboxConfig, Secret, SecretSource,
};
use linecard_sdk::connector::{Channel, Connector as _};
use serde_json::json;

const CALLS: u32 = 20_000;

struct AppSecret(Secret);

impl SecretSource for AppSecret {
    fn get(&self, name: &str) -> Option<Secret> {
        (name == "app-secret").then(|| self.0.clone())
    }
}

fn main() {
    // `cargo test --benches` starts this too; there is nothing to test.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let body = json!({ "object": "page", "entry": [{ "id": "100000000000001", "time": 1_767_225_600_000_u64,
        "messaging": [{ "sender": { "id": "6001" }, "recipient": { "id": "100000000000001" },
            "timestamp": 1_767_225_599_000_u64,
            "message": { "mid": "m_1", "text": "Where is my parcel? It should have come on Tuesday." } }] }] });
    let request = signed(body.to_string());
    let config = json!({ "page_id": "100000000000001" });
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be started");
    let component =
        linecard_testkit::build(&linecard_testkit::this_crate!()).expect("the component builds");
    let wasm = std::fs::read(component).expect("the component can be read");
    let sandbox = Sandbox::new(SandboxConfig::default()).expect("the engine starts");
    let plugin = runtime
        .block_on(sandbox.load(&wasm, "messenger.wasm"))
        .expect("the component loads");
    let filled = linecard_sandbox::check_config(plugin.manifest(), &config)
        .expect("the configuration is right")
        .to_string();
    let connector = plugin.connector().expect("it is a connector");
    let http = HttpClient::new(&HttpClientConfig::default()).expect("the client can be made");
    let id = ChannelId::new("page").expect("it is an id");
    let mut context = ChannelContext::new(id, filled, Arc::new(http));
    let kind = linecard_model::manifest::SecretKind::HmacKey;
    let secret = Secret::from_json(kind, &json!("app-secret")).expect("it is a key");
    context.secrets = Arc::new(AppSecret(secret));

    let channel = Channel::new("page", &config);
    let mut native = Duration::ZERO;
    let mut sandboxed = Duration::ZERO;
    for round in 0..2 {
        let start = Instant::now();
        let _host = host().install();
        for _ in 0..CALLS {
            let reception = Messenger::receive(&channel, &request).expect("it is taken");
            assert_eq!(reception.events.len(), 1);
        }
        native = start.elapsed();
        let start = Instant::now();
        runtime.block_on(async {
            for _ in 0..CALLS {
                let given = WebhookRequest {
                    method: request.method.clone(),
                    path: request.path.clone(),
                    query: request.query.clone(),
                    headers: request.headers.clone(),
                    body: request.body.clone(),
                };
                let reception = connector.receive(&context, given).await;
                let reception = reception.expect("it works").expect("it is taken");
                assert_eq!(reception.events.len(), 1);
            }
        });
        sandboxed = start.elapsed();
        if round == 0 {
            println!("warmed up");
        }
    }
    let each = |time: Duration| time.as_secs_f64() * 1e6 / f64::from(CALLS);
    println!(
        "native {:.1} µs, in a fresh instance {:.1} µs: {:.1} µs more, ratio {:.1}",
        each(native),
        each(sandboxed),
        each(sandboxed) - each(native),
        each(sandboxed) / each(native),
    );
}
