use std::path::Path;
use std::time::Duration;

use linecard_model::manifest::SecretKind;
use linecard_sandbox::{Secret, SecretSource as _, SecretStore as _};
use linecard_store::UnitOfWork;
use linecard_store_sled::SledStore;
use serde_json::json;

use super::*;

fn site() -> SiteId {
    SiteId::new("main").unwrap()
}

fn page() -> ChannelId {
    ChannelId::new("page").unwrap()
}

fn anna() -> AgentId {
    AgentId::new("anna").unwrap()
}

fn place(folder: &Path) -> KeyPlace {
    KeyPlace::File(folder.join("key"))
}

async fn write(store: &Arc<dyn Store>, entries: Vec<VaultEntry>) {
    let epoch = store.own(&site()).await.unwrap();
    let next = store.last_seq(&site()).await.unwrap() + 1;
    let mut work = UnitOfWork::new(Arc::clone(store), site(), next);
    for (name, value) in entries {
        match value {
            Some(value) => work.put_vault(name, value),
            None => work.remove_vault(name),
        }
    }
    store.append(&site(), epoch, work.finish()).await.unwrap();
}

struct Place {
    folder: tempfile::TempDir,
    store: Arc<dyn Store>,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SledStore::open(folder.path().join("store")).unwrap();
        Self {
            store: Arc::new(store),
            folder,
        }
    }

    async fn vault(&self) -> Result<Vault, VaultError> {
        Vault::open(self.store.as_ref(), &site(), &place(self.folder.path())).await
    }

    /// Stores the secret "hush" of the channel and gives its entry.
    async fn with_secret(&self) -> VaultEntry {
        let vault = self.vault().await.unwrap();
        let entry = vault
            .secret_entry(&page(), "token", Some(&"hush".into()))
            .unwrap();
        write(&self.store, vec![entry.clone()]).await;
        entry
    }
}

#[tokio::test]
async fn a_secret_comes_back_and_is_nowhere_in_plain() {
    let place = Place::new();
    let (_, value) = place.with_secret().await;
    let sealed = value.unwrap();
    assert!(!sealed.windows(4).any(|w| w == b"hush"));
    let vault = place.vault().await.unwrap();
    let secret = vault.stored_secret(&page(), "token").unwrap();
    assert_eq!(secret.expose_secret(), "hush");
    for shown in [format!("{vault:?}"), format!("{secret:?}")] {
        assert!(!shown.contains("hush"), "{shown}");
    }
}

#[tokio::test]
async fn the_key_file_belongs_to_its_owner_alone() {
    let place = Place::new();
    place.vault().await.unwrap();
    let key = place.folder.path().join("key");
    assert_eq!(std::fs::read_to_string(&key).unwrap().trim().len(), 44);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = std::fs::metadata(&key).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
}

#[tokio::test]
async fn another_key_opens_nothing_and_says_so() {
    let place = Place::new();
    place.with_secret().await;
    let other = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, [7; 32]);
    std::fs::write(place.folder.path().join("key"), other).unwrap();
    let error = place.vault().await.unwrap_err();
    assert!(matches!(error, VaultError::WrongKey { .. }), "{error}");
}

#[tokio::test]
async fn a_lost_key_is_not_replaced_by_a_new_one() {
    let place = Place::new();
    place.with_secret().await;
    let key = place.folder.path().join("key");
    std::fs::remove_file(&key).unwrap();
    assert!(matches!(place.vault().await, Err(VaultError::Key { .. })));
    assert!(!key.exists());
}

#[tokio::test]
async fn a_secret_that_was_changed_or_moved_counts_as_missing() {
    let place = Place::new();
    let (_, value) = place.with_secret().await;
    let sealed = value.unwrap();
    let mut changed = sealed.clone();
    *changed.last_mut().unwrap() ^= 1;
    write(
        &place.store,
        vec![
            ("secret/page/changed".to_owned(), Some(changed)),
            ("secret/other/token".to_owned(), Some(sealed)),
            ("secret/page/short".to_owned(), Some(vec![1, 2])),
        ],
    )
    .await;
    let vault = place.vault().await.unwrap();
    assert_eq!(vault.stored_secrets(), [(page(), "token".to_owned())]);
}

#[tokio::test]
async fn passwords_are_verified_by_their_hash() {
    let place = Place::new();
    let vault = place.vault().await.unwrap();
    let entry = vault
        .password_entry(&anna(), &"horse".into())
        .await
        .unwrap();
    let (name, value) = entry.unwrap();
    let hash = String::from_utf8(value.clone().unwrap()).unwrap();
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    vault.take_over(&[(name, value)]);
    assert!(vault.verify_password(&anna(), &"horse".into()).await);
    assert!(!vault.verify_password(&anna(), &"house".into()).await);
    let nobody = AgentId::new("nobody").unwrap();
    assert!(!vault.verify_password(&nobody, &"horse".into()).await);
    let again = vault
        .password_entry(&anna(), &"horse".into())
        .await
        .unwrap();
    assert_eq!(again, None, "an unchanged password is not hashed anew");
}

