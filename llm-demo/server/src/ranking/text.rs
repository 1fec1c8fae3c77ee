//! Text as the index sees it: terms and sentences.
//!
//! Invariant: the same text gives the same terms, in their order. Called by
//! `bm25`'s users and by the embedded models.

/// The words that nearly every English sentence has: they tell nothing about
/// what it is about.
const STOP_WORDS: [&str; 64] = [
    "a", "about", "all", "also", "am", "an", "and", "any", "are", "as", "at", "be", "been", "but",
    "by", "can", "could", "did", "do", "does", "for", "from", "had", "has", "have", "he", "her",
    "his", "how", "i", "if", "in", "into", "is", "it", "its", "me", "my", "no", "of", "on", "or",
    "our", "she", "so", "that", "the", "their", "them", "then", "there", "these", "they", "this",
    "to", "was", "we", "what", "when", "which", "who", "with", "would", "you",
];

/// The terms of a text: words in lower case, without a plural's ending and
/// without those that stand everywhere. A name with underscores is one term and
/// also its parts.
///
/// ```
/// use llm_demo_server::ranking::terms;
///
/// assert_eq!(terms("What is an event loop?"), ["event", "loop"]);
/// assert_eq!(terms("Tasks call to_thread."), ["task", "call", "to_thread", "thread"]);
/// ```
pub fn terms(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in text.split(|c: char| !c.is_alphanumeric() && c != '_') {
        let word = word.trim_matches('_').to_lowercase();
        if word.contains('_') {
            found.push(word.clone());
        }
        found.extend(word.split('_').filter_map(term));
    }
    found
}

fn term(word: &str) -> Option<String> {
    if word.is_empty() || STOP_WORDS.binary_search(&word).is_ok() {
        return None;
    }
    Some(singular(word).to_string())
}

/// Enough of a stemmer to let `tasks` find `task`, `classes` `class`, and
/// `waits` and `waiting` each other.
fn singular(word: &str) -> &str {
    for (ending, left) in [("sses", 2), ("ing", 3), ("ed", 2), ("s", 1)] {
        let keeps = word.len() - left.min(word.len());
        if word.ends_with(ending) && keeps >= 4 && !word.ends_with("ss") && !word.ends_with("eed") {
            return &word[..keeps];
        }
    }
    match word.strip_suffix('s') {
        Some(stem) if stem.len() == 3 && !stem.ends_with('s') => stem,
        _ => word,
    }
}

/// The sentences of a text, without line breaks. A list item and a heading are
/// sentences of their own.
///
/// ```
/// use llm_demo_server::ranking::sentences;
///
/// let text = "It waits. Then it\nwakes up!\n\n- one thing\n- version 1.85 of it";
/// let found = ["It waits.", "Then it wakes up!", "one thing", "version 1.85 of it"];
/// assert_eq!(sentences(text), found);
/// ```
pub fn sentences(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut sentence = String::new();
    for line in text.lines() {
        let line = line.trim();
        let item = line.trim_start_matches(['-', '*', '+', '#', '>', '|']);
        if line.is_empty() || item.len() < line.len() {
            finish(&mut sentence, &mut found);
        }
        for word in item.split_whitespace() {
            if !sentence.is_empty() {
                sentence.push(' ');
            }
            sentence.push_str(word);
            if word.ends_with(['.', '!', '?']) {
                finish(&mut sentence, &mut found);
            }
        }
    }
    finish(&mut sentence, &mut found);
    found
}

fn finish(sentence: &mut String, found: &mut Vec<String>) {
    if sentence.chars().any(char::is_alphanumeric) {
        found.push(std::mem::take(sentence));
    }
    sentence.clear();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stop_words_are_sorted() {
        assert!(STOP_WORDS.is_sorted());
    }

    #[test]
    fn endings_meet_in_one_term() {
        assert_eq!(terms("waits waiting waited wait"), ["wait"; 4]);
        assert_eq!(
            terms("class classes process"),
            ["class", "class", "process"]
        );
        assert_eq!(
            terms("need string thing need"),
            ["need", "string", "thing", "need"]
        );
    }

    #[test]
    fn text_that_is_not_ascii_has_terms_too() {
        assert_eq!(
            terms("Ärger über Straßen, 東京"),
            ["ärger", "über", "straßen", "東京"]
        );
    }
}
