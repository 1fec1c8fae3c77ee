//! The rules find what they look for, in workspaces that are made up.

use super::pages::mended;
use super::reading::{Names, lines_of_code, scope, split_tests, tokens};
use super::rules::{Needs, Plan};
use super::workspace::lines;
use super::*;

const LITTLE_PLAN: Plan<'_> = Plan {
    src: "lib/src/",
    directories: &[
        directory(0, "base", None),
        directory(0, "core", None),
        directory(1, "time", None),
        directory(2, "sync", Some("sync")),
    ],
    libraries: &[("traces", "sync")],
    adapters: "adapters",
};

/// A workspace of a library `lib` with these files in `lib/src`, and of a
/// library `traces`.
fn workspace_of(files: &[(&str, &str)]) -> Workspace {
    let fixed = [
        ("lib/Cargo.toml", "[package]\nname = \"lib\"\n"),
        ("traces/Cargo.toml", "[package]\nname = \"traces\"\n"),
        ("traces/src/lib.rs", "pub mod schema;\n"),
        ("traces/src/schema.rs", "pub struct Event;\n"),
    ];
    let own = files
        .iter()
        .map(|(path, text)| (format!("lib/src/{path}"), (*text).to_owned()));
    let fixed = fixed.map(|(path, text)| (path.to_owned(), text.to_owned()));
    Workspace::new(own.chain(fixed).collect())
}

/// The imports between the files of `lib`, as `from -> to`, without `lib/src/`.
fn imports(files: &[(&str, &str)]) -> Vec<String> {
    let workspace = workspace_of(files);
    let short = |file: &str| file.trim_start_matches("lib/src/").to_owned();
    let imports = workspace.library("lib").imports.iter();
    let mut imports: Vec<_> = imports
        .map(|import| format!("{} -> {}", short(&import.from), short(&import.to)))
        .collect();
    imports.dedup();
    imports
}

/// The imports of `a.rs`, beside files `b`, `b/c` and `b/c/d`, where `b` has
/// its own item `B` and re-exports `C`.
#[track_caller]
fn assert_imports(text: &str, expected: &[&str]) {
    let found = imports(&[
        ("lib.rs", "mod a; mod b; pub use b::B as Root;"),
        ("a.rs", text),
        (
            "b.rs",
            "pub mod c; pub use c::C; pub use self::c::d::*; pub struct B;",
        ),
        (
            "b/c.rs",
            "pub mod d; pub struct C; #[macro_export] macro_rules! mac { () => {} }",
        ),
        ("b/c/d.rs", "pub struct D; pub fn d() {}"),
    ]);
    let mut found: Vec<_> = found
        .iter()
        .filter_map(|import| import.strip_prefix("a.rs -> "))
        .collect();
    found.sort_unstable();
    found.dedup();
    assert_eq!(found, expected, "{text}");
}

#[track_caller]
fn assert_one(complaints: &[String], words: &[&str]) {
    assert_eq!(complaints.len(), 1, "{complaints:#?}");
    for word in words {
        assert!(
            complaints[0].contains(word),
            "no {word:?} in {complaints:#?}"
        );
    }
}

#[test]
fn an_import_is_found_however_it_is_written() {
    assert_imports("use crate::b::B;", &["b.rs"]);
    assert_imports("use crate::b::c::C;", &["b/c.rs"]);
    assert_imports("use super::b::c;", &["b/c.rs"]);
    assert_imports("use crate::{b::{B, c::{self}}, };", &["b.rs", "b/c.rs"]);
    assert_imports("pub(crate) use crate::\n    b::B as X;", &["b.rs"]);
    assert_imports("use crate::b::*;", &["b.rs"]);
    assert_imports("fn f() -> crate :: b::B { todo!() }", &["b.rs"]);
    assert_imports("fn f() { super::b::c::d::d::<u8>() }", &["b/c/d.rs"]);
    assert_imports("fn f() { use crate::b::B; }", &["b.rs"]);
    assert_imports("macro_rules! m { () => { $crate::b::B } }", &["b.rs"]);
    assert_imports("mod inner { use super::super::b::B; }", &["b.rs"]);
    assert_imports("#[cfg(feature = \"x\")] use crate::b::B;", &["b.rs"]);
    assert_imports("#[cfg(not(test))] use crate::b::B;", &["b.rs"]);
    // What a macro for other crates names through the root is no import of it.
    assert_imports(
        "macro_rules! m { () => { $crate::Root::new() } }",
        &["b.rs"],
    );
    assert_imports("fn f() -> crate::Root { g() }", &["b.rs", "lib.rs"]);
    // Through a name of this file.
    assert_imports(
        "use crate::b as x; fn f() { x::c::d::d() }",
        &["b.rs", "b/c/d.rs"],
    );
    // A macro of `#[macro_export]` is at the root, by its name only.
    assert_imports("fn f() { crate::mac!() }", &["b/c.rs"]);
}

