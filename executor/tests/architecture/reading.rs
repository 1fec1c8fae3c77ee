//! Reads Rust source just well enough to find its imports.

use std::collections::BTreeSet;

use super::File;

/// The first name after `crate` of every path in the code of a file, however
/// it is written: `crate::a::b`, `crate::{a, b::c}`, `super::a` one floor below
/// the root. Comments, strings and test code do not count.
pub(crate) fn imports(file: &File) -> BTreeSet<String> {
    if file.is_tests() {
        return BTreeSet::new();
    }
    let tokens = tokens(&without_tests(&code_only(&file.text)));
    let token = |at: usize| tokens.get(at).map_or("", String::as_str);
    // How many `super`s lead from here to the root.
    let depth_of_file = file.path.split('/').count();
    let mut inline_modules = Vec::new();
    let mut braces = 0;
    let mut found = BTreeSet::new();
    for at in 0..tokens.len() {
        match token(at) {
            "{" => {
                braces += 1;
                if at >= 2 && token(at - 2) == "mod" {
                    inline_modules.push(braces);
                }
            }
            "}" => {
                if inline_modules.last() == Some(&braces) {
                    inline_modules.pop();
                }
                braces -= 1;
            }
            "crate" if token(at + 1) == "::" => found.extend(heads(&tokens[at + 2..])),
            "super" if at == 0 || token(at - 1) != "::" => {
                let steps = tokens[at..].chunks(2);
                let supers = steps.take_while(|step| *step == ["super", "::"]).count();
                if supers == depth_of_file + inline_modules.len() {
                    found.extend(heads(&tokens[at + 2 * supers..]));
                }
            }
            _ => {}
        }
    }
    found
}

/// What stands first in each branch of a use tree.
fn heads(tree: &[String]) -> Vec<String> {
    if tree.first().is_none_or(|first| first != "{") {
        return tree.first().cloned().into_iter().collect();
    }
    let mut heads = Vec::new();
    let mut depth = 0;
    for (at, token) in tree.iter().enumerate() {
        match token.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            _ if depth == 1 && ["{", ","].contains(&tree[at - 1].as_str()) => {
                heads.push(token.clone());
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// Words, `::`, and single other characters.
pub(crate) fn tokens(code: &str) -> Vec<String> {
    let mut tokens: Vec<String> = Vec::new();
    let mut in_word = false;
    let mut after_colon = false;
    for c in code.chars() {
        let is_word = c.is_alphanumeric() || c == '_';
        match tokens.last_mut() {
            Some(last) if is_word && in_word => last.push(c),
            Some(last) if c == ':' && after_colon => last.push(c),
            _ if c.is_whitespace() => {}
            _ => tokens.push(c.into()),
        }
        after_colon = c == ':' && !after_colon;
        in_word = is_word;
    }
    tokens
}

/// The text without comments and without what stands in quotes.
pub(crate) fn code_only(text: &str) -> String {
    let mut code = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skipped = match c {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => block_comment(rest),
            '"' => quoted(rest, '"'),
            '\'' if is_char_literal(rest) => quoted(rest, '\''),
            'r' => raw_string(rest).unwrap_or(0),
            _ => 0,
        };
        if skipped == 0 {
            code.push(c);
            rest = &rest[c.len_utf8()..];
        } else {
            code.push(' ');
            rest = &rest[skipped..];
        }
    }
    code
}

/// A quote that is no lifetime: `'x'` or `'\n'`.
fn is_char_literal(rest: &str) -> bool {
    let mut chars = rest.chars().skip(1);
    chars.next() == Some('\\') || chars.next() == Some('\'')
}

/// The length of what stands in quotes, with them.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// The length of an `r"..."` or `r#"..."#`, if that is what stands here.
fn raw_string(rest: &str) -> Option<usize> {
    let hashes = rest[1..].chars().take_while(|c| *c == '#').count();
    let inside = rest[1 + hashes..].strip_prefix('"')?;
    let end = format!("\"{}", "#".repeat(hashes));
    let length = inside.find(&end)? + end.len();
    Some(1 + hashes + 1 + length)
}

/// The length of a block comment; they nest.
fn block_comment(rest: &str) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// The code without the items that are marked `#[cfg(test)]`.
pub(crate) fn without_tests(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut kept = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        kept.push_str(&rest[..at]);
        rest = &rest[at + MARK.len()..];
        rest = &rest[length_of_item(rest)..];
    }
    kept + rest
}

/// Up to the `;` or the closing brace of the item that stands first.
fn length_of_item(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth -= 1,
            _ => {}
        }
        if depth < 0 {
            return at; // the end of what the item stands in
        }
        if depth == 0 && (c == ';' || c == '}') {
            return at + 1;
        }
    }
    code.len()
}
