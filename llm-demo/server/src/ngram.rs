//! A language model small enough to read: which word followed which two.
//!
//! It counts every pair of words in the fables and what came next, and tells a
//! story by drawing from what it counted. It knows no grammar and no meaning.
//!
//! Invariant: the same generator state gives the same story; nothing here
//! depends on the order of a hash map. Called by `model`.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;

use fastrand::Rng;

use crate::fables::FABLES;
use crate::ranking::terms;

/// A token is a word, a punctuation mark or a break between paragraphs; the
/// model knows them by number.
type Token = u32;

/// Where a sentence or a part of one begins, one word in this many is drawn
/// from what followed the last word alone. With pairs only, most contexts have
/// one continuation, and a story would recite a fable; anywhere else, a word
/// that fits the last one alone mostly breaks the sentence.
const BACK_OFF: u32 = 2;

/// A story ends with the first sentence that ends after so many tokens.
const STORY: std::ops::Range<usize> = 90..160;

/// What was counted.
pub(crate) struct Ngram {
    words: Vec<&'static str>,
    after_one: HashMap<Token, Vec<Token>>,
    after_two: HashMap<(Token, Token), Vec<Token>>,
    /// The first two tokens of each fable.
    openings: Vec<Opening>,
}

/// How a fable begins, and which words stand in it.
struct Opening {
    start: (Token, Token),
    terms: BTreeSet<String>,
}

impl Ngram {
    /// Reads the fables. Takes a few milliseconds.
    pub(crate) fn train() -> Ngram {
        let mut model = Ngram {
            words: Vec::new(),
            after_one: HashMap::new(),
            after_two: HashMap::new(),
            openings: Vec::new(),
        };
        let mut numbers = BTreeMap::new();
        for fable in FABLES {
            model.count(fable, &mut numbers);
        }
        model
    }

    fn count(&mut self, fable: &'static str, numbers: &mut BTreeMap<&'static str, Token>) {
        let tokens: Vec<Token> = split(fable)
            .map(|word| {
                *numbers.entry(word).or_insert_with(|| {
                    self.words.push(word);
                    (self.words.len() - 1) as Token
                })
            })
            .collect();
        self.openings.push(Opening {
            start: (tokens[0], tokens[1]),
            terms: terms(fable).into_iter().collect(),
        });
        for pair in tokens.windows(2) {
            self.after_one.entry(pair[0]).or_default().push(pair[1]);
        }
        for three in tokens.windows(3) {
            let context = (three[0], three[1]);
            self.after_two.entry(context).or_default().push(three[2]);
        }
    }

    /// Begins a story. If the prompt names something that a fable is about, it
    /// begins like one of those.
    pub(crate) fn story(self: &Rc<Self>, prompt: &str, mut rng: Rng) -> Story {
        let start = self.opening(&terms(prompt), &mut rng);
        let length = rng.usize(STORY);
        Story {
            model: Rc::clone(self),
            rng,
            last: start,
            told: 0,
            length,
        }
    }

    fn opening(&self, asked: &[String], rng: &mut Rng) -> (Token, Token) {
        let common = |opening: &&Opening| {
            asked
                .iter()
                .filter(|term| opening.terms.contains(*term))
                .count()
        };
        let most = self
            .openings
            .iter()
            .map(|opening| common(&opening))
            .max()
            .unwrap_or(0);
        let fitting: Vec<_> = self
            .openings
            .iter()
            .filter(|opening| common(opening) == most)
            .collect();
        fitting[rng.usize(..fitting.len())].start
    }

    fn next(&self, last: (Token, Token), rng: &mut Rng) -> Option<Token> {
        let pairs = self.after_two.get(&last);
        let singles = self.after_one.get(&last.1)?;
        let begins = self.words[last.1 as usize].starts_with(MARKS);
        let back_off = begins && rng.u32(..BACK_OFF) == 0;
        let candidates = match pairs {
            Some(pairs) if !back_off => pairs,
            _ => singles,
        };
        Some(candidates[rng.usize(..candidates.len())])
    }
}