#[test]
fn a_re_export_counts_with_what_it_re_exports() {
    assert_imports("use crate::b::C;", &["b.rs", "b/c.rs"]);
    assert_imports("use crate::b::D;", &["b.rs", "b/c/d.rs"]);
}

#[test]
fn what_is_no_import_is_not_found() {
    assert_imports("/// See [`B`](crate::b).\n//! crate::b\nfn f() {}", &[]);
    assert_imports("/* crate::b /* crate::b */ crate::b */", &[]);
    assert_imports(
        r##"const A: &str = "\" crate::b::B"; const B: &str = r#"crate::"b"#;"##,
        &[],
    );
    assert_imports("const A: [u8; 1] = *b\"'\"; const B: char = '\\'';", &[]);
    assert_imports(
        "const A: char = '\"'; use crate::b::B; const C: char = '\"';",
        &["b.rs"],
    );
    assert_imports("fn f<'a>(x: &'a str) -> impl X + use<'a> { b::B }", &[]);
    assert_imports("mod b { pub struct B; } use self::b::B;", &[]);
    assert_imports("use std::b; use ::b::c; pub(crate) fn f() {}", &[]);
}

#[test]
fn test_code_imports_what_it_likes_and_the_code_after_it_does_not() {
    let tests = "#[cfg(test)]\nmod tests { use crate::b::B; fn f() { let _ = '}'; } }";
    assert_imports(tests, &[]);
    assert_imports(&format!("{tests} use crate::b::B;"), &["b.rs"]);
    for test in [
        "#[cfg(test)] use crate::b::{c::C, B};",
        "#[cfg(all(test, model))] use crate::b::B;",
        "#[cfg(all(test, any(unix, windows)))] #[inline] fn f<A, B>() { crate::b::B }",
        "#![cfg(test)] use crate::b::B;",
        "struct S { #[cfg(test)] x: crate::b::B, y: u8 }",
        "fn f() { #[cfg(test)] crate::b::c::d::d(); g() }",
        "#[cfg(test)] const X: [crate::b::B; 1] = { 3; [crate::b::B] };",
    ] {
        assert_imports(test, &[]);
    }
}

#[test]
fn lines_of_code_hold_code() {
    let source = "//! A page.\n\nuse a; // a remark\n/* one\ntwo */\nfn f() {\n    \"x\n\n  y\"\n}\n\
        #[cfg(test)]\nmod tests {\n    use super::*;\n}\nfn g() {}\n";
    // `use`, the three lines of `f` with both of its string, `g`.
    assert_eq!(lines(source), 6);
    let all = tokens(source);
    assert_eq!(lines_of_code(source, &all), 10);
    assert_eq!(
        split_tests(&all).1.first().map(|token| token.line),
        Some(11)
    );
}

#[test]
fn what_a_module_defines_is_read() {
    let source = "pub async fn one() {} pub(crate) fn two() { fn three() {} } impl X { pub fn four() {} } \
        impl<T: Into<u8>> fmt::Display for a::Y<T> where for<'a> T: Z<'a> {} const fn five() {}";
    let scope = scope(&tokens(source));
    assert_eq!(Vec::from_iter(&scope.public_functions), ["one"]);
    assert_eq!(Vec::from_iter(&scope.defines), ["five", "one", "two"]);
    let types: Vec<&Names> = scope.implements.keys().collect();
    assert_eq!(types, [&["X"][..], &["a", "Y"]]);
}

