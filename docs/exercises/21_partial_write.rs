//! A future that writes a message into a socket that has little room.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::{Pin, pin};
use std::process::ExitCode;
use std::task::{Context, Poll, Waker};

use docs::Exercise;

/// Stands for a socket: it takes bytes while there is room for them.
#[derive(Default)]
struct Socket {
    room: Cell<usize>,
    sent: RefCell<Vec<u8>>,
}

impl Socket {
    /// Takes what there is room for, and returns how much that is.
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let n = bytes.len().min(self.room.get());
        if n == 0 {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.room.set(self.room.get() - n);
        self.sent.borrow_mut().extend_from_slice(&bytes[..n]);
        Ok(n)
    }
}

/// Writes all the bytes. (It keeps no waker: the check polls it when there is
/// room.)
struct WriteAll<'a> {
    socket: &'a Socket,
    bytes: &'a [u8],
}

impl Future for WriteAll<'_> {
    type Output = io::Result<()>;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TODO: this starts anew at each poll.
        let mut rest = self.bytes;
        while !rest.is_empty() {
            match self.socket.write(rest) {
                Ok(n) => rest = &rest[n..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(error) => return Poll::Ready(Err(error)),
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// What is sent if there is room for so many bytes before each poll.
fn sent(message: &str, room: usize) -> Result<String, String> {
    let socket = Socket::default();
    let write = WriteAll {
        socket: &socket,
        bytes: message.as_bytes(),
    };
    let mut write = pin!(write);
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..=message.len() / room {
        socket.room.set(room);
        let polled = write.as_mut().poll(&mut context);
        if polled.is_ready() {
            break;
        }
    }
    String::from_utf8(socket.sent.take()).map_err(|error| error.to_string())
}

fn check() -> Result<(), String> {
    let message = "a partial write";
    for room in [100, 4, 1] {
        let sent = sent(message, room)?;
        if sent != message {
            return Err(format!(
                "with room for {room} bytes at a time, it sent {sent:?}"
            ));
        }
    }
    Ok(())
}

fn main() -> ExitCode {
    let hint = "what a poll has to know next time is a field of the future";
    Exercise::new(hint).judge("the write", check)
}
