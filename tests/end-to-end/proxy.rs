//! The hub behind nginx, set up as the README says, under a path of its own.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use futures::future::join_all;
use hmac::{Hmac, Mac as _};
use linecard_tests::{Client, Hub, Networks, SiteOptions, eventually, http_builder, in_full};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use url::Url;

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
/// Long enough on a machine that is busy with other tests; nothing here takes a second.
const PATIENCE: Duration = Duration::from_secs(60);
/// The path under which the README's example has the hub.
const PREFIX: &str = "/care";

/// The program, where it is installed.
fn nginx() -> Result<Option<PathBuf>> {
    let path = std::env::var("PATH").unwrap_or_default();
    // Debian's is where only the administrator looks for programs.
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    let found = folders
        .map(|folder| folder.join("nginx"))
        .find(|file| file.is_file());
    if found.is_none() {
        ensure!(
            !in_full(),
            "nginx is not installed: apt-get install nginx-light"
        );
        println!("skipped: nginx is not installed here");
    }
    Ok(found)
}

/// The block that the README tells people to use.
fn block() -> Result<String> {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md");
    let text = std::fs::read_to_string(readme)?;
    let (_, rest) = text.split_once("```nginx\n").context("a block for nginx")?;
    let (block, _) = rest.split_once("```").context("its end")?;
    Ok(block.to_owned())
}

/// A hub with nginx before it. Dropping it ends both.
struct Proxied {
    hub: Hub,
    networks: Networks,
    proxy: Child,
    address: SocketAddr,
    certificate: rcgen::Certificate,
}

impl Drop for Proxied {
    fn drop(&mut self) {
        // A process that has ended already is what is wanted.
        let _ = self.proxy.kill();
        let _ = self.proxy.wait();
    }
}

