//! The walker: what a page consists of, as far as the checks care.
//!
//! Invariant: every range points into `text`, so that a check can replace
//! exactly what it has looked at.
//!
//! Used by every check. The parsing is pulldown-cmark's.

use std::ops::Range;

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

/// One Markdown file.
pub(crate) struct Page {
    /// From the workspace's folder: `docs/00-run-it-first.md`.
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) fences: Vec<Fence>,
    pub(crate) links: Vec<Link>,
    pub(crate) headings: Vec<String>,
    /// What stands in bold, and on which line.
    pub(crate) bold: Vec<(String, usize)>,
    /// The files that `<!-- removed: path -->` names, and on which line.
    pub(crate) removed: Vec<(String, usize)>,
    /// Words outside code blocks.
    pub(crate) words: usize,
}

/// A fenced code block.
pub(crate) struct Fence {
    /// The language and what follows it.
    pub(crate) info: String,
    pub(crate) body: String,
    /// Where the body stands in the page: whole lines.
    range: Range<usize>,
    /// What stands before each of its lines, in a list.
    indent: String,
    pub(crate) line: usize,
    /// The comment directly above: `<!-- code: path#item -->`.
    pub(crate) directive: Option<Directive>,
}

/// `<!-- verb: object -->`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Directive {
    pub(crate) verb: String,
    pub(crate) object: String,
}

/// A link or an image.
pub(crate) struct Link {
    pub(crate) to: String,
    /// The title; for a link into a source file it names an item there.
    pub(crate) title: String,
    pub(crate) text: String,
    pub(crate) is_image: bool,
    pub(crate) line: usize,
}

impl Fence {
    pub(crate) fn language(&self) -> &str {
        self.info.split([',', ' ']).next().unwrap_or("")
    }

    /// The edit that gives it another body.
    pub(crate) fn with_body(&self, body: &str) -> (Range<usize>, String) {
        let lines = body.lines().map(|line| match line.is_empty() {
            true => "\n".to_owned(),
            false => format!("{}{line}\n", self.indent),
        });
        (self.range.clone(), lines.collect())
    }

    /// What a directive of this verb says.
    pub(crate) fn directed(&self, verb: &str) -> Option<&str> {
        let directive = self.directive.as_ref()?;
        (directive.verb == verb).then_some(&directive.object)
    }
}

impl Page {
    /// The file's name without its folder.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    pub(crate) fn parse(path: &str, text: &str) -> Self {
        let mut walk = Walk::new(path, text);
        let options = Options::ENABLE_TABLES;
        for (event, range) in Parser::new_ext(text, options).into_offset_iter() {
            walk.step(event, range);
        }
        walk.page
    }
}

/// The state of the walk over one page.
struct Walk {
    page: Page,
    directive: Option<Directive>,
    /// The code block that is open.
    fence: Option<Fence>,
    /// The links that are open: one may stand in another, as a picture does.
    links: Vec<Link>,
    heading: Option<String>,
    bold: Option<String>,
}

impl Walk {
    fn new(path: &str, text: &str) -> Self {
        let page = Page {
            path: path.into(),
            text: text.into(),
            fences: Vec::new(),
            links: Vec::new(),
            headings: Vec::new(),
            bold: Vec::new(),
            removed: Vec::new(),
            words: 0,
        };
        Walk {
            page,
            directive: None,
            fence: None,
            links: Vec::new(),
            heading: None,
            bold: None,
        }
    }

