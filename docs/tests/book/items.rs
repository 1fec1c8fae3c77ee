//! Item selectors: how a page names a piece of a source file.
//!
//! `path` is the whole file without its header comment; `path#fn poll` is one
//! item; `path#impl A / fn b` is one in another; `path#fn a, struct B` are several; `use` is all imports. An item goes from its first line
//! (with its attributes, without its documentation) to the line that closes it
//! at the same indent, which rustfmt and Python's own rules make unambiguous.
//!
//! Invariant: the answer is text of the file, dedented, and nothing else.
//!
//! Used by `code`, `diffs`, `links` and `outline`; pure.

use std::ops::Range;

/// What `selector` names in `source`. The file's name decides the language.
pub(crate) fn select(path: &str, source: &str, selector: Option<&str>) -> Result<String, String> {
    let language = Language::of(path);
    let Some(selector) = selector else {
        return Ok(language.without_header(source));
    };
    let items = selector.split(',').map(|name| {
        let name = name.trim();
        item(language, source, name).ok_or_else(|| format!("there is no `{name}` in {path}"))
    });
    let items: Vec<_> = items.collect::<Result<_, _>>()?;
    Ok(items.join("\n"))
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Language {
    Rust,
    Python,
}

impl Language {
    fn of(path: &str) -> Self {
        match path.ends_with(".py") {
            true => Language::Python,
            false => Language::Rust,
        }
    }

    /// The file without the comment that opens it.
    fn without_header(self, source: &str) -> String {
        let rest = match self {
            Language::Python => match source.strip_prefix("\"\"\"") {
                Some(rest) => rest.split_once("\"\"\"").map_or(rest, |(_, rest)| rest),
                None => source,
            },
            Language::Rust => {
                let is_header = |line: &&str| line.starts_with("//!");
                let header = source.split_inclusive('\n').take_while(is_header);
                &source[header.map(str::len).sum()..]
            }
        };
        rest.trim_start_matches('\n').to_owned()
    }

    /// The last line of the item that begins at `start`.
    pub(crate) fn end(self, lines: &[&str], start: usize) -> usize {
        let own = indent(lines[start]);
        let last = lines.len() - 1;
        match self {
            Language::Rust => {
                let closes = |line: &str| line.trim().starts_with('}') || line.ends_with(';');
                let one_liner = lines[start].ends_with(';') || lines[start].ends_with('}');
                if lines[start].ends_with('=') {
                    // Its value begins on the next line, and is indented.
                    return (start..last)
                        .find(|&n| lines[n].ends_with(';'))
                        .unwrap_or(last);
                }
                let end = (start + 1..=last).find(|&n| {
                    !lines[n].trim().is_empty() && indent(lines[n]) == own && closes(lines[n])
                });
                if one_liner {
                    start
                } else {
                    end.unwrap_or(last)
                }
            }
            Language::Python => {
                let outside = |n: &usize| !lines[*n].trim().is_empty() && indent(lines[*n]) <= own;
                let next = (start + 1..=last).find(outside).unwrap_or(last + 1);
                let is_text = |n: &usize| !lines[*n].trim().is_empty();
                (start..next).rev().find(is_text).unwrap_or(start)
            }
        }
    }
}

fn item(language: Language, source: &str, name: &str) -> Option<String> {
    if name == "use" {
        return imports(source);
    }
    let lines: Vec<_> = source.lines().collect();
    let range = span(language, &lines, name)?;
    let own = indent(lines[range.start]);
    let dedented = lines[range].iter().map(|line| {
        let line = line.get(own..).unwrap_or("");
        format!("{line}\n")
    });
    Some(dedented.collect())
}

/// The lines of an item. `impl A / fn b` is `fn b` in `impl A`.
fn span(language: Language, lines: &[&str], name: &str) -> Option<Range<usize>> {
    let mut range = 0..lines.len();
    for name in name.split(" / ") {
        let mut start = range.find(|&n| names(lines[n], name))?;
        let end = language.end(lines, start);
        while start > 0 && is_attribute(lines[start - 1]) {
            start -= 1;
        }
        range = start..end + 1;
    }
    Some(range)
}

/// `source` with this item as the shown text has it.
pub(crate) fn replace(source: &str, name: &str, shown: &str) -> Option<String> {
    let (lines, new): (Vec<_>, Vec<_>) = (source.lines().collect(), shown.lines().collect());
    let old = span(Language::Rust, &lines, name)?;
    // A text that shows an item alone does not show what is around it.
    let inner = name.rsplit(" / ").next().unwrap_or(name);
    let new = &new[span(Language::Rust, &new, inner)?];
    let margin = " ".repeat(indent(lines[old.start]));
    let mut text = String::new();
    for line in &lines[..old.start] {
        text = text + line + "\n";
    }
    for line in new {
        let margin = if line.is_empty() { "" } else { &margin };
        text = text + margin + line + "\n";
    }
    for line in &lines[old.end..] {
        text = text + line + "\n";
    }
    Some(text)
}

/// The file's imports, with what parts them.
fn imports(source: &str) -> Option<String> {
    let lines: Vec<_> = source.lines().collect();
    let is_import = |line: &str| line.starts_with("use ") || line.starts_with("import ");
    let first = lines.iter().position(|line| is_import(line))?;
    let last = lines.iter().rposition(|line| is_import(line))?;
    let last = match lines[last].ends_with('{') {
        true => Language::Rust.end(&lines, last),
        false => last,
    };
    Some(lines[first..=last].join("\n") + "\n")
}

/// Does an item of this name begin on this line?
fn names(line: &str, name: &str) -> bool {
    let mut line = line.trim_start();
    loop {
        if let Some(rest) = line.strip_prefix(name) {
            return !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_');
        }
        let words = [
            "pub ",
            "pub(crate) ",
            "pub(super) ",
            "async ",
            "const ",
            "static ",
        ];
        match words.iter().find_map(|word| line.strip_prefix(word)) {
            Some(rest) => line = rest,
            None => return false,
        }
    }
}

fn is_attribute(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#[") || line.starts_with('@')
}

pub(crate) fn indent(line: &str) -> usize {
    line.len() - line.trim_start().len()
}

#[cfg(test)]
const RUST: &str = "\
//! A header.

use std::fmt;

/// Documentation.
#[derive(Clone)]
pub struct Task {
    id: u32,
}

impl Task {
    pub(crate) async fn poll<T>(&self) -> T
    where
        T: Copy,
    {
        if self.id == 0 {
            1
        } else {
            2
        }
    }

    fn polls(&self) {}
}

const LIMIT: u32 = 61;
";

#[test]
fn items_end_where_they_close() {
    let get = |name| select("a.rs", RUST, Some(name)).unwrap();
    let task = "#[derive(Clone)]\npub struct Task {\n    id: u32,\n}\n";
    assert_eq!(get("struct Task"), task);
    let poll = get("fn poll");
    assert!(poll.starts_with("pub(crate) async fn poll<T>"), "{poll}");
    assert!(poll.ends_with("        2\n    }\n}\n"), "{poll}");
    assert_eq!(get("fn polls"), "fn polls(&self) {}\n");
    assert_eq!(get("use"), "use std::fmt;\n");
    assert_eq!(get("const LIMIT"), "const LIMIT: u32 = 61;\n");
    assert!(get("fn polls, LIMIT").contains("{}\n\nconst"));
    assert!(select("a.rs", RUST, Some("fn pol")).is_err());
    let whole = select("a.rs", RUST, None).unwrap();
    assert!(whole.starts_with("use std::fmt;"), "{whole}");
}

#[test]
fn python_items_end_with_their_indent() {
    let source =
        "\"\"\"Doc.\"\"\"\n\nasync def a():\n    x = 1\n\n    return x\n\n\ndef b():\n    pass\n";
    let a = "async def a():\n    x = 1\n\n    return x\n";
    assert_eq!(select("a.py", source, Some("def a")).unwrap(), a);
    assert_eq!(
        select("a.py", source, Some("def b")).unwrap(),
        "def b():\n    pass\n"
    );
    assert!(
        select("a.py", source, None)
            .unwrap()
            .starts_with("async def a")
    );
}

#[test]
fn an_item_in_an_item_has_a_path() {
    let source = "impl A {\n    fn b() {}\n}\n\nimpl C {\n    fn b() {\n        1\n    }\n}\n";
    let get = |name| select("a.rs", source, Some(name)).unwrap();
    assert_eq!(get("impl C / fn b"), "fn b() {\n    1\n}\n");
    assert_eq!(get("fn b"), "fn b() {}\n");
}

#[test]
fn an_item_is_replaced_where_it_is() {
    let source = "impl A {\n    /// Doc.\n    #[a]\n    fn b() {}\n\n    fn c() {}\n}\n";
    let new = replace(source, "impl A / fn b", "fn b() {\n    1\n}\n").unwrap();
    let expected = source.replace("    #[a]\n    fn b() {}", "    fn b() {\n        1\n    }");
    assert_eq!(new, expected);
    assert_eq!(replace(source, "fn d", "fn d() {}\n"), None);
}