#[test]
fn an_import_that_points_up_is_found() {
    let roots = ("lib.rs", "mod base; mod core; mod time; mod sync;");
    let complaints = |file: (&str, &str)| {
        let mut files = vec![
            roots,
            ("base.rs", "pub struct B;"),
            ("core.rs", "pub struct C;"),
            ("time.rs", "pub struct T;"),
            ("sync.rs", "mod lock; pub use lock::L;"),
            ("sync/lock.rs", "pub struct L;"),
        ];
        files.retain(|(path, _)| *path != file.0);
        files.push(file);
        let workspace = workspace_of(&files);
        LITTLE_PLAN.wrong_directions(workspace.library("lib"))
    };
    assert_clean(&complaints(("sync.rs", "use crate::{base::B, time::T};")));
    assert_clean(&complaints(("core.rs", "use crate::base::B;")));
    assert_one(
        &complaints(("base.rs", "\nuse crate::core::C;")),
        &["base.rs:2", "`crate::core::C`", "`core` (layer 0)"],
    );
    assert_one(
        &complaints(("core.rs", "use crate::time::T;")),
        &["core.rs:1", "`time` (layer 1)"],
    );
    assert_eq!(complaints(("time.rs", "use crate::sync::L;")).len(), 2);
    assert_one(
        &complaints(("time.rs", "use crate::run;")),
        &["the root of the crate"],
    );
    assert_one(
        &complaints(("time.rs", "use traces::schema::Event;")),
        &["the crate `traces`", "`sync` (layer 2)"],
    );
    assert_clean(&complaints(("sync.rs", "use traces::schema::Event;")));
}

#[test]
fn adapters_that_use_private_modules_are_found() {
    let complaints = |text: &str| {
        let workspace = workspace_of(&[
            (
                "lib.rs",
                "mod base; pub mod sync; mod adapters; pub use base::B;",
            ),
            ("base.rs", "pub struct B;"),
            ("sync.rs", "pub struct L;"),
            ("adapters.rs", text),
        ]);
        let library = workspace.library("lib");
        assert_clean(&LITTLE_PLAN.wrong_directions(library));
        LITTLE_PLAN.not_public(library)
    };
    assert_clean(&complaints("use crate::{B, sync::L};"));
    assert_one(&complaints("use crate::base::B;"), &["`crate::base::B`"]);
}

#[test]
fn files_off_the_plan_are_found() {
    let whole = [
        (
            "lib.rs",
            "mod base; mod core; mod time; #[cfg(feature = \"sync\")] mod sync;",
        ),
        ("base.rs", ""),
        ("core.rs", ""),
        ("time.rs", "mod sleep; #[cfg(test)] mod tests;"),
        ("time/sleep.rs", ""),
        ("time/tests.rs", ""),
        ("sync.rs", ""),
    ];
    let complaints = |files: &[(&str, &str)]| {
        let workspace = workspace_of(files);
        let library = workspace.library("lib");
        [
            LITTLE_PLAN.misplaced(&workspace),
            LITTLE_PLAN.wrong_features(library),
            unreachable(&workspace, LITTLE_PLAN.src),
        ]
        .concat()
    };
    assert_clean(&complaints(&whole));
    let with = |file| [&whole[..], &[file]].concat();
    assert_eq!(complaints(&with(("shed.rs", ""))).len(), 2);
    assert_one(
        &complaints(&with(("time/rake.rs", ""))),
        &["time/rake.rs", "no `mod` line"],
    );
    assert_eq!(complaints(&with(("core/x/y.rs", ""))).len(), 2);
    assert_eq!(complaints(&whole[..6]).len(), 2, "no sync.rs");
    let mut other = whole;
    other[0].1 = "mod base; mod core; mod time; mod sync;";
    assert_one(&complaints(&other), &["`sync`", "None"]);
}

