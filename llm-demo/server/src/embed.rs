//! Embeddings without a neural network: hashed words and pieces of words.
//!
//! Each word and each three letters of it add to one of 256 numbers, which one
//! a hash decides; the whole is scaled to length 1. Texts that share words have
//! a large product, texts that share none a small one.
//!
//! Invariant: every vector has length 1. Called by `routes`.

use crate::hash::fnv1a;
use crate::ranking::terms;

/// How many numbers an embedding has if the client asks for no other count.
pub(crate) const DIMENSIONS: usize = 256;

/// A whole word counts as much as this many of its pieces.
const WORD: f32 = 3.0;

/// The embedding of a text.
pub(crate) fn embed(text: &str, dimensions: usize) -> Vec<f32> {
    let mut vector = vec![0.0; dimensions];
    let words = terms(text);
    for word in &words {
        add(&mut vector, word.bytes(), WORD);
        let letters: Vec<char> = format!("<{word}>").chars().collect();
        for piece in letters.windows(3) {
            let piece: String = piece.iter().collect();
            add(&mut vector, piece.bytes(), 1.0);
        }
    }
    if words.is_empty() {
        add(&mut vector, text.bytes(), 1.0);
    }
    scale(&mut vector);
    vector
}

fn add(vector: &mut [f32], piece: impl IntoIterator<Item = u8>, weight: f32) {
    let hash = fnv1a(0, piece);
    let place = (hash % vector.len() as u64) as usize;
    // A sign from another bit, so that chance meetings cancel out on average.
    vector[place] += if hash >> 63 == 0 { weight } else { -weight };
}

fn scale(vector: &mut [f32]) {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length == 0.0 {
        vector[0] = 1.0; // everything cancelled out
        return;
    }
    vector.iter_mut().for_each(|x| *x /= length);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn product(a: &str, b: &str) -> f32 {
        let (a, b) = (embed(a, DIMENSIONS), embed(b, DIMENSIONS));
        a.iter().zip(b).map(|(a, b)| a * b).sum()
    }

    #[test]
    fn every_vector_has_length_one() {
        for text in ["a heron waits", "the", "?", "東京", "x"] {
            assert!((product(text, text) - 1.0).abs() < 1e-5, "{text}");
        }
        assert_eq!(embed("a heron", 7).len(), 7);
    }

    #[test]
    fn texts_that_share_words_are_nearer_than_texts_that_share_none() {
        let near = product("the loop polls tasks", "a task is polled by the loop");
        let far = product("the loop polls tasks", "honey and bread at noon");
        assert!(near > 0.6 && far < 0.3, "{near} {far}");
    }
}
