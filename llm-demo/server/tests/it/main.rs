//! The server, spoken to byte for byte.

mod errors;
mod faults;
mod raw;
mod server;
