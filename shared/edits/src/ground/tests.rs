use super::*;
use proptest::prelude::*;

fn entry(path: &str, kind: TreeEntryKind) -> TreeEntry {
    TreeEntry { path: path.into(), kind, size: Some(1), id: None }
}

fn edit(path: &str, operation: Operation) -> Edit {
    Edit { path: path.into(), operation, content: None, replacements: vec![], executable: None }
}

fn with_content(path: &str, operation: Operation, content: &str) -> Edit {
    Edit { content: Some(content.into()), ..edit(path, operation) }
}

fn parts(path: &str, replacements: &[(&str, &str)]) -> Edit {
    let replacements = replacements
        .iter()
        .map(|(search, replace)| Replacement { search: (*search).into(), replace: (*replace).into() })
        .collect();
    Edit { replacements, ..edit(path, Operation::Edit) }
}

/// Applies edits where CI is protected and `build/` is ignored. A picture and a pointer were not shown.
fn apply_on(
    tree: &[TreeEntry],
    seen: &BTreeMap<String, String>,
    edits: &[Edit],
) -> Result<Vec<FileEdit>, String> {
    let protected = ProtectedPaths::new(&[".github/**".to_owned()]).unwrap();
    let ignored = IgnoredPaths::read([(".gitignore", "build/\n")]);
    let unshown = BTreeMap::from([
        ("logo.png".to_owned(), (Unshown::Binary, Some(FileContent::Binary(b"\x89PNG".to_vec())))),
        ("model.bin".to_owned(), (Unshown::Pointer, None)),
        ("huge.txt".to_owned(), (Unshown::TooLarge, None)),
    ]);
    let ground = Ground { tree, seen, unshown: &unshown, protected: &protected, ignored: &ignored };
    ground.apply(edits).map_err(|error| error.message)
}

fn apply(edits: &[Edit]) -> Result<Vec<FileEdit>, String> {
    let tree = [
        entry("src", TreeEntryKind::Folder),
        entry("src/cart.py", TreeEntryKind::File),
        entry("src/secret.py", TreeEntryKind::File),
        entry("run.sh", TreeEntryKind::ExecutableFile),
        entry("link", TreeEntryKind::SymbolicLink),
        entry("vendored", TreeEntryKind::Submodule),
        entry("logo.png", TreeEntryKind::File),
        entry("model.bin", TreeEntryKind::File),
        entry("huge.txt", TreeEntryKind::File),
        entry("docs/Cafe\u{301}.md", TreeEntryKind::File),
        entry("u\u{308}ber", TreeEntryKind::Folder),
        entry("build/kept.txt", TreeEntryKind::File),
        entry("win.py", TreeEntryKind::File),
    ];
    let seen = BTreeMap::from([
        ("src/cart.py".to_owned(), "def total():\n    return 1\n\ndef one():\n    return 1\n".to_owned()),
        ("run.sh".to_owned(), "echo\n".to_owned()),
        ("docs/Cafe\u{301}.md".to_owned(), "# Café\n".to_owned()),
        ("build/kept.txt".to_owned(), "kept\n".to_owned()),
        ("win.py".to_owned(), "\u{feff}def total():\r\n    return 1\r\n".to_owned()),
    ]);
    apply_on(&tree, &seen, edits)
}

#[test]
fn edits_become_whole_files() {
    let files = apply(&[
        parts("src/cart.py", &[("def total():\n    return 1", "def total():\n    return 2"), ("one", "uno")]),
        with_content("src/new.py", Operation::Create, "x = 1\n"),
        with_content("run.sh", Operation::Replace, "echo hi\n"),
    ])
    .unwrap();
    assert_eq!(files[0].content.as_deref(), Some("def total():\n    return 2\n\ndef uno():\n    return 1\n"));
    assert!(files[0].before_sha256.is_some() && files[1].before_sha256.is_none());
    assert!(files[2].executable, "the bit stays");
    assert_eq!(apply(&[edit("run.sh", Operation::Delete)]).unwrap()[0].content, None);
}

#[test]
fn what_cannot_be_made_is_named() {
    let check = |edits: &[Edit], words: &str| {
        let message = apply(edits).unwrap_err();
        assert!(message.contains(words), "{message}");
    };
    check(&[parts("src/cart.py", &[("return 1", "return 2")])], "occurs 2 times");
    check(&[parts("src/cart.py", &[("return 3", "")])], "does not occur in `src/cart.py`");
    check(&[parts("src/cart.py", &[("", "x")])], "searches for nothing");
    check(&[parts("src/cart.py", &[])], "no replacements");
    check(&[with_content("src/secret.py", Operation::Replace, "")], "was not shown");
    check(&[edit("src/secret.py", Operation::Delete)], "was not shown");
    check(&[edit("link", Operation::Delete)], "symbolic link");
    check(&[with_content("src/cart.py", Operation::Create, "")], "already exists");
    check(&[edit("nowhere.py", Operation::Delete)], "does not exist");
    check(&[with_content("../x", Operation::Create, "")], "inside the repository");
    check(&[with_content(".GitHub/workflows/x.yml", Operation::Create, "")], "protected");
    check(&[edit("new.py", Operation::Create)], "no content");
    check(&[with_content("src/cart.py/x", Operation::Create, "")], "not a folder");
    check(&[edit("run.sh", Operation::Delete), edit("run.sh", Operation::Delete)], "twice");
    check(&[with_content("run.sh", Operation::Replace, "echo\n")], "changes nothing");
    check(&[], "changes nothing");
}

