//! How large are these futures? Guess first, in kilobytes.

use std::future::ready;
use std::process::ExitCode;

use docs::Exercise;

// TODO: the size of each, in whole kilobytes: 4108 bytes are 4.
const GUESSES: [(usize, &str); 6] = [
    (99, "a_copied_byte"),
    (99, "a_borrowed_buffer"),
    (99, "a_buffer_in_a_block"),
    (99, "a_list"),
    (99, "an_argument"),
    (99, "two_in_turn"),
];

async fn wait() {
    ready(()).await;
}

async fn a_copied_byte() -> u8 {
    let buffer = [1; 4096];
    let byte = buffer[7];
    wait().await;
    byte
}

async fn a_borrowed_buffer() -> usize {
    let buffer = [1u8; 4096];
    let length = buffer.iter().count();
    wait().await;
    length
}

async fn a_buffer_in_a_block() -> usize {
    let length = {
        let buffer = [1u8; 4096];
        buffer.iter().count()
    };
    wait().await;
    length
}

async fn a_list() -> usize {
    let list = vec![1u8; 4096];
    wait().await;
    list.len()
}

async fn an_argument(buffer: [u8; 4096]) -> usize {
    wait().await;
    buffer.len()
}

async fn two_in_turn() -> usize {
    a_borrowed_buffer().await + a_borrowed_buffer().await
}

fn main() -> ExitCode {
    let hint = "what is borrowed is kept to the end of its block; a list's items lie elsewhere; \
                an argument is kept twice; after an await, what it needed is free again";
    Exercise::new(hint).judge("the sizes", || {
        let sizes = [
            size_of_val(&a_copied_byte()),
            size_of_val(&a_borrowed_buffer()),
            size_of_val(&a_buffer_in_a_block()),
            size_of_val(&a_list()),
            size_of_val(&an_argument([1; 4096])),
            size_of_val(&two_in_turn()),
        ];
        for ((guess, name), size) in GUESSES.into_iter().zip(sizes) {
            let than = match guess.cmp(&(size / 1024)) {
                std::cmp::Ordering::Less => "larger",
                std::cmp::Ordering::Equal => continue,
                std::cmp::Ordering::Greater => "smaller",
            };
            return Err(format!("`{name}` is {than} than {guess} KB"));
        }
        Ok(())
    })
}
