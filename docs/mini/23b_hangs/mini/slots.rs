//! Numbered slots that are used again, and keys that notice it.

/// Names a value: its slot, and which of the slot's owners it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Key {
    pub index: usize,
    pub generation: u64,
}

/// A vector with holes. **Invariant:** a key of a removed value finds nothing.
pub struct Slots<T> {
    slots: Vec<Slot<T>>,
    free: Vec<usize>,
}

struct Slot<T> {
    generation: u64,
    value: Option<T>,
}

impl<T> Slots<T> {
    pub fn new() -> Self {
        Slots {
            slots: Vec::new(),
            free: Vec::new(),
        }
    }

    /// Stores what `make` makes of its own key.
    pub fn insert(&mut self, make: impl FnOnce(Key) -> T) -> Key {
        let index = self.free.pop().unwrap_or(self.slots.len());
        if index == self.slots.len() {
            self.slots.push(Slot {
                generation: 0,
                value: None,
            });
        }
        let generation = self.slots[index].generation;
        let key = Key { index, generation };
        self.slots[index].value = Some(make(key));
        key
    }

    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        let slot = self.slots.get_mut(key.index)?;
        let value = slot.value.as_mut();
        value.filter(|_| slot.generation == key.generation)
    }

    pub fn remove(&mut self, key: Key) -> Option<T> {
        self.get_mut(key)?;
        let slot = &mut self.slots[key.index];
        slot.generation += 1;
        self.free.push(key.index);
        slot.value.take()
    }

    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().filter_map(|slot| slot.value.as_ref())
    }
}