#[test]
fn a_file_keeps_its_form() {
    let files =
        apply(&[parts("win.py", &[("def total():\n    return 1\n", "def total():\n    return 2\n")])])
            .unwrap();
    assert_eq!(files[0].content.as_deref(), Some("\u{feff}def total():\r\n    return 2\r\n"));
    let files = apply(&[with_content("win.py", Operation::Replace, "x = 1")]).unwrap();
    assert_eq!(files[0].content.as_deref(), Some("\u{feff}x = 1\r\n"));
    let same = with_content("win.py", Operation::Replace, "def total():\n    return 1\n");
    assert!(apply(&[same]).unwrap_err().contains("changes nothing"), "only the form is other");
}

#[test]
fn a_path_composed_otherwise_is_the_file_of_the_tree() {
    let files = apply(&[with_content("docs/Caf\u{e9}.md", Operation::Replace, "# Coffee\n")]).unwrap();
    assert_eq!(files[0].path, "docs/Cafe\u{301}.md");
    let create = apply(&[with_content("docs/Caf\u{e9}.md", Operation::Create, "")]).unwrap_err();
    assert!(create.contains("already exists"), "{create}");
    let beside = apply(&[with_content("\u{fc}ber/new/a.md", Operation::Create, "x")]).unwrap();
    assert_eq!(beside[0].path, "u\u{308}ber/new/a.md", "no second folder of the same name");
    let case = apply(&[parts("Run.SH", &[("echo", "ls")])]).unwrap_err();
    assert!(case.contains("the repository has `run.sh`"), "{case}");
    let create = apply(&[with_content("RUN.sh", Operation::Create, "")]).unwrap_err();
    assert!(create.contains("collides with `run.sh`"), "{create}");
    let twins =
        [with_content("Foo.txt", Operation::Create, "a"), with_content("foo.txt", Operation::Create, "b")];
    assert!(apply(&twins).unwrap_err().contains("`foo.txt` collides with `Foo.txt`"));
    let twice =
        [edit("docs/Caf\u{e9}.md", Operation::Delete), edit("docs/Cafe\u{301}.md", Operation::Delete)];
    assert!(apply(&twice).unwrap_err().contains("twice"));
}

#[test]
fn what_is_not_text_is_not_edited_and_said_to_be_so() {
    let check = |edits: &[Edit], words: &str| {
        let message = apply(edits).unwrap_err();
        assert!(message.contains(words), "{message}");
    };
    check(&[with_content("model.bin", Operation::Replace, "x")], "Git LFS pointer");
    check(&[edit("model.bin", Operation::Delete)], "Git LFS pointer");
    check(&[with_content("logo.png", Operation::Replace, "x")], "binary");
    check(&[edit("huge.txt", Operation::Delete)], "too large");
    check(&[edit("vendored", Operation::Delete)], "submodule");
    check(&[with_content("vendored/x", Operation::Create, "")], "not a folder");
    let files = apply(&[edit("logo.png", Operation::Delete)]).unwrap();
    assert_eq!(
        (files[0].content.as_deref(), files[0].before_sha256.clone()),
        (None, Some(sha256(b"\x89PNG")))
    );
}

#[test]
fn ignored_and_unportable_paths_are_not_created() {
    let check = |path: &str, words: &str| {
        let message = apply(&[with_content(path, Operation::Create, "x")]).unwrap_err();
        assert!(message.contains(words), "{message}");
    };
    check("build/out.txt", "ignored by the pattern `build/` of `.gitignore`");
    for path in ["src/nul", "aux.c", "a:b.txt", "trail. ", "q?*.txt"] {
        check(path, "cannot be created");
    }
    for path in [".g\u{200c}it/config", "git~1/hooks/x", ".git /x"] {
        check(path, "inside the repository");
    }
    assert!(
        apply(&[with_content("build/kept.txt", Operation::Replace, "x\n")]).is_ok(),
        "tracked files stay editable"
    );
}

proptest! {
    #[test]
    fn applying_never_panics_and_an_applied_edit_says_what_it_was_made_from(
        before in "[abä\n]{0,30}",
        searches in prop::collection::vec(("[abä\n]{0,3}", any::<String>()), 0..4),
        path in "(src/)?(cart\\.py|[a-z./\\\\é]{0,8})",
    ) {
        let tree = [entry("src/cart.py", TreeEntryKind::File)];
        let seen = BTreeMap::from([("src/cart.py".to_owned(), before.clone())]);
        let replacements = searches.iter().map(|(search, replace)| Replacement {
            search: search.clone(), replace: replace.clone(),
        }).collect();
        let edit = Edit { replacements, ..edit(&path, Operation::Edit) };
        if let Ok(files) = apply_on(&tree, &seen, &[edit]) {
            prop_assert_eq!(files[0].before_sha256.clone(), Some(sha256(&before)));
            prop_assert!(files[0].content.as_ref() != Some(&before));
        }
    }
}
