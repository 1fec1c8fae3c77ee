//! Which rows of the behaviour catalogue have a test, and which do not.
//!
//! A test covers a row if its name begins with the row's id: `c022_…`. The
//! table is printed by `cargo test --test it coverage -- --nocapture`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// The rows of the catalogue by section. The ids have gaps.
struct Section {
    name: &'static str,
    /// Must each row be covered, or be among [`DECIDED_AGAINST`]?
    complete: bool,
    ids: &'static [u16],
}

const CATALOGUE: &[Section] = &[
    Section {
        name: "run / Runner / nesting",
        complete: true,
        ids: &[1, 2, 4, 5, 7, 8, 10, 11, 13, 14, 16, 17, 19, 20],
    },
    Section {
        name: "spawn / JoinHandle / names",
        complete: true,
        ids: &[
            22, 23, 25, 26, 28, 29, 31, 32, 34, 35, 37, 38, 40, 41, 43, 44, 46, 47, 49,
        ],
    },
    Section {
        name: "wakers",
        complete: true,
        ids: &[50, 52, 53, 55, 56, 58, 59, 61, 62, 64, 65, 67, 68],
    },
    Section {
        name: "cancel / abort / drop order",
        complete: true,
        ids: &[70, 71, 73, 74, 76, 77, 79, 80, 82, 83, 85, 86, 88, 89],
    },
    Section {
        name: "gather / wait / as_completed / select",
        complete: true,
        ids: &[
            91, 92, 94, 95, 97, 98, 100, 101, 103, 104, 106, 107, 109, 110, 112, 113, 115, 116,
            118, 119,
        ],
    },
    Section {
        name: "timeout / TaskGroup / scope",
        complete: true,
        ids: &[
            121, 122, 124, 125, 127, 128, 130, 131, 133, 134, 136, 137, 139, 140,
        ],
    },
    Section {
        name: "timers",
        complete: true,
        ids: &[142, 143, 145, 146, 148, 149, 151, 152, 154, 155, 157, 158],
    },
    Section {
        name: "virtual time / seeds",
        complete: true,
        ids: &[160, 161, 163, 164, 166, 167, 169, 170],
    },
    Section {
        name: "fairness",
        complete: false,
        ids: &[172, 173, 175, 176, 178, 179],
    },
    Section {
        name: "threads",
        complete: true,
        ids: &[181, 182, 184, 185, 187, 188, 190, 191, 193, 194, 196],
    },
    Section {
        name: "cross-thread posting",
        complete: true,
        ids: &[197, 199, 200, 202, 203, 205, 206, 208, 209],
    },
    Section {
        name: "sync primitives",
        complete: true,
        ids: &[
            211, 212, 214, 215, 217, 218, 220, 221, 223, 224, 226, 227, 229, 230,
        ],
    },
    Section {
        name: "context vars",
        complete: true,
        ids: &[232, 233, 235],
    },
    Section {
        name: "I/O",
        complete: false,
        ids: &[
            236, 238, 239, 241, 242, 244, 245, 247, 248, 250, 251, 253, 254, 256, 257, 259, 260,
            262, 263,
        ],
    },
    Section {
        name: "signals",
        complete: false,
        ids: &[265, 266, 268, 269],
    },
    Section {
        name: "debug / introspection",
        complete: false,
        ids: &[271, 272, 274, 275, 277, 278, 280, 281],
    },
    Section {
        name: "interop",
        complete: false,
        ids: &[283, 284, 286],
    },
];

/// Rows that say something about what this crate does not have, and why.
const DECIDED_AGAINST: &[(u16, &str)] = &[
    (
        88,
        "there is no shield: a spawned task whose handle is dropped goes on",
    ),
    (
        119,
        "there is no staggered race: `as_completed` over futures that begin with a sleep",
    ),
    (
        145,
        "a sleep takes a `Duration`, which is never NaN; for ever is `Duration::MAX` (C146)",
    ),
    (
        166,
        "there is no wait until all tasks are idle; the clock itself waits for that (C163)",
    ),
    (175, "there is no way out of the budget of a poll"),
    (
        205,
        "a post has no key: what must be coalesced is a wake, and those are (C053)",
    ),
    (
        223,
        "there is no barrier: an `Event` that the last one sets, or a `gather`",
    ),
    (
        230,
        "a queue has no ends to be cloned: it is shared as a whole, and `close` closes it",
    ),
    (
        233,
        "a value is set for the rest of its task and never taken back, so it is never missing",
    ),
];

