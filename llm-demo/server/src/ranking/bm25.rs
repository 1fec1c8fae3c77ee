//! BM25: how well each of some texts fits a question, by the words they share.
//!
//! Rare words count more than common ones, the tenth occurrence counts less
//! than the first, and long texts have to share more.
//!
//! Invariant: scores are finite and not negative, and 0 exactly when no term is
//! shared. Used by `extract`, and by the document index of `llm-demo`.

use std::collections::HashMap;

/// How soon more occurrences of a term stop counting. The usual value.
const K1: f64 = 1.2;
/// How much a text's length counts. The usual value.
const B: f64 = 0.75;

/// Term counts of some texts.
///
/// ```
/// use llm_demo_server::ranking::{Bm25, terms};
///
/// let texts = ["the loop polls tasks", "a heron waits by the river"];
/// let bm25 = Bm25::new(texts.map(terms));
/// let scores = bm25.scores(&terms("Who polls a task?"));
/// assert!(scores[0] > 0.0);
/// assert_eq!(scores[1], 0.0);
/// ```
#[derive(Debug)]
pub struct Bm25 {
    texts: Vec<Counted>,
    /// In how many texts a term stands.
    spread: HashMap<String, usize>,
    average_length: f64,
}

#[derive(Debug)]
struct Counted {
    counts: HashMap<String, usize>,
    length: usize,
}

impl Bm25 {
    /// Counts the terms of each text.
    pub fn new(texts: impl IntoIterator<Item = Vec<String>>) -> Bm25 {
        let texts: Vec<Counted> = texts.into_iter().map(count).collect();
        let mut spread = HashMap::new();
        for term in texts.iter().flat_map(|text| text.counts.keys()) {
            *spread.entry(term.clone()).or_default() += 1;
        }
        let total: usize = texts.iter().map(|text| text.length).sum();
        let average_length = total as f64 / texts.len().max(1) as f64;
        Bm25 {
            texts,
            spread,
            average_length,
        }
    }

    /// The score of each text, in their order.
    pub fn scores(&self, question: &[String]) -> Vec<f64> {
        self.texts
            .iter()
            .map(|text| self.score(text, question))
            .collect()
    }

    /// The numbers of the best texts and their scores, best first; equal ones
    /// in their order; only those that share a term with the question.
    pub fn best(&self, question: &[String], n: usize) -> Vec<(usize, f64)> {
        let scores = self.scores(question).into_iter().enumerate();
        let mut found: Vec<_> = scores.filter(|(_, score)| *score > 0.0).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1)); // stable
        found.truncate(n);
        found
    }

    fn score(&self, text: &Counted, question: &[String]) -> f64 {
        let length = text.length as f64 / self.average_length.max(1.0);
        let norm = K1 * (1.0 - B + B * length);
        let part = |term: &String| {
            let count = *text.counts.get(term)? as f64;
            Some(self.rarity(term) * count * (K1 + 1.0) / (count + norm))
        };
        question.iter().filter_map(part).sum()
    }

    fn rarity(&self, term: &str) -> f64 {
        let all = self.texts.len() as f64;
        let with = self.spread.get(term).copied().unwrap_or(0) as f64;
        (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
    }
}

fn count(terms: Vec<String>) -> Counted {
    let length = terms.len();
    let mut counts = HashMap::new();
    for term in terms {
        *counts.entry(term).or_default() += 1;
    }
    Counted { counts, length }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ranking::terms;

    fn ranked(texts: &[&str], question: &str) -> Vec<usize> {
        let bm25 = Bm25::new(texts.iter().map(|text| terms(text)));
        let best = bm25.best(&terms(question), texts.len());
        best.into_iter().map(|(number, _)| number).collect()
    }

    #[test]
    fn a_rare_term_counts_more_than_a_common_one() {
        let texts = ["loop task", "loop waker", "loop task", "loop task"];
        assert_eq!(ranked(&texts, "task waker")[0], 1);
    }

    #[test]
    fn among_texts_with_the_same_terms_the_shorter_one_comes_first() {
        let texts = ["timer wheel heap queue slab deadline", "timer deadline"];
        assert_eq!(ranked(&texts, "timer"), [1, 0]);
    }

    #[test]
    fn equal_texts_keep_their_order_and_foreign_ones_are_left_out() {
        assert_eq!(ranked(&["one loop", "heron", "one loop"], "loop"), [0, 2]);
    }

    #[test]
    fn the_score_is_the_formula() {
        let bm25 = Bm25::new([terms("alpha beta"), terms("beta gamma delta")]);
        // ln(1 + 1.5 / 1.5) * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 2.5))
        let expected = 2f64.ln() * 2.2 / (1.0 + 1.2 * (0.25 + 0.75 * 2.0 / 2.5));
        assert!((bm25.scores(&terms("alpha"))[0] - expected).abs() < 1e-12);
    }

    #[test]
    fn no_texts_and_no_question_are_fine() {
        assert!(Bm25::new([]).best(&terms("loop"), 3).is_empty());
        assert!(Bm25::new([Vec::new()]).best(&[], 3).is_empty());
    }
}