impl Proxied {
    /// Starts both; `block` is how nginx is set up.
    async fn start(nginx: &Path, block: String) -> Result<Self> {
        let networks = Networks::start().await?;
        let mut hub = Hub::prepare(BINARY)?;
        hub.environment = networks.secrets();
        for number in [1, 2] {
            let password = (
                format!("PASSWORD_AGENT_{number}"),
                format!("agent-{number}"),
            );
            hub.environment.push(password);
        }
        // Free a moment ago; nothing else on a test machine takes it in between.
        let address = TcpListener::bind(("127.0.0.1", 0))?.local_addr()?;
        let settings = format!(
            "public_url = \"https://localhost:{}{PREFIX}\"\n[http]\ntrusted_proxies = [\"127.0.0.1\"]\n",
            address.port()
        );
        std::fs::write(hub.folder().join("linecard.toml"), settings)?;
        hub.launch().await?;
        let options = SiteOptions {
            agents: 2,
            ..SiteOptions::default()
        };
        hub.apply(&networks.site(&options))?;

        let folder = hub.folder().join("nginx");
        std::fs::create_dir(&folder)?;
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
        std::fs::write(folder.join("cert.pem"), made.cert.pem())?;
        std::fs::write(folder.join("key.pem"), made.signing_key.serialize_pem())?;
        let mut server = block;
        for (written, here) in [
            ("listen 443 ", format!("listen {address} ")),
            (
                "/etc/ssl/hub.pem",
                folder.join("cert.pem").display().to_string(),
            ),
            (
                "/etc/ssl/hub.key",
                folder.join("key.pem").display().to_string(),
            ),
            ("http://127.0.0.1:8440", hub.base()),
            (
                "server_name hub.example.com",
                "server_name localhost".to_owned(),
            ),
        ] {
            ensure!(server.matches(written).count() == 1, "{written}: {server}");
            server = server.replace(written, &here);
        }
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|kind| format!("{kind}_temp_path {};\n", folder.join(kind).display()))
            .concat();
        let config = format!(
            "daemon off;\nmaster_process off;\npid {pid};\nerror_log {errors} info;\nevents {{}}\n\
             http {{\nlog_format counted '$connection $server_protocol $status $request_uri';\n\
             access_log {access} counted;\n{temporary}{server}\n}}\n",
            pid = folder.join("pid").display(),
            errors = folder.join("errors.log").display(),
            access = folder.join("access.log").display(),
        );
        let file = folder.join("nginx.conf");
        std::fs::write(&file, config)?;
        let proxy = Command::new(nginx)
            .arg("-p")
            .arg(&folder)
            .arg("-c")
            .arg(&file)
            .arg("-e")
            .arg(folder.join("errors.log"))
            .stdin(Stdio::null())
            .spawn()?;
        let mut proxied = Self {
            hub,
            networks,
            proxy,
            address,
            certificate: made.cert,
        };
        let stranger = proxied.from("127.0.0.1")?;
        let ready = eventually("nginx leads to the hub", PATIENCE, async || {
            if let Some(status) = proxied.proxy.try_wait()? {
                bail!("nginx ended: {status}");
            }
            let seen = stranger.ask(Method::GET, "/readyz", &[], None).await;
            Ok(seen.ok().filter(|seen| seen.status == StatusCode::OK))
        });
        ready.await.with_context(|| proxied.log("errors.log"))?;
        Ok(proxied)
    }

    fn log(&self, name: &str) -> String {
        let file = self.hub.folder().join("nginx").join(name);
        std::fs::read_to_string(file).unwrap_or_default()
    }

    fn base(&self) -> String {
        format!("https://localhost:{}{PREFIX}", self.address.port())
    }

    fn http(&self, from: &str) -> Result<reqwest::Client> {
        let known = reqwest::Certificate::from_der(self.certificate.der())?;
        let from: Ipv4Addr = from.parse()?;
        let http = http_builder()
            .tls_certs_only([known])
            .resolve("localhost", self.address)
            .local_address(Some(from.into()));
        Ok(http.build()?)
    }

    /// Somebody on a machine of their own.
    fn from(&self, address: &str) -> Result<Client> {
        Ok(Client::through(&self.base(), self.http(address)?))
    }

    async fn sign_in(&self, name: &str, password: &str, from: &str) -> Result<StatusCode> {
        let body = json!({"name": name, "password": password});
        let stranger = self.from(from)?;
        let seen = stranger
            .ask(Method::POST, "/api/v1/session", &[], Some(&body))
            .await?;
        Ok(seen.status)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn people_and_networks_reach_the_hub_through_nginx() -> Result<()> {
    let Some(nginx) = nginx()? else { return Ok(()) };
    let proxied = Proxied::start(&nginx, block()?).await?;
    the_page_and_its_links(&proxied).await?;
    guessing_counts_by_address(&proxied).await?;
    webhooks_keep_their_signature(&proxied).await?;
    streams_share_a_connection_and_are_not_held_back(&proxied).await?;
    Ok(())
}

/// By itself nginx asks by HTTP/1.0, and then holds back what is little.
#[tokio::test(flavor = "multi_thread")]
async fn an_nginx_that_was_told_little_holds_no_event_back() -> Result<()> {
    let Some(nginx) = nginx()? else { return Ok(()) };
    let told = block()?;
    let little = told.replace("proxy_http_version 1.1;", "");
    ensure!(little != told, "{told}");
    let proxied = Proxied::start(&nginx, little).await?;
    streams_share_a_connection_and_are_not_held_back(&proxied).await
}

async fn the_page_and_its_links(proxied: &Proxied) -> Result<()> {
    let http = proxied.http("127.0.0.1")?;
    // The redirects lead under the path, and to what nginx serves.
    let page = http.get(format!("{}/api/", proxied.base())).send().await?;
    ensure!(page.status() == StatusCode::OK, "{page:?}");
    let at = page.url().clone();
    ensure!(at.path() == format!("{PREFIX}/api/docs/"), "{at}");
    let html = page.text().await?;
    let mut links: Vec<Url> = Vec::new();
    for attribute in ["href=\"", "src=\""] {
        for rest in html.split(attribute).skip(1) {
            let link = rest.split('"').next().context("a link")?;
            if !link.starts_with("data:") {
                links.push(at.join(link)?);
            }
        }
    }
    ensure!(links.len() >= 4, "{html}");
    let start = at.join("swagger-initializer.js")?;
    let script = http.get(start).send().await?.text().await?;
    let described = format!("{PREFIX}/api/openapi.json");
    ensure!(script.contains(&described), "{script}");
    let described = at.join(&described)?;
    let description: Value = http.get(described.clone()).send().await?.json().await?;
    let server = description["servers"][0]["url"]
        .as_str()
        .context("server")?;
    links.push(described.join(&format!("{server}/api/events.schema.json"))?);
    let more = description["externalDocs"]["url"]
        .as_str()
        .context("reference")?;
    links.push(described.join(more)?);
    for link in links {
        let answer = http.get(link.clone()).send().await?;
        ensure!(answer.status() == StatusCode::OK, "{link}: {answer:?}");
    }
    Ok(())
}

async fn guessing_counts_by_address(proxied: &Proxied) -> Result<()> {
    for number in 0..10 {
        let status = proxied.sign_in("agent-1", "wrong", "127.0.0.2").await?;
        ensure!(status == StatusCode::UNAUTHORIZED, "{number}: {status}");
    }
    let same = proxied.sign_in("agent-1", "agent-1", "127.0.0.2").await?;
    ensure!(same == StatusCode::TOO_MANY_REQUESTS, "{same}");
    let other = proxied.sign_in("agent-1", "agent-1", "127.0.0.3").await?;
    ensure!(other == StatusCode::CREATED, "{other}");
    Ok(())
}

async fn webhooks_keep_their_signature(proxied: &Proxied) -> Result<()> {
    let page = proxied.networks.graph.options();
    let body = json!({"object": "page", "entry": [{"id": page.page_id, "time": 1_790_000_000_000_u64,
        "messaging": [{"sender": {"id": "9001"}, "recipient": {"id": page.page_id},
            "timestamp": 1_790_000_000_000_u64,
            "message": {"mid": "m_through_the_proxy", "text": "Through the proxy? Ja, schön \u{1f44b}"}}]}]})
    .to_string();
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(page.app_secret.as_bytes())?;
    mac.update(body.as_bytes());
    let right = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    let wrong = format!("sha256={}", "0".repeat(64));
    let http = proxied.http("127.0.0.1")?;
    for (signature, expected) in [(wrong, StatusCode::UNAUTHORIZED), (right, StatusCode::OK)] {
        let answer = http
            .post(format!("{}/channels/page/webhook", proxied.base()))
            .header("content-type", "application/json")
            .header("x-hub-signature-256", signature)
            .body(body.clone())
            .send()
            .await?;
        ensure!(answer.status() == expected, "{answer:?}");
    }
    let administrator = proxied.hub.administrator()?;
    eventually("the message is there", PATIENCE, async || {
        let history = administrator.history("page", "9001").await?;
        Ok((!history.is_empty()).then_some(()))
    })
    .await
}

/// Twenty event streams in one connection, as a browser with many tabs has them.
async fn streams_share_a_connection_and_are_not_held_back(proxied: &Proxied) -> Result<()> {
    let mut people = Vec::new();
    for name in ["agent-1", "agent-2"] {
        people.push(proxied.from("127.0.0.3")?.become_person(name, name).await?);
    }
    let mut roots = rustls::RootCertStore::empty();
    roots.add(proxied.certificate.der().clone())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let socket = TcpStream::connect(proxied.address).await?;
    let socket = connector.connect("localhost".try_into()?, socket).await?;
    let (mut sender, connection) = h2::client::handshake(socket).await?;
    let connection = tokio::spawn(connection);
    let mut open = Vec::new();
    for number in 0..20 {
        let token = people[number % 2].token().context("token")?;
        let request = http::Request::get(format!("{}/api/v1/events", proxied.base()))
            .header("authorization", format!("Bearer {token}"))
            .body(())?;
        sender = sender.ready().await?;
        let (response, _) = sender.send_request(request, true)?;
        open.push(response);
    }
    let open = tokio::time::timeout(PATIENCE, join_all(open)).await?;
    let mut bodies = Vec::new();
    for response in open {
        let response = response?;
        ensure!(response.status() == StatusCode::OK, "{response:?}");
        bodies.push(response.into_body());
    }
    // What happens now is told now. It is little, and nothing follows: a proxy that holds back would wait
    // for more of it.
    let pause = json!({"state": "not-ready", "reason": "Pause"});
    for person in &people {
        person.put("/api/v1/agents/me/presence", &pause).await?;
    }
    let told = bodies.iter_mut().map(|body| async move {
        let mut seen = String::new();
        while !seen.contains("event: presence-changed") {
            let piece = body.data().await.context("the stream ended")??;
            body.flow_control().release_capacity(piece.len())?;
            seen.push_str(&String::from_utf8_lossy(&piece));
        }
        anyhow::Ok(())
    });
    let told = tokio::time::timeout(PATIENCE, join_all(told)).await;
    for stream in told.context("an event was held back")? {
        stream?;
    }
    drop(bodies);
    drop(sender);
    connection.abort();
    let streams = eventually("nginx has counted the streams", PATIENCE, async || {
        let log = proxied.log("access.log");
        let streams = log.lines().filter(|line| line.ends_with("/api/v1/events"));
        let streams: Vec<String> = streams.map(str::to_owned).collect();
        Ok((streams.len() >= 20).then_some(streams))
    })
    .await?;
    let (first, _) = streams[0].split_once(" /").context("a line")?;
    ensure!(first.ends_with("HTTP/2.0 200"), "{streams:?}");
    ensure!(
        streams.iter().all(|line| line.starts_with(first)),
        "{streams:?}"
    );
    Ok(())
}