/// The ids in the names of the tests in this folder and below.
fn covered(folder: &Path, ids: &mut BTreeSet<u16>) {
    for entry in fs::read_dir(folder).expect("the tests can be listed") {
        let path = entry.expect("the tests can be listed").path();
        if path.is_dir() {
            covered(&path, ids);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).expect("a test can be read");
            ids.extend(text.lines().filter_map(id_of_test));
        }
    }
}

/// The id in a line like `fn c142_equal_deadlines_…() {`.
fn id_of_test(line: &str) -> Option<u16> {
    let (visibility, name) = line.split_once("fn c")?;
    if !matches!(visibility.trim(), "" | "pub(super)") {
        return None;
    }
    let (digits, _) = name.split_once('_')?;
    let is_id = digits.len() == 3 && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_id.then(|| digits.parse().expect("three digits are a number"))
}

fn list(ids: &[u16]) -> String {
    let names: Vec<_> = ids.iter().map(|id| format!("C{id:03}")).collect();
    names.join(" ")
}

#[test]
fn every_row_of_the_catalogue_is_covered_or_decided_against() {
    let mut covered_ids = BTreeSet::new();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    covered(&tests, &mut covered_ids);

    println!("{:<40} {:>8} {:>8}   missing", "section", "covered", "rows");
    let mut uncovered = Vec::new();
    for section in CATALOGUE {
        let is_decided = |id: &u16| DECIDED_AGAINST.iter().any(|(decided, _)| decided == id);
        let is_missing = |id: &u16| !covered_ids.contains(id) && !is_decided(id);
        let missing: Vec<_> = section.ids.iter().copied().filter(is_missing).collect();
        let n = section
            .ids
            .iter()
            .filter(|id| covered_ids.contains(id))
            .count();
        println!(
            "{:<40} {n:>8} {:>8}   {}",
            section.name,
            section.ids.len(),
            list(&missing)
        );
        if section.complete {
            uncovered.extend(missing);
        }
    }
    println!("decided against:");
    for (id, reason) in DECIDED_AGAINST {
        println!("  C{id:03}: {reason}");
    }
    assert!(
        uncovered.is_empty(),
        "rows without a test: {}",
        list(&uncovered)
    );

    let decided = DECIDED_AGAINST.iter().map(|(id, _)| *id);
    let both: Vec<_> = decided.filter(|id| covered_ids.contains(id)).collect();
    assert!(
        both.is_empty(),
        "decided against, and covered: {}",
        list(&both)
    );

    let rows: BTreeSet<_> = CATALOGUE
        .iter()
        .flat_map(|section| section.ids)
        .copied()
        .collect();
    let unknown: Vec<_> = covered_ids.difference(&rows).copied().collect();
    assert!(
        unknown.is_empty(),
        "not in the catalogue: {}",
        list(&unknown)
    );
    let stray: Vec<_> = DECIDED_AGAINST
        .iter()
        .map(|row| row.0)
        .filter(|id| !rows.contains(id))
        .collect();
    assert!(
        stray.is_empty(),
        "decided against, and not in the catalogue: {}",
        list(&stray)
    );
}

#[test]
fn the_catalogue_has_its_191_rows_once_each() {
    let ids: Vec<_> = CATALOGUE.iter().flat_map(|section| section.ids).collect();
    assert_eq!(ids.len(), 191);
    assert!(ids.is_sorted_by(|one, next| one < next));
}

#[test]
fn a_test_covers_the_row_that_its_name_begins_with() {
    assert_eq!(id_of_test("fn c142_equal_deadlines_fire() {"), Some(142));
    assert_eq!(id_of_test("    fn c007_main_returns() {"), Some(7));
    assert_eq!(id_of_test("    pub(super) fn c020_a_child() {"), Some(20));
    for other in [
        "fn check() {",
        "fn c7_short() {",
        "fn count_(",
        "// fn c142_x",
        "fn c12a_x() {",
    ] {
        assert_eq!(id_of_test(other), None, "{other}");
    }
}
