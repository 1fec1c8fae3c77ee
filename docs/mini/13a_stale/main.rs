/// A vector with holes that are used again, and indices for keys.
#[derive(Default)]
struct Slots {
    values: Vec<Option<&'static str>>,
    free: Vec<usize>,
}

impl Slots {
    fn insert(&mut self, value: &'static str) -> usize {
        let index = self.free.pop().unwrap_or(self.values.len());
        if index == self.values.len() {
            self.values.push(None);
        }
        self.values[index] = Some(value);
        index
    }

    fn remove(&mut self, index: usize) -> Option<&'static str> {
        self.free.push(index);
        self.values[index].take()
    }
}

fn main() {
    let mut tasks = Slots::default();
    let download = tasks.insert("download");
    tasks.remove(download); // it has ended
    tasks.insert("payment");
    // The download's old key is kept by a timeout, which now cancels it.
    println!("cancelled: {:?}", tasks.remove(download));
}
