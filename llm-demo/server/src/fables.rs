//! The texts that the n-gram model learns from: fables written for this crate.
//!
//! Invariant: the order is fixed, so a seed gives the same story everywhere.
//! Called by `ngram`.

/// The fables, one text each; paragraphs are parted by an empty line.
pub(crate) const FABLES: [&str; 13] = [
    include_str!("fables/01-the-heron-and-the-three-fish.txt"),
    include_str!("fables/02-the-fox-and-the-bell.txt"),
    include_str!("fables/03-the-tortoise-who-kept-the-hours.txt"),
    include_str!("fables/04-the-ants-and-the-bridge.txt"),
    include_str!("fables/05-the-miller-and-his-three-sons.txt"),
    include_str!("fables/06-the-bear-at-the-well.txt"),
    include_str!("fables/07-the-sparrow-who-left.txt"),
    include_str!("fables/08-the-owl-and-the-letters.txt"),
    include_str!("fables/09-the-two-goats.txt"),
    include_str!("fables/10-the-baker-and-the-apprentice.txt"),
    include_str!("fables/11-the-crow-with-seven-promises.txt"),
    include_str!("fables/12-the-shepherd-and-the-moon.txt"),
    include_str!("fables/13-the-river-and-the-mill.txt"),
];
