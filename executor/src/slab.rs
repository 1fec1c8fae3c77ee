//! A vector whose keys carry a generation: how the rooms name each other's
//! things.
//!
//! A task, a timer and a thread job each live in a slot of a [`Slab`], and the
//! rest of the house holds only a [`Key`]: an index and a generation, eight
//! bytes. **Invariant:** a slot that is emptied gets a new generation, so a
//! stale key finds nothing, never the slot's next owner. That one property is
//! why a waker may outlive its task, and a `Sleep` its timer.
//!
//! Used by everything up to `runtime`; imports nothing.
//!
//! The `slotmap` crate does the same job and was tried first. It has no access
//! by bare index, which the timer heap needs each time it moves an entry, and
//! its slots are larger: 32 bytes for a timer instead of 16.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::marker::PhantomData;
use std::num::NonZeroU32;

/// What a key may name: one empty type each, so that a timer's key cannot be
/// handed to somebody who wants a task's.
pub(crate) mod of {
    pub(crate) enum Task {}
    pub(crate) enum Timer {}
    pub(crate) enum Job {}
    pub(crate) enum Source {}
    pub(crate) enum Place {}
}

/// Names a task. Also what a waker holds instead of the task itself.
pub(crate) type TaskKey = Key<of::Task>;
/// Names a timer in the timer queue.
pub(crate) type TimerKey = Key<of::Timer>;
/// Names a socket that the reactor watches.
pub(crate) type SourceKey = Key<of::Source>;
/// Names a place in the line for a lock, an event or the like.
pub(crate) type PlaceKey = Key<of::Place>;
/// Names a call that was handed to a thread pool.
pub(crate) type JobKey = Key<of::Job>;

/// The name of one value in one [`Slab`].
pub(crate) struct Key<Of> {
    index: u32,
    /// Never zero, so that `Option<Key>` is no larger than `Key`.
    generation: NonZeroU32,
    of: PhantomData<fn(Of)>,
}

impl<Of> Key<Of> {
    pub(crate) fn index(self) -> usize {
        self.index as usize
    }

    pub(crate) fn generation(self) -> NonZeroU32 {
        self.generation
    }

    /// The key as one number, for an atomic.
    pub(crate) fn to_bits(self) -> u64 {
        (u64::from(self.generation.get()) << 32) | u64::from(self.index)
    }

    /// The inverse of [`to_bits`](Self::to_bits); `None` for bits that no key
    /// has.
    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        Some(Key {
            index: bits as u32,
            generation: NonZeroU32::new((bits >> 32) as u32)?,
            of: PhantomData,
        })
    }
}

/// A vector with generation-checked keys.
pub(crate) struct Slab<Of, T> {
    slots: Vec<Slot<T>>,
    /// Indices of empty slots that may be used again; the last one emptied is
    /// the first one filled, because it is the one still in the cache.
    free: Vec<u32>,
    of: PhantomData<fn(Of)>,
}

struct Slot<T> {
    /// The generation of the value in here, or of the next one to come.
    generation: NonZeroU32,
    value: Option<T>,
}

