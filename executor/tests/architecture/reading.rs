//! Reads Rust source well enough to find modules, imports and lines of code.
//!
//! Comments are dropped and a literal is one token, so neither can be mistaken
//! for code. Items under a `cfg` that needs `test` are dropped too.

use std::collections::{BTreeMap, BTreeSet};

/// A word, a literal, a lifetime, `::`, or one other character.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) line: usize,
    /// The last line of a literal that spans several.
    last_line: usize,
}

impl Token {
    fn is_word(&self) -> bool {
        self.text.chars().next().is_some_and(is_word)
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

pub(crate) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(c) = rest.chars().next() {
        let (length, is_token) = if rest.starts_with("//") {
            (rest.find('\n').unwrap_or(rest.len()), false)
        } else if rest.starts_with("/*") {
            (block_comment(rest), false)
        } else if c.is_whitespace() {
            (c.len_utf8(), false)
        } else if let Some(length) = literal(rest) {
            (length, true)
        } else if rest.starts_with("::") {
            (2, true)
        } else {
            // A lifetime is a quote and a word.
            let from = c.len_utf8();
            let is_long = c == '\'' || is_word(c);
            let word = rest[from..].find(|c| !is_word(c) || !is_long);
            (word.map_or(rest.len(), |word| from + word), true)
        };
        let (text, after) = rest.split_at(length);
        let last_line = line + text.matches('\n').count();
        if is_token {
            // `r#type` is the name `type`.
            let text = text.strip_prefix("r#").filter(|name| !name.contains('"'));
            let text = text.unwrap_or(&rest[..length]).to_owned();
            tokens.push(Token {
                text,
                line,
                last_line,
            });
        }
        (rest, line) = (after, last_line);
    }
    tokens
}

/// The length of the string or character literal at the start, if there is
/// one. A raw name (`r#type`) is handled here as well.
fn literal(rest: &str) -> Option<usize> {
    let prefix = ["br", "cr", "b", "c", "r", ""];
    let prefix = prefix.iter().find(|prefix| {
        let after = rest.strip_prefix(**prefix);
        after.is_some_and(|after| after.starts_with(['"', '\'', '#']))
    })?;
    let after = &rest[prefix.len()..];
    if prefix.ends_with('r') {
        let hashes = after.chars().take_while(|c| *c == '#').count();
        let Some(inside) = after[hashes..].strip_prefix('"') else {
            let name = after.strip_prefix('#').filter(|_| *prefix == "r")?;
            let end = name.find(|c| !is_word(c)).unwrap_or(name.len());
            return Some(2 + end);
        };
        let end = format!("\"{}", "#".repeat(hashes));
        let length = inside.find(&end).map_or(inside.len(), |at| at + end.len());
        return Some(prefix.len() + hashes + 1 + length);
    }
    let mut inside = after.chars();
    let quote = inside.next().filter(|quote| *quote != '#')?;
    let is_lifetime = inside.next() != Some('\\') && inside.next() != Some('\'');
    if quote == '\'' && is_lifetime {
        return None;
    }
    let mut is_escaped = false;
    for (at, c) in after.char_indices().skip(1) {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return Some(prefix.len() + at + 1),
            _ => {}
        }
    }
    Some(rest.len())
}

/// The length of a block comment; they nest.
fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let here = &rest[at..];
        if here.starts_with("/*") {
            depth += 1;
            at += 2;
        } else if here.starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += here.chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// Separates what is compiled only for tests: first the code, then the test
/// items.
pub(crate) fn split_tests(tokens: &[Token]) -> (Vec<Token>, Vec<Token>) {
    let (mut code, mut tests) = (Vec::new(), Vec::new());
    let mut at = 0;
    while at < tokens.len() {
        let mut item = at;
        let mut is_test = false;
        let mut is_inner = false;
        while let Some(attribute) = attribute(tokens, item) {
            is_test |= needs_test(attribute);
            is_inner = is_test && texts(&tokens[item..]).nth(1) == Some("!");
            item += attribute.len();
            if is_inner {
                break;
            }
        }
        let end = match is_test {
            true if is_inner => tokens.len(),
            true => item + length_of_item(&tokens[item..]),
            false => item.max(at + 1),
        };
        let side = if is_test { &mut tests } else { &mut code };
        side.extend_from_slice(&tokens[at..end]);
        at = end;
    }
    (code, tests)
}

