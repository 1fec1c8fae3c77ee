//! Seeded generator behind every random choice of a loop.
//!
//! **Invariant:** one seed gives one sequence, on every machine and with every
//! version of every dependency. The generator (SplitMix64, by Steele, Lea and
//! Flood, 2014) is therefore written out here instead of taken from a crate
//! whose sequence may change.
//!
//! Owned by the runtime; used for the order of a turn and of a race. Imports
//! nothing.

use std::cell::Cell;

/// Generator of a loop. Without a seed it changes no order.
#[derive(Default)]
pub(crate) struct Rng(Cell<Option<u64>>);

impl Rng {
    pub(crate) fn new(seed: Option<u64>) -> Self {
        Rng(Cell::new(seed))
    }

    /// Shuffles `items` if there is a seed.
    #[inline]
    pub(crate) fn shuffle<T>(&self, items: &mut [T]) {
        if self.0.get().is_some() {
            self.shuffle_seeded(items);
        }
    }

    /// Fisher-Yates shuffle: every order is equally likely.
    fn shuffle_seeded<T>(&self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            let other = (self.next() % (last as u64 + 1)) as usize;
            items.swap(last, other);
        }
    }

    fn next(&self) -> u64 {
        let last = self.0.get().unwrap_or(0);
        let state = last.wrapping_add(0x9E37_79B9_7F4A_7C15);
        self.0.set(Some(state));
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sequence_of_a_seed_is_pinned() {
        // The first outputs of SplitMix64 for seed 0, as its authors publish.
        let rng = Rng::new(Some(0));
        assert_eq!(rng.next(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(rng.next(), 0x6E78_9E6A_A1B9_65F4);
    }

    #[test]
    fn without_a_seed_nothing_is_shuffled() {
        let mut items = [1, 2, 3, 4, 5];
        Rng::new(None).shuffle(&mut items);
        assert_eq!(items, [1, 2, 3, 4, 5]);
    }

    #[test]
    fn a_shuffle_keeps_every_item() {
        let mut items: Vec<u32> = (0..100).collect();
        Rng::new(Some(7)).shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
