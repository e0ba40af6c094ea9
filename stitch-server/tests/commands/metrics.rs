//! `stitch-server metrics`.

use super::{Folder, lines};

#[test]
fn metrics_are_defined_listed_described_and_removed() {
    let folder = Folder::new("metrics");
    let _ = std::fs::remove_dir_all(folder.0.join("stitch-data"));
    let told = |arguments: &[&str]| {
        let outcome = folder.run(arguments);
        assert_eq!((outcome.status, &*outcome.stderr), (0, ""), "{arguments:?}");
        outcome.stdout
    };
    let refused = |arguments: &[&str], words: &[&str]| {
        let outcome = folder.run(arguments);
        assert_eq!((outcome.status, &*outcome.stdout), (1, ""), "{arguments:?}");
        assert!(words.iter().all(|word| outcome.stderr.contains(word)), "{words:?}: {}", outcome.stderr);
    };
    told(&["metrics", "create", "clicks", "--type", "integer", "--description", "how often"]);
    told(&["metrics", "create", "seconds", "--type", "double"]);
    refused(&["metrics", "create", "clicks", "--type", "double"], &["already"]);
    refused(&["metrics", "create", "a b", "--type", "double"], &["key", "1 to 128 characters"]);
    told(&["metrics", "update", "seconds", "--description", "how long"]);
    let list = told(&["metrics", "list"]);
    assert_eq!(
        list,
        lines(&[
            "key      type     description",
            "-------  -------  -----------",
            "clicks   integer  how often",
            "seconds  double   how long",
        ])
    );
    told(&["metrics", "remove", "clicks"]);
    refused(&["metrics", "remove", "clicks"], &["no metric"]);
    refused(&["metrics", "update", "clicks", "--description", "x"], &["no metric"]);
    assert!(!told(&["metrics", "list"]).contains("clicks"));
    assert_eq!(folder.run(&["metrics", "create", "x", "--type", "text"]).status, 2);
}