#[tokio::test]
async fn keys_are_verified_and_a_changed_one_is_void() {
    let place = Place::new();
    let vault = place.vault().await.unwrap();
    let made = new_token();
    for (name, secret) in [("weak", "secret".into()), ("strong", made.clone())] {
        let entry = vault.key_entry(name, &secret).await.unwrap().unwrap();
        vault.take_over(&[entry]);
    }
    let owner = |name: &str| Some(KeyOwner::Configured(name.to_owned()));
    for _ in 0..2 {
        assert_eq!(
            vault.verify_key(None, &"secret".into()).await,
            owner("weak")
        );
        assert_eq!(
            vault.verify_key(Some("strong"), &made).await,
            owner("strong")
        );
        assert_eq!(vault.verify_key(Some("weak"), &made).await, None);
        assert_eq!(vault.verify_key(None, &"wrong".into()).await, None);
    }
    let entry = vault
        .key_entry("weak", &"changed".into())
        .await
        .unwrap()
        .unwrap();
    vault.take_over(&[entry]);
    assert_eq!(vault.verify_key(None, &"secret".into()).await, None);
    assert_eq!(
        vault.verify_key(None, &"changed".into()).await,
        owner("weak")
    );
    vault.take_over(&[Vault::forget_key("weak")]);
    assert_eq!(vault.verify_key(None, &"changed".into()).await, None);
}

#[tokio::test]
async fn a_key_read_from_its_place_goes_before_its_stored_hash() {
    let place = Place::new();
    let vault = place.vault().await.unwrap();
    let entry = vault
        .key_entry("crm", &"old".into())
        .await
        .unwrap()
        .unwrap();
    vault.take_over(&[entry]);
    vault.know_key("crm", &"new".into());
    assert_eq!(vault.verify_key(None, &"old".into()).await, None);
    assert!(vault.verify_key(None, &"new".into()).await.is_some());
}

#[tokio::test]
async fn the_admin_key_counts_while_its_file_says_so() {
    let place = Place::new();
    let vault = place.vault().await.unwrap();
    let key = new_token();
    assert_eq!(vault.verify_key(None, &key).await, None);
    vault.set_admin_key(Some(&key));
    assert_eq!(vault.verify_key(None, &key).await, Some(KeyOwner::Admin));
    assert_eq!(vault.verify_key(Some("admin"), &key).await, None);
    vault.set_admin_key(None);
    assert_eq!(vault.verify_key(None, &key).await, None);
}

#[tokio::test]
async fn nothing_is_written_before_the_site_runs() {
    let place = Place::new();
    let vault = place.vault().await.unwrap();
    let secrets = ChannelSecrets::new(vault.clone(), page());
    assert!(secrets.rotated("token", "new".into()).await.is_err());
    let day = Duration::from_hours(24);
    let result = vault.start_session(hub_itself(), anna(), day).await;
    assert!(matches!(result, Err(VaultError::Site(_))));
}

#[tokio::test]
async fn a_rotated_token_counts_until_the_secret_is_given_anew() {
    let place = Place::new();
    let vault = place.vault().await.unwrap();
    let oauth = |token: &str| {
        let client = json!({"token_url": "https://t", "client_id": "c", "refresh_token": token});
        let text = SecretString::from(client.to_string());
        (
            Secret::from_json(SecretKind::Oauth2, &client).unwrap(),
            text,
        )
    };
    let source = |token: &str| {
        let mut secrets = ChannelSecrets::new(vault.clone(), page());
        let (secret, text) = oauth(token);
        secrets.add("client", secret, &text);
        secrets
    };
    let current = |secrets: &ChannelSecrets| match secrets.get("client") {
        Some(Secret::Oauth2(client)) => client.refresh_token.unwrap().expose_secret().to_owned(),
        other => panic!("{other:?}"),
    };
    let first = source("first");
    assert_eq!(current(&first), "first");
    let entry = first.rotated_entry("client", &"second".into()).unwrap();
    vault.take_over(&[entry]);
    assert_eq!(current(&first), "second");
    assert_eq!(current(&source("first")), "second", "after a restart, too");
    assert_eq!(current(&source("given anew")), "given anew");
}

#[tokio::test]
async fn a_key_that_is_replaced_while_it_is_compared_lets_nobody_in() {
    let place = Place::new();
    let vault = place.vault().await.unwrap();
    let (old, new) = (SecretString::from("old one"), SecretString::from("new one"));
    let entry = vault.key_entry("robot", &old).await.unwrap().unwrap();
    vault.take_over(&[entry]);
    let rotated = vault.key_entry("robot", &new).await.unwrap().unwrap();
    // Whoever shows a key now waits for a place to compute in, with the hash of the old one in hand.
    let places = u32::try_from(HASHERS).unwrap();
    let busy = vault.0.hashers.acquire_many(places).await.unwrap();
    let mut asked = Vec::new();
    for secret in [&old, &new] {
        let (vault, secret) = (vault.clone(), secret.clone());
        asked.push(tokio::spawn(async move {
            vault.verify_key(None, &secret).await
        }));
    }
    tokio::task::yield_now().await;
    vault.take_over(&[rotated]);
    drop(busy);
    let robot = Some(KeyOwner::Configured("robot".to_owned()));
    assert_eq!(asked.remove(0).await.unwrap(), None);
    assert_eq!(asked.remove(0).await.unwrap(), robot);
    for _ in 0..2 {
        assert_eq!(vault.verify_key(None, &old).await, None);
        assert_eq!(vault.verify_key(Some("robot"), &new).await, robot);
    }
}
