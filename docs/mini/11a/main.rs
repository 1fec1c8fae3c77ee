//! Step 11a: a struct that remembers where it lies, and is moved.

use std::ptr;

/// Where a value lies in memory: the last four digits of its address.
fn place<T: ?Sized>(value: &T) -> usize {
    ptr::from_ref(value).addr() % 10_000
}

/// A text, and the place of that text.
struct Note {
    text: [u8; 16],
    place: usize,
}

impl Note {
    fn report(&self, when: &str) {
        let (real, noted) = (place(&self.text), self.place);
        println!("{when}: text at {real}, noted {noted}");
    }
}

fn main() {
    let text = *b"pins and needles";
    let mut note = Note { text, place: 0 };
    note.place = place(&note.text);
    note.report("made");
    let moved = note;
    moved.report("moved");
    let boxed = Box::new(moved);
    boxed.report("moved into a box");
    let moved_box = boxed;
    moved_box.report("box moved");
}
