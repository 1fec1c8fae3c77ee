//! Markdown, cut where its headings are.
//!
//! Invariant: no text is lost and none stands twice, apart from headings; a
//! line of a code block is never taken for a heading. Called by `Index`.

/// A passage is cut at the next paragraph when it has this many bytes: some
/// two hundred words, enough to answer from and short enough to be about one
/// thing.
const LONG: usize = 1200;

/// A passage of a file, and the heading it stands under.
#[derive(Debug, PartialEq)]
pub(super) struct Passage {
    /// Empty before the first heading.
    pub(super) heading: String,
    pub(super) text: String,
}

/// Cuts a text into passages. Sections without text are left out.
pub(super) fn passages(markdown: &str) -> Vec<Passage> {
    let mut cutter = Cutter::default();
    for line in markdown.lines() {
        cutter.line(line);
    }
    cutter.cut();
    cutter.found
}

#[derive(Default)]
struct Cutter {
    found: Vec<Passage>,
    heading: String,
    text: String,
    /// The fence that would end the code block, inside one.
    fence: Option<String>,
}

impl Cutter {
    fn line(&mut self, line: &str) {
        self.see_fence(line.trim_start());
        let outside = self.fence.is_none();
        if let Some(heading) = heading(line).filter(|_| outside) {
            self.cut();
            self.heading = heading.to_string();
            return;
        }
        if outside && line.trim().is_empty() && self.text.len() >= LONG {
            self.cut();
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn see_fence(&mut self, line: &str) {
        let mark = |c: char| c == '`' || c == '~';
        let length = line.find(|c| !mark(c)).unwrap_or(line.len());
        let (fence, rest) = line.split_at(length);
        match &self.fence {
            Some(open) if fence.starts_with(open.as_str()) && rest.trim().is_empty() => {
                self.fence = None;
            }
            None if length >= 3 => self.fence = Some(fence.to_string()),
            _ => {}
        }
    }

    fn cut(&mut self) {
        let text = std::mem::take(&mut self.text);
        if text.trim().is_empty() {
            return;
        }
        self.found.push(Passage {
            heading: self.heading.clone(),
            text: text.trim().to_string(),
        });
    }
}

fn heading(line: &str) -> Option<&str> {
    let level = line.find(|c| c != '#').unwrap_or(line.len());
    let rest = &line[level..];
    let is_one = (1..=6).contains(&level) && (rest.is_empty() || rest.starts_with([' ', '\t']));
    is_one.then(|| rest.trim().trim_end_matches('#').trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(markdown: &str) -> Vec<(String, String)> {
        let found = passages(markdown).into_iter();
        found
            .map(|passage| (passage.heading, passage.text))
            .collect()
    }

    fn pair(heading: &str, text: &str) -> (String, String) {
        (heading.into(), text.into())
    }

    #[test]
    fn a_passage_is_what_stands_under_a_heading() {
        let text = "before\n\n# One ##\na\nb\n\n## Two\n\n###### Three\nc";
        let expected = [pair("", "before"), pair("One", "a\nb"), pair("Three", "c")];
        assert_eq!(cut(text), expected);
    }

    #[test]
    fn a_comment_in_a_code_block_is_no_heading() {
        let text = "# One\n```sh\n# no heading\n```\n~~~~\n~~~\n# nor this\n~~~~\n# Two\nx";
        assert_eq!(cut(text).len(), 2);
        assert_eq!(cut(text)[1], pair("Two", "x"));
    }

    #[test]
    fn what_only_looks_like_a_heading_is_text() {
        let text = "#hashtag\n####### seven\n";
        assert_eq!(cut(text), [pair("", "#hashtag\n####### seven")]);
    }

    #[test]
    fn a_long_section_is_cut_between_paragraphs() {
        let paragraph = "word ".repeat(150); // 750 bytes
        let text = format!("# One\n{paragraph}\n\n{paragraph}\n\n{paragraph}\n");
        let found = cut(&text);
        assert_eq!(found.len(), 2);
        assert!(found.iter().all(|(heading, _)| heading == "One"));
        let words = |text: &str| text.split_whitespace().count();
        assert_eq!(words(&found[0].1) + words(&found[1].1), 450);
    }
}
