//! What the sandbox costs: a signed webhook through the connector's logic in this process, and through
//! the built component, in one instance for all calls and with a fresh instance for each, as the hub
//! does it. Run with
//! `cargo bench -p linecard-messenger --bench webhook`.

use std::sync::Arc;
use std::time::{Duration, Instant};

use linecard_graph::testing::{host, signed};
use linecard_messenger::Messenger;
use linecard_model::ChannelId;
use linecard_model::platform::WebhookRequest;
use linecard_sandbox::{
    ChannelContext, HttpClient, HttpClientConfig, Reused, Sandbox, SandboxConfig, Secret,
    SecretSource,
};
use linecard_sdk::connector::{Channel, Connector as _};
use serde_json::json;

const CALLS: u32 = 5_000;
const ROUNDS: u32 = 8;

/// What the sandbox may cost a call over the same logic in this process.
const GOAL_MICROS: f64 = 40.0;

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
    let filled = linecard_schema::check_config(&plugin.manifest().config_schema, &config)
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
    let mut reused = runtime
        .block_on(Reused::new(&connector, &context))
        .expect("an instance can be made");
    let _host = host().install();
    // Round by round, and the fastest counts: what else the machine does only ever adds.
    let mut fastest = [Duration::MAX; 3];
    for _ in 0..ROUNDS {
        let native = timed(|| {
            for _ in 0..CALLS {
                let reception = Messenger::receive(&channel, &request).expect("it is taken");
                assert_eq!(reception.events.len(), 1);
            }
        });
        let one_instance = timed(|| {
            runtime.block_on(async {
                for _ in 0..CALLS {
                    let reception = reused.receive(copy(&request)).await;
                    let reception = reception.expect("it works").expect("it is taken");
                    assert_eq!(reception.events.len(), 1);
                }
            });
        });
        let fresh = timed(|| {
            runtime.block_on(async {
                for _ in 0..CALLS {
                    let reception = connector.receive(&context, copy(&request)).await;
                    let reception = reception.expect("it works").expect("it is taken");
                    assert_eq!(reception.events.len(), 1);
                }
            });
        });
        for (least, time) in fastest.iter_mut().zip([native, one_instance, fresh]) {
            *least = time.min(*least);
        }
    }
    let [native, reused, fresh] = fastest.map(|time| time.as_secs_f64() * 1e6 / f64::from(CALLS));
    println!("a signed webhook, the fastest of {ROUNDS} rounds of {CALLS} calls:");
    println!("in this process      {native:6.1} µs");
    for (name, time) in [("in one instance", reused), ("in a fresh instance", fresh)] {
        println!(
            "{name:<20} {time:6.1} µs: {:.1} µs more, ratio {:.1}",
            time - native,
            time / native,
        );
    }
    println!(
        "a fresh instance costs {:.1} µs more than one that is reused; the goal is at most {GOAL_MICROS:.0} µs over native: {}",
        fresh - reused,
        if fresh - native <= GOAL_MICROS {
            "met"
        } else {
            "missed"
        },
    );
}

fn timed(body: impl FnOnce()) -> Duration {
    let start = Instant::now();
    body();
    start.elapsed()
}

fn copy(request: &linecard_sdk::connector::WebhookRequest) -> WebhookRequest {
    WebhookRequest {
        method: request.method.clone(),
        path: request.path.clone(),
        url: None,
        query: request.query.clone(),
        headers: request.headers.clone(),
        body: request.body.clone(),
    }
}
