//! The plug-ins that come with the program.

/// A name for messages, and the component.
pub const BUNDLED: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/bundled.rs"));

#[cfg(test)]
mod tests {
    use linecard_hub::plugins::{Plugins, Progress, Source};
    use linecard_sandbox::{Sandbox, SandboxConfig};

    use super::*;

    fn ids(plugins: &Plugins) -> Vec<&str> {
        plugins.all().map(|p| p.plugin.id().as_str()).collect()
    }

    #[tokio::test]
    async fn files_go_before_bundled_ones_and_a_broken_one_holds_up_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (name, component) = BUNDLED.first().unwrap();
        let own = folder.path().join("own.wasm");
        std::fs::write(&own, component).unwrap();
        std::fs::write(folder.path().join("same.wasm"), component).unwrap();
        std::fs::write(folder.path().join("broken.wasm"), b"\0asm nonsense").unwrap();
        std::fs::write(folder.path().join("notes.txt"), b"not a plug-in").unwrap();
        let sandbox = Sandbox::new(SandboxConfig::default()).unwrap();
        let progress = Progress::default();
        let plugins = Plugins::load(&sandbox, BUNDLED, Some(folder.path()), &progress).await;
        let all = BUNDLED.len() + 3;
        assert_eq!(progress.counted(), (all, all));

        assert_eq!(
            ids(&plugins),
            [
                "classifier",
                "facebook",
                "influence",
                "instagram",
                "keywords",
                "language",
                "messenger",
                "open-messaging",
                "sentiment",
                "telegram",
                "whatsapp",
                "x",
            ]
        );
        for installed in plugins.all() {
            let is_replaced = installed.plugin.id().as_str() == *name;
            let expected = if is_replaced {
                Source::File(own.clone())
            } else {
                Source::Bundled
            };
            assert_eq!(installed.source, expected);
            assert_eq!(installed.plugin.file_hash().len(), 64);
        }
        let problems: Vec<_> = plugins.problems().iter().collect();
        assert_eq!(problems.len(), 2, "{problems:?}");
        assert!(problems.iter().any(|p| p.file.ends_with("broken.wasm")));
        assert!(
            problems
                .iter()
                .any(|p| p.file.ends_with("same.wasm") && p.reason.contains("own.wasm"))
        );
    }
}