#[test]
fn a_cycle_is_found_with_its_imports() {
    let found = |files: &[(&str, &str)]| cycles(workspace_of(files).library("lib"));
    let root = ("lib.rs", "mod a; mod b; mod c; mod d;");
    let complaints = found(&[
        root,
        ("a.rs", "mod part; use crate::b::B; pub struct A;"),
        ("a/part.rs", "use super::A;"),
        ("b.rs", "use crate::c::C; pub struct B;"),
        ("c.rs", "use crate::{d::D, a::A}; pub struct C;"),
        ("d.rs", "pub struct D;"),
    ]);
    assert_one(
        &complaints,
        &[
            "3 files",
            "lib/src/b.rs:1 imports lib/src/c.rs (`crate::c::C`)",
        ],
    );
    assert_clean(&found(&[
        root,
        ("a.rs", "use crate::{b::B, c::C}; pub struct A;"),
        ("b.rs", "use crate::d::D; pub struct B;"),
        ("c.rs", "use crate::d::D; pub struct C;"),
        ("d.rs", "pub struct D;"),
    ]));
    // A module and its own children may import each other; children that
    // import each other through it may not.
    let family = |child: &str, other: &str| {
        found(&[
            ("lib.rs", "mod a;"),
            (
                "a.rs",
                "mod b; mod c; pub use b::B; pub use c::C; pub struct A;",
            ),
            ("a/b.rs", child),
            ("a/c.rs", other),
        ])
    };
    assert_clean(&family(
        "use super::A; pub struct B;",
        "use super::B; pub struct C;",
    ));
    assert_one(
        &family("use super::C; pub struct B;", "use super::B; pub struct C;"),
        &["2 files", "a/b.rs", "a/c.rs"],
    );
}

#[test]
fn a_closure_holds_what_a_function_needs() {
    let workspace = workspace_of(&[
        ("lib.rs", "mod base; mod core; mod time; mod sync;"),
        ("base.rs", "pub mod slab; pub mod clock;"),
        ("base/slab.rs", "pub struct Key;"),
        ("base/clock.rs", "pub struct Now;"),
        (
            "core.rs",
            "pub mod run; pub mod parts; pub mod methods; pub mod report;",
        ),
        ("core/run.rs", "use super::parts::Loop; pub fn run() {}"),
        ("core/parts.rs", "mod inner;\npub struct Loop;\n"),
        ("core/parts/inner.rs", ""),
        (
            "core/methods.rs",
            "use super::parts::Loop; use crate::base::slab::Key; impl Loop { }",
        ),
        ("core/report.rs", "use traces::schema::Event;"),
        ("time.rs", "use crate::core::parts::Loop; impl Loop { }"),
        ("sync.rs", "pub fn lock() { crate::core::report::f() }"),
    ]);
    let library = workspace.library("lib");
    let files = |function: &str, needs: Needs| {
        let starts = library.files_that_define(function);
        let closure = closure(&workspace, &LITTLE_PLAN, library, needs, &starts);
        let files = closure.files.keys().cloned();
        let files: Vec<_> = files.collect();
        (files, closure)
    };
    let (run, _) = files("run", Needs::Imports);
    let expected = [
        "lib/src/core/parts.rs",
        "lib/src/core/parts/inner.rs",
        "lib/src/core/run.rs",
    ];
    assert_eq!(run, expected);
    let (run, closure) = files("run", Needs::Methods);
    // Not the file of `mod` lines on the way, nor a method from above.
    let expected = [
        "lib/src/base/slab.rs",
        "lib/src/core/methods.rs",
        "lib/src/core/parts.rs",
        "lib/src/core/parts/inner.rs",
        "lib/src/core/run.rs",
    ];
    assert_eq!(run, expected);
    assert_eq!(closure.lines(&workspace), 5);
    let explained = closure.explain(&workspace, "lib/src/");
    assert!(
        explained.contains(
            "base/slab.rs <- core/methods.rs:1 <- core/parts.rs (impl Loop) <- core/run.rs:1"
        ),
        "{explained}"
    );
    let (lock, _) = files("lock", Needs::Methods);
    assert_eq!(
        lock,
        [
            "lib/src/core/report.rs",
            "lib/src/sync.rs",
            "traces/src/lib.rs",
            "traces/src/schema.rs",
        ]
    );
}

