//! The embedded store does what every store must do.

use std::sync::{Arc, Mutex};

use linecard_store::{Store, conformance};
use linecard_store_sled::SledStore;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_embedded_store_conforms() {
    let folders = Mutex::new(Vec::new());
    conformance::all(async || {
        let folder = tempfile::tempdir().unwrap();
        let store: Arc<dyn Store> = Arc::new(SledStore::open(folder.path()).unwrap());
        folders.lock().unwrap().push(folder);
        store
    })
    .await;
}