    fn step(&mut self, event: Event<'_>, range: Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.end(tag, range),
            Event::Html(html) => self.comment(&html, range),
            Event::Text(text) | Event::Code(text) => self.text(&text, range),
            Event::SoftBreak | Event::HardBreak => self.text(" ", range),
            _ => {}
        }
    }

    fn comment(&mut self, html: &str, range: Range<usize>) {
        match Directive::parse(html) {
            // It stands for itself, not above a block.
            Some(Directive { verb, object }) if verb == "removed" => {
                let line = line_of(&self.page.text, range.start);
                self.page.removed.push((object, line));
            }
            directive => self.directive = directive.or(self.directive.take()),
        }
    }

    fn start(&mut self, tag: Tag<'_>, range: Range<usize>) {
        let line = line_of(&self.page.text, range.start);
        match tag {
            Tag::CodeBlock(CodeBlockKind::Fenced(info)) => {
                // An empty block has no text: its body is what follows its first line.
                let text = &self.page.text;
                let first_line = text[range.start..].find('\n');
                let body = range.start + first_line.map_or(0, |n| n + 1);
                let before = text[..range.start].rfind('\n').map_or(0, |n| n + 1);
                let indent = text[before..range.start].to_owned();
                self.fence = Some(Fence {
                    info: info.into_string(),
                    body: String::new(),
                    range: body..body,
                    indent,
                    line,
                    directive: self.directive.take(),
                });
            }
            Tag::Link {
                dest_url, title, ..
            } => self.open_link(&dest_url, &title, false, line),
            Tag::Image {
                dest_url, title, ..
            } => self.open_link(&dest_url, &title, true, line),
            Tag::Heading { .. } => self.heading = Some(String::new()),
            Tag::Strong => self.bold = Some(String::new()),
            Tag::HtmlBlock => return,
            _ => {}
        }
        self.directive = None; // it stands directly above a block or nowhere
    }

    fn end(&mut self, tag: TagEnd, range: Range<usize>) {
        let line = line_of(&self.page.text, range.start);
        match tag {
            TagEnd::CodeBlock => self.page.fences.extend(self.fence.take()),
            TagEnd::Link | TagEnd::Image => self.page.links.extend(self.links.pop()),
            TagEnd::Heading(_) => self.page.headings.extend(self.heading.take()),
            TagEnd::Strong => {
                let bold = self.bold.take().map(|text| (text, line));
                self.page.bold.extend(bold);
            }
            _ => {}
        }
    }

    fn open_link(&mut self, to: &str, title: &str, is_image: bool, line: usize) {
        self.links.push(Link {
            to: to.into(),
            title: title.into(),
            text: String::new(),
            is_image,
            line,
        });
    }

    fn text(&mut self, text: &str, range: Range<usize>) {
        if let Some(fence) = &mut self.fence {
            fence.body.push_str(text);
            fence.range.end = range.end;
            return;
        }
        self.page.words += text.split_whitespace().count();
        for link in &mut self.links {
            link.text.push_str(text);
        }
        for part in [&mut self.heading, &mut self.bold].into_iter().flatten() {
            part.push_str(text);
        }
    }
}

impl Directive {
    fn parse(html: &str) -> Option<Self> {
        let inner = html.trim().strip_prefix("<!--")?.strip_suffix("-->")?;
        let (verb, object) = inner.split_once(':')?;
        let [verb, object] = [verb, object].map(|part| part.trim().to_owned());
        Some(Directive { verb, object })
    }
}

/// Counted from one.
fn line_of(text: &str, offset: usize) -> usize {
    text[..offset].matches('\n').count() + 1
}

#[test]
fn a_fence_has_its_directive_and_its_range() {
    let text = "# One\n\n<!-- code: a.rs#fn b -->\n```rust\nfn b() {}\n```\n\n```text\n```\n";
    let page = Page::parse("p.md", text);
    let [one, two] = &page.fences[..] else {
        panic!("{} fences", page.fences.len())
    };
    assert_eq!(one.directed("code"), Some("a.rs#fn b"));
    assert_eq!(&text[one.range.clone()], "fn b() {}\n");
    assert_eq!((one.line, one.language()), (4, "rust"));
    assert_eq!(two.directive, None);
    assert_eq!(&text[two.range.end..], "```\n");
}

#[test]
fn a_fence_in_a_list_keeps_its_indent() {
    let text = "1. One\n\n   ```rust\n   a\n\n     b\n   ```\n";
    let page = Page::parse("p.md", text);
    let fence = &page.fences[0];
    assert_eq!(fence.body, "a\n\n  b\n");
    let (range, body) = fence.with_body(&fence.body);
    assert_eq!(text[range], body);
}

#[test]
fn a_directive_counts_only_directly_above() {
    let page = Page::parse("p.md", "<!-- code: a.rs -->\n\nwords\n\n```rust\n```\n");
    assert_eq!(page.fences[0].directive, None);
}

#[test]
fn a_removed_file_needs_no_block() {
    let text = "words\n\n<!-- removed: a.rs -->\n<!-- code: b.rs -->\n```rust\n```\n";
    let page = Page::parse("p.md", text);
    assert_eq!(page.removed, [("a.rs".to_owned(), 3)]);
    assert_eq!(page.fences[0].directed("code"), Some("b.rs"));
}

#[test]
fn a_picture_in_a_link_is_both() {
    let page = Page::parse(
        "p.md",
        "**Park** [![a picture](f.svg)](p.html#1 \"t\") and `x`\n",
    );
    let kinds: Vec<_> = page.links.iter().map(|l| (l.is_image, &l.to[..])).collect();
    assert_eq!(kinds, [(true, "f.svg"), (false, "p.html#1")]);
    assert_eq!(page.bold, [("Park".to_owned(), 1)]);
    assert_eq!(page.words, 5);
}