#[test]
fn a_walk_lists_each_file_once() {
    const WALK: Walk = Walk {
        name: "a walk",
        limits: BUILD_LIMITS,
        passes: &[("base.rs", "here")],
        leaves_aside: &[("time.rs", "there")],
    };
    let workspace = workspace_of(&[("lib.rs", ""), ("base.rs", "")]);
    let all = ["lib/src/base.rs", "lib/src/lib.rs"].map(str::to_owned);
    let complaints = incomplete(&workspace, "lib/src/", &WALK, &all);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[0].contains("time.rs does not exist"));
    assert!(complaints[1].contains("list lib.rs in `passes`"));
}

#[test]
fn call_sites_of_hooks_are_counted() {
    let hooks = "pub(crate) trait Hook { fn interest(&self) -> u32; fn one(&self) {} \
        fn two(&self, x: [u8; 3]) { } fn three(&self) {} }";
    let workspace = workspace_of(&[
        ("lib.rs", ""),
        ("base/hooks.rs", hooks),
        (
            "core.rs",
            "fn f() { hooks.emit(A, |hook| hook.one());\nhook.two(1) }",
        ),
        ("time.rs", "fn f() { hook.two(2) } // hook.three()"),
        ("sync.rs", "fn f() { hook.three() }"),
    ]);
    let calls = hook_calls(&workspace, "lib/src/", "sync").unwrap();
    let complaints = calls.complaints(&[]);
    assert_eq!(complaints.len(), 2, "{complaints:?}");
    assert!(complaints[0].contains("no code calls `hook.three(`"));
    assert!(
        complaints[1].contains("`hook.two(` has 2 call sites, more than 1: core.rs:2, time.rs:1")
    );
    assert_one(&calls.complaints(&[("two", 2, "argued")]), &["three"]);
    assert_eq!(
        calls
            .complaints(&[("two", 3, "argued"), ("four", 1, "")])
            .len(),
        3
    );
    let none = workspace_of(&[("lib.rs", "")]);
    assert!(hook_calls(&none, "lib/src/", "sync").is_err());
}

#[test]
fn figures_on_pages_are_compared_and_rewritten() {
    let figure = |name, lines, crates| Figure {
        name,
        lines,
        files: 9,
        crates,
    };
    let figures = [
        figure("`run`", 1234, None),
        figure("`run` alone", 56, Some(7)),
    ];
    let good = "| `run` | 1,234 lines of code in 9 files | x\n//! | `run` alone | 56 lines of code in 9 \
        files and 7 crates |\nMany lines of code in files.\n";
    assert_eq!(mended("p", good, &figures), (good.to_owned(), vec![]));
    let old = good.replace("1,234", "99").replace("7 crates", "8 crates");
    let (text, complaints) = mended("p", &old, &figures);
    assert_eq!((text.as_str(), complaints.len()), (good, 2));
    assert!(complaints[0].contains("p:1 says \"99 lines of code in 9 files\""));
    let (text, complaints) = mended("p", "It has 5 lines of code in 9 files.", &figures);
    assert_eq!(text, "It has 5 lines of code in 9 files.");
    assert_one(&complaints, &["without the name of a figure"]);
}

#[test]
fn the_real_workspace_is_read() {
    let library = library();
    assert!(library.files().len() > 30);
    assert!(library.imports.len() > 100);
    let targets = workspace()
        .targets
        .iter()
        .map(|target| target.root.as_str());
    for root in [
        "llm-demo/src/lib.rs",
        "benches/src/lib.rs",
        "docs/tests/book/main.rs",
    ] {
        assert!(targets.clone().any(|target| target == root), "{root}");
    }
}
