//! Site files in, and beside each what becomes of it: the configuration as JSON, or the problems as
//! an operator reads them. `BLESS=1` writes what is found.

use std::path::{Path, PathBuf};

use linecard_hub::configure::{parse_site, warnings};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/site_files")
        .join(name)
}

/// Compares what each file of a folder gives with what stands beside it.
fn check(name: &str, extension: &str, give: impl Fn(&str, &str) -> String) {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder(name))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    for file in files {
        let text = std::fs::read_to_string(&file).unwrap();
        let shown = file.file_name().unwrap().to_str().unwrap();
        let found = give(shown, &text);
        let beside = file.with_extension(extension);
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&beside, &found).unwrap();
        }
        let expected = std::fs::read_to_string(&beside).unwrap_or_default();
        assert_eq!(found, expected, "{shown}");
    }
}

#[test]
fn valid_files_say_what_they_mean() {
    check("valid", "json", |file, text| {
        let site = parse_site(file, text).unwrap_or_else(|problems| panic!("{problems}"));
        let mut json = serde_json::to_string_pretty(&site.value).unwrap();
        json.push('\n');
        // What is written can be read again, and means the same.
        let again: linecard_model::site::SiteConfig = serde_json::from_str(&json).unwrap();
        assert_eq!(again, site.value, "{file}");
        json
    });
}

#[test]
fn invalid_files_tell_everything_that_is_wrong_and_where() {
    check("invalid", "txt", |file, text| {
        let problems = parse_site(file, text).expect_err(file);
        assert!(problems.0.iter().all(|p| p.file.is_some()), "{file}");
        format!("{problems}\n")
    });
}

#[test]
fn what_can_never_work_is_told() {
    check("doubtful", "txt", |file, text| {
        let site = parse_site(file, text).unwrap_or_else(|problems| panic!("{problems}"));
        format!("{}\n", site.places.locate(warnings(&site.value)))
    });
}

#[test]
fn the_example_site_is_valid_also_with_every_comment_taken_in() {
    let text = include_str!("../../server/src/cli/init/site.toml");
    parse_site("site.toml", text).unwrap();
    let all: Vec<&str> = text
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => setting,
            _ => line,
        })
        .collect();
    parse_site("site.toml", &all.join("\n")).unwrap();
}