/// A story that is being told; an iterator over its pieces of text.
pub(crate) struct Story {
    model: Rc<Ngram>,
    rng: Rng,
    last: (Token, Token),
    told: usize,
    length: usize,
}

impl Iterator for Story {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let word = |token: Token| self.model.words[token as usize];
        let token = match self.told {
            0 => self.last.0,
            1 => self.last.1,
            told if told >= self.length && word(self.last.1) == "." => return None,
            _ => self.model.next(self.last, &mut self.rng)?,
        };
        let text = spelled(
            word(token),
            self.told == 0 || word(self.last.1) == PARAGRAPH,
        );
        if self.told >= 2 {
            self.last = (self.last.1, token);
        }
        self.told += 1;
        Some(text)
    }
}

const PARAGRAPH: &str = "\n\n";
const MARKS: [char; 6] = ['.', ',', ';', ':', '?', '!'];

/// A token as it stands in a text: words have a space before them, unless they
/// come first.
fn spelled(word: &str, first: bool) -> String {
    if first || word == PARAGRAPH || word.starts_with(MARKS) {
        word.to_string()
    } else {
        format!(" {word}")
    }
}

/// The tokens of a fable: words, punctuation marks, paragraph breaks.
fn split(fable: &'static str) -> impl Iterator<Item = &'static str> {
    fable
        .trim()
        .split("\n\n")
        .enumerate()
        .flat_map(|(number, paragraph)| {
            let between = (number > 0).then_some(PARAGRAPH);
            between
                .into_iter()
                .chain(paragraph.split_whitespace().flat_map(word_and_mark))
        })
}

fn word_and_mark(word: &'static str) -> impl Iterator<Item = &'static str> {
    let (word, mark) = word.split_at(word.trim_end_matches(MARKS).len());
    [word, mark].into_iter().filter(|part| !part.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tell(model: &Rc<Ngram>, seed: u64, prompt: &str) -> String {
        model.story(prompt, Rng::with_seed(seed)).collect()
    }

    #[test]
    fn a_seed_tells_the_same_story_again_and_another_seed_another_one() {
        let model = Rc::new(Ngram::train());
        assert_eq!(
            tell(&model, 1, "Tell me a story"),
            tell(&model, 1, "Tell me a story")
        );
        assert_ne!(
            tell(&model, 1, "Tell me a story"),
            tell(&model, 2, "Tell me a story")
        );
    }

    #[test]
    fn a_story_begins_like_a_fable_and_ends_with_a_sentence() {
        let model = Rc::new(Ngram::train());
        for seed in 0..200 {
            let story = tell(&model, seed, "Tell me a story");
            let opening: Vec<_> = story.split(' ').take(2).collect();
            let opening = opening.join(" ");
            let fits = FABLES.iter().any(|fable| fable.starts_with(&opening));
            assert!(fits, "{story}");
            assert!(story.ends_with('.'), "{story}");
            assert!(!story.contains(" ."), "{story}");
            assert!(story.split_whitespace().count() < 600, "{story}");
        }
    }

    #[test]
    fn a_prompt_that_names_the_goats_gets_a_story_that_begins_on_their_mountain() {
        let model = Rc::new(Ngram::train());
        for seed in 0..20 {
            let story = tell(&model, seed, "Tell me about the two goats and their gates");
            assert!(story.starts_with("High on"), "{story}");
        }
    }

    #[test]
    fn stories_are_not_recited() {
        let model = Rc::new(Ngram::train());
        // The text of whole fables, in one line each.
        let fables: Vec<String> = FABLES
            .iter()
            .map(|fable| split(fable).map(|word| spelled(word, false)).collect())
            .collect();
        for seed in 0..20 {
            let story = tell(&model, seed, "Tell me a story");
            assert!(
                !fables.iter().any(|fable| fable.contains(&story)),
                "{story}"
            );
        }
    }
}