fn texts(tokens: &[Token]) -> impl DoubleEndedIterator<Item = &str> {
    tokens.iter().map(|token| token.text.as_str())
}

/// The attribute that begins at a token: `#[...]` or `#![...]`.
fn attribute(tokens: &[Token], at: usize) -> Option<&[Token]> {
    let text = |at: usize| tokens.get(at).map(|token| token.text.as_str());
    let bracket = match (text(at), text(at + 1), text(at + 2)) {
        (Some("#"), Some("["), _) => at + 1,
        (Some("#"), Some("!"), Some("[")) => at + 2,
        _ => return None,
    };
    Some(&tokens[at..bracket + group(&tokens[bracket..])])
}

/// The length of a group in brackets, both of them included.
fn group(tokens: &[Token]) -> usize {
    let mut depth = 0;
    for (at, text) in texts(tokens).enumerate() {
        depth += match text {
            "{" | "(" | "[" => 1,
            "}" | ")" | "]" => -1,
            _ => 0,
        };
        if depth <= 0 {
            return at + 1;
        }
    }
    tokens.len()
}

/// Whether an attribute is a `cfg` that cannot hold without `test`.
fn needs_test(attribute: &[Token]) -> bool {
    let words: Vec<_> = texts(attribute)
        .filter(|text| !matches!(*text, "#" | "!" | "["))
        .collect();
    words.first() == Some(&"cfg") && holds(&words[2..]).0 == Some(false)
}

/// The value of a `cfg` predicate with `test` off and all else unknown, and the
/// number of tokens it takes.
fn holds(words: &[&str]) -> (Option<bool>, usize) {
    let is_list = words.get(1) == Some(&"(");
    if !is_list {
        let value = (words[0] == "test" && words.get(1) != Some(&"=")).then_some(false);
        let end = words.iter().position(|word| matches!(*word, "," | ")"));
        return (value, end.unwrap_or(words.len()));
    }
    let (mut values, mut at) = (Vec::new(), 2);
    while at < words.len() && words[at] != ")" {
        let (value, length) = holds(&words[at..]);
        values.push(value);
        at += length + usize::from(words.get(at + length) == Some(&","));
    }
    let all_are = |wanted| values.iter().all(|value| *value == Some(wanted));
    let one_is = |wanted| values.contains(&Some(wanted));
    let value = match words[0] {
        "all" if one_is(false) => Some(false),
        "all" if all_are(true) => Some(true),
        "any" if one_is(true) => Some(true),
        "any" if all_are(false) => Some(false),
        "not" => values.first().copied().flatten().map(|value| !value),
        _ => None,
    };
    (value, at + 1)
}

/// The length of the item, statement, field or match arm at the start.
fn length_of_item(tokens: &[Token]) -> usize {
    let is_modifier = |text: &&str| matches!(*text, "pub" | "async" | "extern" | "default");
    let mut words = texts(tokens).skip_while(is_modifier);
    let mut keyword = words.next().unwrap_or_default();
    if keyword == "(" {
        keyword = words
            .skip_while(|text| *text != ")")
            .nth(1)
            .unwrap_or_default();
    } else if keyword == "const" && words.next() == Some("fn") {
        keyword = "fn";
    }
    // Whether a brace ends it, and whether a comma does.
    let (brace, comma) = match keyword {
        "use" | "const" | "static" | "let" | "type" => (false, false),
        "fn" | "async" | "mod" | "struct" | "enum" | "trait" | "impl" | "macro_rules" => {
            (true, false)
        }
        _ => (true, true),
    };
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let length = match token.text.as_str() {
            ";" => return at + 1,
            "," if comma => return at + 1,
            "}" | ")" | "]" => return at,
            "{" | "(" | "[" => group(&tokens[at..]),
            _ => 1,
        };
        at += length;
        if brace && token.text == "{" {
            let next = tokens.get(at).map(|token| token.text.as_str());
            return at + usize::from(matches!(next, Some("," | ";")) && comma);
        }
    }
    tokens.len()
}

