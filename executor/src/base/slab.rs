//! Generational slab with checked keys.
//!
//! A task, a timer, a socket and a thread job each occupy a slot of a
//! [`Slab`]; the rest of the crate holds a [`Key`]: an index and a generation,
//! eight bytes. **Invariant:** emptying a slot changes its generation, so a
//! stale key finds nothing, never the slot's next owner. This is why a waker
//! may outlive its task, and a `Sleep` its timer.
//!
//! Called by every layer. Imports nothing.
//!
//! The `slotmap` crate was measured first. It offers no access by bare index,
//! which the timer heap needs each time it moves an entry, and its slot for a
//! timer takes 32 bytes instead of 16.

use std::hash::{Hash, Hasher};
use std::num::NonZeroU32;

/// What a key stands for, so that a timer's key cannot be passed where a task's
/// is expected.
pub(crate) mod kind {
    pub(crate) const TASK: u8 = 0;
    pub(crate) const TIMER: u8 = 1;
    pub(crate) const JOB: u8 = 2;
    pub(crate) const SOURCE: u8 = 3;
    pub(crate) const WAIT: u8 = 4;
}

/// Key of a task. A waker holds this instead of the task.
pub(crate) type TaskKey = Key<{ kind::TASK }>;
/// Key of a timer in the timer heap.
pub(crate) type TimerKey = Key<{ kind::TIMER }>;
/// Key of a socket or pipe that the reactor watches.
pub(crate) type SourceKey = Key<{ kind::SOURCE }>;
/// Key of one wait in the wait list of a lock, an event or the like.
pub(crate) type WaitKey = Key<{ kind::WAIT }>;
/// Key of a call that a thread pool runs.
pub(crate) type JobKey = Key<{ kind::JOB }>;

/// Names one value in one [`Slab`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Key<const KIND: u8> {
    index: u32,
    /// Never zero, so that `Option<Key>` is no larger than `Key`.
    generation: NonZeroU32,
}

impl<const KIND: u8> Key<KIND> {
    fn new(index: u32, generation: NonZeroU32) -> Self {
        Key { index, generation }
    }

    pub(crate) fn index(self) -> usize {
        self.index as usize
    }

    pub(crate) fn generation(self) -> NonZeroU32 {
        self.generation
    }

    /// Packs the key into one number, for an atomic.
    pub(crate) fn to_bits(self) -> u64 {
        (u64::from(self.generation.get()) << 32) | u64::from(self.index)
    }

    /// Inverts [`to_bits`](Self::to_bits); `None` for bits that no key has.
    pub(crate) fn from_bits(bits: u64) -> Option<Self> {
        NonZeroU32::new((bits >> 32) as u32).map(|generation| Key::new(bits as u32, generation))
    }
}

/// One write, which takes three quarters of the instructions of the two that a
/// derive makes (150 for 201 with std's hasher, callgrind).
impl<const KIND: u8> Hash for Key<KIND> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.to_bits().hash(state);
    }
}

/// A vector whose values are named by [`Key`]s.
pub(crate) struct Slab<const KIND: u8, T> {
    slots: Vec<Slot<T>>,
    /// Indices of empty slots. The last one emptied is filled first, because
    /// its memory is the most likely to be in the cache.
    free: Vec<u32>,
}

struct Slot<T> {
    /// Generation of the value, or of the next one while the slot is empty.
    generation: NonZeroU32,
    value: Option<T>,
}

impl<const KIND: u8, T> Slab<KIND, T> {
    /// Returns how many values the slab holds.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Returns how many values fit into the memory the slab has.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity()
    }

    /// Inserts a value.
    ///
    /// # Panics
    ///
    /// When 2^32 slots are in use; memory ends long before.
    pub(crate) fn insert(&mut self, value: T) -> Key<KIND> {
        let index = self.free.pop().unwrap_or_else(|| {
            let index = u32::try_from(self.slots.len()).expect("a slab holds fewer than 2^32");
            self.slots.push(Slot {
                generation: NonZeroU32::MIN,
                value: None,
            });
            index
        });
        let slot = &mut self.slots[index as usize];
        slot.value = Some(value);
        Key::new(index, slot.generation)
    }

    #[inline]
    pub(crate) fn get(&self, key: Key<KIND>) -> Option<&T> {
        let slot = self.slots.get(key.index())?;
        let value = slot.value.as_ref();
        value.filter(|_| slot.generation == key.generation)
    }

    #[inline]
    pub(crate) fn get_mut(&mut self, key: Key<KIND>) -> Option<&mut T> {
        self.slot(key)?.value.as_mut()
    }

    #[inline]
    fn slot(&mut self, key: Key<KIND>) -> Option<&mut Slot<T>> {
        let slot = self.slots.get_mut(key.index())?;
        (slot.generation == key.generation).then_some(slot)
    }

    /// Returns the value in a slot that is known to be full, by bare index.
    #[inline]
    pub(crate) fn at(&mut self, index: u32) -> &mut T {
        let value = self.slots[index as usize].value.as_mut();
        value.expect("the slot is full")
    }

    /// Returns the key of the value in a slot.
    pub(crate) fn key_at(&self, index: u32) -> Key<KIND> {
        Key::new(index, self.slots[index as usize].generation)
    }

    pub(crate) fn remove(&mut self, key: Key<KIND>) -> Option<T> {
        let value = self.slot(key)?.value.take()?;
        self.retire(key.index);
        Some(value)
    }

    /// Drops a value in place, which spares moving it out first as
    /// [`remove`](Self::remove) does.
    #[inline]
    pub(crate) fn discard(&mut self, key: Key<KIND>) {
        if let Some(slot) = self.slot(key).filter(|slot| slot.value.is_some()) {
            slot.value = None;
            self.retire(key.index);
        }
    }

    /// Moves an emptied slot to its next generation. A slot that has used up
    /// its generations stays empty: one slot lost every four billion uses,
    /// instead of a key that means two things.
    #[inline]
    fn retire(&mut self, index: u32) {
        let slot = &mut self.slots[index as usize];
        if let Some(next) = slot.generation.checked_add(1) {
            slot.generation = next;
            self.free.push(index);
        }
    }

    pub(crate) fn into_values(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().filter_map(|slot| slot.value)
    }

    /// Iterates over all values with their keys, in slot order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Key<KIND>, &T)> {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let key = Key::new(index as u32, slot.generation);
            Some((key, slot.value.as_ref()?))
        })
    }
}

// A derived `Default` would ask the same of `T`.
impl<const KIND: u8, T> Default for Slab<KIND, T> {
    fn default() -> Self {
        Slab {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_key_finds_nothing_after_its_slot_is_used_again() {
        let mut slab: Slab<{ kind::TASK }, &str> = Slab::default();
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
        let mut slab: Slab<{ kind::TASK }, u8> = Slab::default();
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
        let mut slab: Slab<{ kind::JOB }, ()> = Slab::default();
        slab.insert(());
        let key = slab.insert(());
        assert_eq!(Key::from_bits(key.to_bits()), Some(key));
        assert_eq!(Key::<{ kind::JOB }>::from_bits(7), None, "generation zero");
    }

    #[test]
    fn slots_are_as_small_as_the_timer_queue_counts_on() {
        assert_eq!(size_of::<Slot<(u32, TaskKey)>>(), 16);
    }
}
