//! What strangers try at the doors: guessing, crowding and pretending; and that everybody else goes on.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use linecard_tests::{Client, Hub, eventually};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const BINARY: &str = env!("CARGO_BIN_EXE_linecard");
/// Long enough on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(150);

/// A hub with a process configuration.
async fn hub_with(settings: &str) -> Result<Hub> {
    let mut hub = Hub::prepare(BINARY)?;
    std::fs::write(hub.folder().join("linecard.toml"), settings)?;
    hub.launch().await?;
    Ok(hub)
}

/// Adds people with the passwords `<name>'s own secret`, and the key `crm`.
async fn populate(hub: &Hub) -> Result<Client> {
    let admin = hub.administrator()?;
    for name in ["anna", "ben", "cleo"] {
        let agent = json!({"config": {"password": "stored"}, "password": own_secret(name)});
        admin.put(&format!("/api/v1/agents/{name}"), &agent).await?;
    }
    let key = json!({"config": {"role": "supervisor", "secret": "stored"}, "secret": "chosen by a person"});
    admin.put("/api/v1/keys/crm", &key).await?;
    Ok(admin)
}

fn own_secret(name: &str) -> String {
    format!("{name}'s own secret")
}

async fn sign_in(
    client: &Client,
    name: &str,
    password: &str,
    from: Option<&str>,
) -> Result<StatusCode> {
    let body = json!({"name": name, "password": password});
    let headers: Vec<_> = from.iter().map(|from| ("x-forwarded-for", *from)).collect();
    let seen = client
        .ask(Method::POST, "/api/v1/session", &headers, Some(&body))
        .await?;
    let waits = [
        StatusCode::TOO_MANY_REQUESTS,
        StatusCode::SERVICE_UNAVAILABLE,
    ];
    ensure!(
        !waits.contains(&seen.status) || seen.headers.contains_key("retry-after"),
        "{seen:?}"
    );
    Ok(seen.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn guesses_in_parallel_count_like_others_and_other_people_come_in() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    let admin = populate(&hub).await?;
    let stranger = Arc::new(Client::anonymous(&hub.base())?);
    let guesses = (0..300).map(|number| {
        let stranger = Arc::clone(&stranger);
        tokio::spawn(
            async move { sign_in(&stranger, "anna", &format!("guess {number}"), None).await },
        )
    });
    let guesses: Vec<_> = guesses.collect();
    for name in ["ben", "cleo"] {
        Client::sign_in(&hub.base(), name, &own_secret(name)).await?;
    }
    let mut looked_at = 0;
    for guess in guesses {
        match guess.await?? {
            StatusCode::UNAUTHORIZED => looked_at += 1,
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {}
            other => anyhow::bail!("{other}"),
        }
    }
    ensure!((1..=10).contains(&looked_at), "{looked_at} were looked at");
    ensure!(hub.log().contains("an attempt to sign in failed"));
    ensure!(
        hub.log()
            .contains("further ones are not looked at for a while")
    );
    ensure!(!hub.log().contains("guess 1"), "{}", hub.log());
    let refused = eventually("the audit log", PATIENCE, async || {
        let audit = admin.all("/api/v1/audit", "before").await?;
        let refused = audit.iter().filter(|e| e["action"] == "session.refused");
        let refused: Vec<_> = refused.cloned().collect();
        Ok((refused.len() == looked_at).then_some(refused))
    })
    .await?;
    ensure!(
        refused[0].to_string().contains("anna from 127.0.0.1"),
        "{refused:?}"
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_tokens_and_names_lock_out_nobody_who_knows_theirs() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    populate(&hub).await?;
    let base = hub.base();
    let crm = Client::with_token(&base, "chosen by a person")?;
    crm.get("/api/v1/queues").await?;
    let mut slowed = 0;
    for number in 0..70 {
        let wrong = Client::with_token(&base, &format!("wrong {number}"))?;
        let seen = wrong.ask(Method::GET, "/api/v1/queues", &[], None).await?;
        slowed += usize::from(seen.status == StatusCode::TOO_MANY_REQUESTS);
        ensure!(!seen.status.is_success(), "{seen:?}");
    }
    ensure!(slowed > 0, "guessing keys is not limited");
    let stranger = Client::anonymous(&base)?;
    for number in 0..60 {
        let status = sign_in(&stranger, &format!("nobody-{number}"), "x", None).await?;
        ensure!(status != StatusCode::CREATED, "{number}");
    }
    // The address has many failures now, of keys and of people. A machine whose key is known goes on …
    crm.get("/api/v1/queues").await?;
    let named = Client::with_token(&base, "crm.chosen by a person")?;
    named.get("/api/v1/queues").await?;
    let token = stranger
        .request(Method::POST, "/oauth/token")
        .form(&[
            ("grant_type", "client_credentials"),
            ("client_id", "crm"),
            ("client_secret", "chosen by a person"),
        ])
        .send()
        .await?;
    ensure!(token.status() == StatusCode::OK, "{}", token.status());
    // … and so do people who know their password.
    for name in ["anna", "ben"] {
        Client::sign_in(&base, name, &own_secret(name)).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_behind_a_trusted_proxy_locks_out_only_themselves() -> Result<()> {
    let hub = hub_with("[http]\ntrusted_proxies = [\"127.0.0.1\", \"10.0.0.0/8\"]\n").await?;
    populate(&hub).await?;
    let proxy = Client::anonymous(&hub.base())?;
    // What comes before the last address that is not a proxy's, anybody may have written.
    let from = |n: u32| format!("192.0.2.{n}, 203.0.113.7, 10.1.1.1");
    for number in 0..10 {
        let status = sign_in(&proxy, "anna", "wrong", Some(&from(number))).await?;
        ensure!(status == StatusCode::UNAUTHORIZED, "{number}: {status}");
    }
    let right = own_secret("anna");
    let status = sign_in(&proxy, "anna", &right, Some(&from(99))).await?;
    ensure!(status == StatusCode::TOO_MANY_REQUESTS, "{status}");
    let status = sign_in(&proxy, "anna", &right, Some("203.0.113.8")).await?;
    ensure!(status == StatusCode::CREATED, "{status}");
    let status = sign_in(&proxy, "ben", &own_secret("ben"), Some(&from(1))).await?;
    ensure!(status == StatusCode::CREATED, "{status}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn silent_connections_are_closed_and_the_hub_still_says_how_it_fares() -> Result<()> {
    let hub = hub_with("[http]\nconnections = 40\n").await?;
    let address = hub.base().trim_start_matches("http://").to_owned();
    let mut silent = Vec::new();
    for _ in 0..60 {
        silent.push(TcpStream::connect(&address)?);
    }
    // A client that came by one of the last places hears why; one that got none comes again.
    let ask = async |path: &str| {
        let client = Client::anonymous(&hub.base())?;
        let asked = client.ask(Method::GET, path, &[], None);
        let seen = tokio::time::timeout(Duration::from_secs(2), asked).await;
        anyhow::Ok(seen.ok().and_then(Result::ok))
    };
    let wait = async |path: &str, wanted: StatusCode| {
        eventually(path, PATIENCE, async || {
            Ok(ask(path).await?.filter(|seen| seen.status == wanted))
        })
        .await
    };
    let busy = eventually("no place is left", PATIENCE, async || {
        let seen = ask("/api/v1/queues").await?;
        if seen
            .as_ref()
            .is_some_and(|seen| seen.status == StatusCode::UNAUTHORIZED)
        {
            // Whoever asked came in before the last of the silent: the place is free again.
            silent.push(TcpStream::connect(&address)?);
        }
        Ok(seen.filter(|seen| seen.status == StatusCode::SERVICE_UNAVAILABLE))
    })
    .await?;
    ensure!(busy.body["type"] == "/problems/busy", "{busy:?}");
    wait("/healthz", StatusCode::OK).await?;
    // They say nothing, so they are closed, and there is room again.
    let mut first = silent.remove(0);
    first.set_read_timeout(Some(PATIENCE))?;
    let mut nothing = [0; 1];
    let closed = tokio::task::spawn_blocking(move || first.read(&mut nothing)).await?;
    ensure!(
        matches!(&closed, Ok(0))
            || closed
                .as_ref()
                .is_err_and(|e| e.kind() == std::io::ErrorKind::ConnectionReset),
        "{closed:?}"
    );
    wait("/api/v1/queues", StatusCode::UNAUTHORIZED).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_for_this_machine_and_for_those_who_see_everything() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    populate(&hub).await?;
    let anonymous = Client::anonymous(&hub.base())?;
    anonymous.get("/metrics").await?;
    // A proxy on this machine that nobody declared: whoever asks is somewhere else.
    let forwarded = [("x-forwarded-for", "203.0.113.7")];
    for (client, wanted) in [
        (anonymous, StatusCode::UNAUTHORIZED),
        (
            Client::sign_in(&hub.base(), "anna", &own_secret("anna")).await?,
            StatusCode::FORBIDDEN,
        ),
        (
            Client::with_token(&hub.base(), "crm.chosen by a person")?,
            StatusCode::OK,
        ),
    ] {
        let seen = client
            .ask(Method::GET, "/metrics", &forwarded, None)
            .await?;
        ensure!(seen.status == wanted, "{seen:?}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_limited_for_each_caller() -> Result<()> {
    let hub = hub_with("[http]\nupload_bytes_per_hour = 10\n").await?;
    populate(&hub).await?;
    let upload = async |client: &Client, body: &'static str| {
        let request = client.request(Method::POST, "/api/v1/media");
        let answer = request.body(body).send().await?;
        let status = answer.status();
        ensure!(
            status != StatusCode::TOO_MANY_REQUESTS || answer.headers().contains_key("retry-after")
        );
        Ok(status)
    };
    let anna = Client::sign_in(&hub.base(), "anna", &own_secret("anna")).await?;
    let ben = Client::sign_in(&hub.base(), "ben", &own_secret("ben")).await?;
    ensure!(upload(&anna, "12345678").await? == StatusCode::CREATED);
    ensure!(upload(&anna, "12345678").await? == StatusCode::TOO_MANY_REQUESTS);
    ensure!(upload(&ben, "12345678").await? == StatusCode::CREATED);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_before_the_hub_is_honoured_whether_the_proxy_hands_it_on_or_not() -> Result<()> {
    let hub = hub_with("public_url = \"https://desk.example.com/care/\"\n").await?;
    let http = linecard_tests::http_builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()?;
    for prefix in ["", "/care"] {
        let get = async |path: &str| {
            http.get(format!("{}{prefix}{path}", hub.base()))
                .send()
                .await
        };
        ensure!(get("/readyz").await?.status() == StatusCode::OK, "{prefix}");
        for path in ["/api", "/api/", "/api/docs"] {
            let answer = get(path).await?;
            let to = answer.headers().get("location").context("a redirect")?;
            ensure!(to == "/care/api/docs/", "{prefix}{path}: {to:?}");
        }
        let description: Value = get("/api/openapi.json").await?.json().await?;
        ensure!(description["servers"][0]["url"] == "/care", "{description}");
        let page = get("/api/docs/swagger-initializer.js")
            .await?
            .text()
            .await?;
        ensure!(page.contains("/care/api/openapi.json"), "{page}");
    }
    let beside = http
        .get(format!("{}/careless/readyz", hub.base()))
        .send()
        .await?;
    ensure!(beside.status() == StatusCode::NOT_FOUND);
    Ok(())
}

/// A certificate of its own for `localhost`, and the files that the hub reads.
fn certify(hub: &Hub) -> Result<Vec<u8>> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    // Not both at once: what is read in between does not belong together, and must not harm.
    std::fs::write(hub.folder().join("cert.pem"), made.cert.pem())?;
    std::fs::write(
        hub.folder().join("key.pem"),
        made.signing_key.serialize_pem(),
    )?;
    Ok(made.cert.der().to_vec())
}

const WITH_TLS: &str = "[tls]\ncertificate = \"cert.pem\"\nkey = \"key.pem\"\n";

/// The certificate that the hub shows to whoever knows this one, and whether it speaks HTTP/2.
fn shake_hands(hub: &Hub, known: &[u8]) -> Result<bool> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(known.to_vec().into())?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = "localhost".try_into()?;
    let mut session = rustls::ClientConnection::new(Arc::new(config), name)?;
    let mut socket = TcpStream::connect(hub.base().trim_start_matches("http://"))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut stream = rustls::Stream::new(&mut session, &mut socket);
    // The preface and empty settings (RFC 9113 §3.4); the answer begins with the server's settings.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0")?;
    let mut head = [0; 9];
    stream.read_exact(&mut head)?;
    Ok(head[3] == 4 && session.alpn_protocol() == Some(b"h2"))
}

/// Starts a hub with a certificate. Its readiness is asked for without one, so the log says it.
async fn hub_with_tls() -> Result<(Hub, Vec<u8>)> {
    let mut hub = Hub::prepare(BINARY)?;
    std::fs::write(hub.folder().join("linecard.toml"), WITH_TLS)?;
    let known = certify(&hub)?;
    hub.spawn()?;
    eventually("the hub is ready", PATIENCE, async || {
        Ok(hub.log().contains("the hub is ready").then_some(()))
    })
    .await?;
    Ok((hub, known))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hubs_own_tls_speaks_http_2_and_takes_a_new_certificate_while_it_runs() -> Result<()> {
    let (hub, first) = hub_with_tls().await?;
    ensure!(shake_hands(&hub, &first)?, "no HTTP/2");
    let second = certify(&hub)?;
    eventually("the new certificate", PATIENCE, async || {
        Ok(shake_hands(&hub, &second).ok())
    })
    .await?;
    ensure!(shake_hands(&hub, &first).is_err());
    Ok(())
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_hang_up_reads_secrets_again_and_ends_nothing() -> Result<()> {
    let hub = Hub::start(BINARY).await?;
    let admin = hub.administrator()?;
    let file = hub.folder().join("crm.secret");
    std::fs::write(&file, "the first secret\n")?;
    let place = format!("file:{}", file.display());
    let key = json!({"config": {"role": "supervisor", "secret": place}});
    admin.put("/api/v1/keys/crm", &key).await?;
    let works = async |secret: &str| {
        let client = Client::with_token(&hub.base(), secret)?;
        let seen = client.ask(Method::GET, "/api/v1/queues", &[], None).await?;
        Ok::<_, anyhow::Error>(seen.status.is_success())
    };
    ensure!(works("the first secret").await?);
    // By itself …
    std::fs::write(&file, "the second secret, which is longer\n")?;
    eventually("the second secret", PATIENCE, async || {
        Ok(works("the second secret, which is longer")
            .await?
            .then_some(()))
    })
    .await?;
    ensure!(!works("the first secret").await?);
    // … and when told; what cannot be read leaves the former one in force.
    let id = hub.process_id().context("a process")?.to_string();
    let hang_up = || {
        std::process::Command::new("kill")
            .args(["-HUP", &id])
            .status()
    };
    std::fs::remove_file(&file)?;
    ensure!(hang_up()?.success());
    eventually("the log", PATIENCE, async || {
        Ok(hub
            .log()
            .contains("the former ones stay in use")
            .then_some(()))
    })
    .await?;
    ensure!(works("the second secret, which is longer").await?);
    std::fs::write(&file, "the third secret\n")?;
    ensure!(hang_up()?.success());
    eventually("the third secret", PATIENCE, async || {
        Ok(works("the third secret").await?.then_some(()))
    })
    .await?;
    Ok(())
}