/// How many lines of the source hold a token.
pub(crate) fn lines_of_code(source: &str, code: &[Token]) -> usize {
    let lines: BTreeSet<_> = code
        .iter()
        .flat_map(|token| token.line..=token.last_line)
        .collect();
    let is_blank = |line: &str| line.trim().is_empty();
    let numbered = (1..).zip(source.lines());
    numbered
        .filter(|(number, line)| lines.contains(number) && !is_blank(line))
        .count()
}

/// A path, as names: `crate::a::B` is `["crate", "a", "B"]`.
pub(crate) type Names = Vec<String>;

/// What a `use` brings into scope.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Use {
    /// The name in scope; nothing for a glob.
    pub(crate) name: Option<String>,
    pub(crate) path: Names,
    pub(crate) line: usize,
}

/// A `mod name;` or `mod name { .. }`.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Declaration {
    pub(crate) name: String,
    pub(crate) is_public: bool,
    /// The feature of `#[cfg(feature = "..")]`.
    pub(crate) feature: Option<String>,
    /// The file of `#[path = ".."]`.
    pub(crate) path: Option<String>,
    /// What stands between the braces.
    pub(crate) inline: Option<Scope>,
}

/// What the code of a module says about names, at any depth but that of inner
/// modules.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Scope {
    pub(crate) modules: Vec<Declaration>,
    pub(crate) uses: Vec<Use>,
    /// Paths of two names or more outside of `use`, with their lines.
    pub(crate) paths: BTreeMap<Names, usize>,
    /// The names of the module's own items.
    pub(crate) defines: BTreeSet<String>,
    pub(crate) public_functions: BTreeSet<String>,
    pub(crate) exported_macros: BTreeSet<String>,
    /// The types of `impl` blocks, with their lines.
    pub(crate) implements: BTreeMap<Names, Vec<(Option<String>, usize)>>,
}

/// Reads the code of a file.
pub(crate) fn scope(tokens: &[Token]) -> Scope {
    let mut scope = Scope::default();
    let text = |at: usize| tokens.get(at).map_or("", |token| token.text.as_str());
    let mut attributes: Vec<&str> = Vec::new();
    let (mut at, mut depth) = (0, 0);
    while at < tokens.len() {
        if let Some(attribute) = attribute(tokens, at) {
            // An inner attribute is of the file, not of its first item.
            if text(at + 1) != "!" {
                attributes.extend(texts(attribute));
            }
            at += attribute.len();
            continue;
        }
        let before = if at == 0 { "" } else { text(at - 1) };
        let (line, name) = (tokens[at].line, text(at + 1));
        let is_item = tokens.get(at + 1).is_some_and(Token::is_word);
        let length = match text(at) {
            "{" => {
                depth += 1;
                1
            }
            "}" => {
                depth -= 1;
                1
            }
            "mod" if is_item && matches!(text(at + 2), ";" | "{") => {
                let is_inline = text(at + 2) == "{";
                let length = if is_inline {
                    group(&tokens[at + 2..])
                } else {
                    1
                };
                scope.modules.push(Declaration {
                    name: name.to_owned(),
                    is_public: before == "pub",
                    feature: value_of(&attributes, "feature"),
                    path: value_of(&attributes, "path"),
                    inline: is_inline.then(|| self::scope(&tokens[at + 3..at + 1 + length])),
                });
                2 + length
            }
            // `impl Trait + use<'a>` names lifetimes, not an import.
            "use" if name != "<" => 1 + use_tree(&tokens[at + 1..], &[], line, &mut scope.uses),
            "impl" if depth == 0 => {
                let (of_trait, path) = implemented(&tokens[at + 1..]);
                let implements = scope.implements.entry(path).or_default();
                implements.push((of_trait, line));
                1
            }
            "macro_rules" if name == "!" => {
                scope.defines.insert(text(at + 2).to_owned());
                if attributes.contains(&"macro_export") {
                    scope.exported_macros.insert(text(at + 2).to_owned());
                }
                3
            }
            keyword if depth == 0 && is_item && is_definition(keyword, name) => {
                scope.defines.insert(name.to_owned());
                let mut before = texts(&tokens[..at]).rev();
                let before = before.find(|text| !matches!(*text, "async" | "const"));
                if keyword == "fn" && before == Some("pub") {
                    scope.public_functions.insert(name.to_owned());
                }
                2
            }
            first => {
                let starts = tokens[at].is_word()
                    && name == "::"
                    && before != "::"
                    && (before != "$" || first == "crate");
                let mut path = vec![match before {
                    "$" => format!("${first}"),
                    _ => first.to_owned(),
                }];
                while starts
                    && text(at + 2 * path.len() - 1) == "::"
                    && tokens.get(at + 2 * path.len()).is_some_and(Token::is_word)
                {
                    path.push(text(at + 2 * path.len()).to_owned());
                }
                let length = 2 * path.len() - 1;
                if starts && path.len() > 1 {
                    scope.paths.entry(path).or_insert(line);
                }
                length
            }
        };
        if !matches!(text(at), "pub" | "(" | "crate" | "super" | "in" | ")") {
            attributes.clear();
        }
        at += length;
    }
    scope
}