impl<Of, T> Slab<Of, T> {
    /// How many values are in it.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// For how many values there is memory.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    pub(crate) fn insert(&mut self, value: T) -> Key<Of> {
        self.insert_with(|_| value)
    }

    /// Inserts a value that needs to know its own key.
    ///
    /// # Panics
    ///
    /// When 2^32 slots are in use: memory ends long before.
    pub(crate) fn insert_with(&mut self, value: impl FnOnce(Key<Of>) -> T) -> Key<Of> {
        let index = self.free.pop().unwrap_or_else(|| {
            let index = u32::try_from(self.slots.len()).expect("a slab holds fewer than 2^32");
            self.slots.push(Slot {
                generation: NonZeroU32::MIN,
                value: None,
            });
            index
        });
        let slot = &mut self.slots[index as usize];
        let key = Key {
            index,
            generation: slot.generation,
            of: PhantomData,
        };
        slot.value = Some(value(key));
        key
    }

    #[inline]
    pub(crate) fn get(&self, key: Key<Of>) -> Option<&T> {
        let slot = self.slots.get(key.index())?;
        if slot.generation != key.generation {
            return None;
        }
        slot.value.as_ref()
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key<Of>) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index())?;
        if slot.generation != key.generation {
            return None;
        }
        slot.value.as_mut()
    }

    /// The value in a slot that is known to be full, by bare index.
    #[inline]
    pub(crate) fn at(&mut self, index: u32) -> &mut T {
        self.slots[index as usize]
            .value
            .as_mut()
            .expect("the slot is full")
    }

    /// The key of the value in a slot.
    pub(crate) fn key_at(&self, index: u32) -> Key<Of> {
        Key {
            index,
            generation: self.slots[index as usize].generation,
            of: PhantomData,
        }
    }

    pub(crate) fn remove(&mut self, key: Key<Of>) -> Option<T> {
        let slot = self.slots.get_mut(key.index())?;
        if slot.generation != key.generation {
            return None;
        }
        let value = slot.value.take()?;
        self.retire(key.index);
        Some(value)
    }

    /// Gives an emptied slot its next generation. A slot whose generations are
    /// used up is never used again: one lost slot every four billion uses,
    /// instead of a key that means two things.
    #[inline]
    fn retire(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(index);
        }
    }

    /// Drops a value in place: as [`remove`](Self::remove), without moving it.
    #[inline]
    pub(crate) fn discard(&mut self, key: Key<Of>) {
        let Some(slot) = self.slots.get_mut(key.index()) else {
            return;
        };
        if slot.generation != key.generation || slot.value.is_none() {
            return;
        }
        slot.value = None;
        self.retire(key.index);
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().filter_map(|slot| slot.value)
    }

    /// All values with their keys, in slot order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key<Of>, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let key = Key {
                index: index as u32,
                generation: slot.generation,
                of: PhantomData,
            };
            Some((key, slot.value.as_ref()?))
        })
    }
}

// Derives would ask the same of `Of`, which is only a mark.

impl<Of, T> Default for Slab<Of, T> {
    fn default() -> Self {
        Slab {
            slots: Vec::new(),
            free: Vec::new(),
            of: PhantomData,
        }
    }
}

impl<Of> Clone for Key<Of> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Of> Copy for Key<Of> {}

impl<Of> PartialEq for Key<Of> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index && self.generation == other.generation
    }
}

impl<Of> Eq for Key<Of> {}

impl<Of> Hash for Key<Of> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to_bits().hash(state);
    }
}

impl<Of> fmt::Debug for Key<Of> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}v{}", self.index, self.generation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_key_finds_nothing_after_its_slot_is_used_again() {
        let mut slab: Slab<of::Task, &str> = Slab::default();
        let first = slab.insert("first");
        assert_eq!(slab.remove(first), Some("first"));
        let second = slab.insert("second");
        assert_eq!(second.index(), first.index(), "the slot is used again");
        assert_eq!(slab.get(first), None);
        assert_eq!(slab.remove(first), None);
        assert_eq!(slab.get(second), Some(&"second"));
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_is_retired() {
        let mut slab: Slab<of::Task, u8> = Slab::default();
        let key = slab.insert(1);
        slab.slots[0].generation = NonZeroU32::MAX;
        let last = Key {
            generation: NonZeroU32::MAX,
            ..key
        };
        assert_eq!(slab.remove(last), Some(1));
        assert_eq!(slab.insert(2).index(), 1, "a new slot, not the retired one");
        assert_eq!(slab.get(last), None);
    }

    #[test]
    fn a_key_survives_the_way_through_a_number() {
        let mut slab: Slab<of::Job, ()> = Slab::default();
        slab.insert(());
        let key = slab.insert(());
        assert_eq!(Key::from_bits(key.to_bits()), Some(key));
        assert_eq!(Key::<of::Job>::from_bits(7), None, "generation zero");
    }

    #[test]
    fn slots_are_as_small_as_the_timer_queue_counts_on() {
        assert_eq!(size_of::<Slot<(u32, TaskKey)>>(), 16);
    }
}