/// The trait of an `impl` block, if it has one, and the type: `C` and `a::B` in
/// `impl<T> C<T> for a::B<T> {`.
fn implemented(tokens: &[Token]) -> (Option<String>, Names) {
    let (mut path, mut angles, mut before) = (Names::new(), 0, "");
    let mut of_trait = None;
    for token in tokens {
        let text = token.text.as_str();
        match text {
            "<" => angles += 1,
            ">" if before != "-" => angles -= 1,
            _ if angles > 0 => {}
            "{" | "where" => break,
            "for" => of_trait = std::mem::take(&mut path).pop(),
            _ if token.is_word() && (path.is_empty() || before == "::") => {
                path.push(text.to_owned());
            }
            _ => {}
        }
        before = text;
    }
    (of_trait, path)
}

fn is_definition(keyword: &str, name: &str) -> bool {
    let keywords = [
        "fn", "struct", "enum", "union", "trait", "type", "const", "static",
    ];
    keywords.contains(&keyword) && !(keyword == "const" && matches!(name, "fn" | "async" | "_"))
}

/// The string after `key =` in attributes, without its quotes.
fn value_of(attributes: &[&str], key: &str) -> Option<String> {
    let mut three = attributes.windows(3);
    let found = three.find(|three| three[0] == key && three[1] == "=")?;
    Some(found[2].trim_matches('"').to_owned())
}

/// Reads one branch of a `use` tree, up to and with what ends it. Gives its
/// length.
fn use_tree(tokens: &[Token], prefix: &[String], line: usize, uses: &mut Vec<Use>) -> usize {
    let text = |at: usize| tokens.get(at).map_or(";", |token| token.text.as_str());
    let mut path = prefix.to_vec();
    let mut name = None;
    let mut is_group = false;
    let mut at = 0;
    loop {
        match text(at) {
            "{" => {
                is_group = true;
                at += 1;
                while text(at) != "}" && at < tokens.len() {
                    let line = tokens[at].line;
                    at += use_tree(&tokens[at..], &path, line, uses);
                    at += usize::from(text(at) == ",");
                }
                at += 1;
            }
            ";" | "," | "}" => break,
            "as" => {
                name = Some(text(at + 1).to_owned());
                at += 2;
            }
            // A path that starts with `::` begins with the name of a crate.
            "::" if at == 0 && prefix.is_empty() => {
                path.push("::".to_owned());
                at += 1;
            }
            "::" => at += 1,
            "$" => {
                path.push(format!("${}", text(at + 1)));
                at += 2;
            }
            word => {
                path.push(word.to_owned());
                at += 1;
            }
        }
    }
    if is_group || path.is_empty() {
        return at;
    }
    let is_glob = path.last().is_some_and(|last| last == "*");
    if is_glob || (path.len() > 1 && path.last().is_some_and(|last| last == "self")) {
        path.pop();
    }
    let name = name.or_else(|| path.last().cloned()).filter(|_| !is_glob);
    uses.push(Use { name, path, line });
    at
}
