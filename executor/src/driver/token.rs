//! Tokens: the keys of sources, as the kernel holds them.
//!
//! **Invariant:** a token finds the source that it was made for and no other, so an
//! event for a source that was dropped in the same batch, or whose descriptor
//! another socket has been given since, finds none. On a 32-bit system a token has
//! only 12 bits of the generation: there, an event that is 4096 sockets late may
//! wake a waiter, which tries, and waits again.
//!
//! Made by `reactor`. Imports `base`.

use std::io;

use mio::Token;

use crate::base::slab::{Slab, SourceKey, kind};

/// How many bits of a token are the index of the source's key. The others are
/// the generation's, as many of the low ones as fit.
const INDEX_BITS: u32 = if usize::BITS < 64 { 20 } else { 32 };

/// The index that no source has: with it, a token is the unparker's.
const NO_INDEX: usize = (1 << INDEX_BITS) - 1;

/// The token of the unparker.
pub(super) const UNPARK: Token = Token(usize::MAX);

/// Returns the token of a source.
///
/// # Errors
///
/// If the index of the source does not fit, which takes a million sources on a
/// 32-bit system.
pub(super) fn token(key: SourceKey) -> io::Result<Token> {
    if key.index() >= NO_INDEX {
        return Err(io::Error::other("this loop has too many sockets"));
    }
    Ok(packed(key))
}

fn packed(key: SourceKey) -> Token {
    Token((key.generation().get() as usize) << INDEX_BITS | key.index())
}

/// Returns the source that an event is for, with its key.
pub(super) fn source_of<T>(
    sources: &mut Slab<{ kind::SOURCE }, T>,
    token: Token,
) -> Option<(SourceKey, &mut T)> {
    if token == UNPARK {
        return None;
    }
    // The slots of a slab are never fewer than they were when the token was made.
    let key = sources.key_at((token.0 & NO_INDEX) as u32);
    let source = sources.get_mut(key)?;
    (packed(key) == token).then_some((key, source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::slab::Key;

    #[test]
    fn a_token_names_its_source_and_no_later_one_in_the_slot() {
        let mut sources = Slab::default();
        sources.insert("another");
        let first = sources.insert("first");
        let late = token(first).unwrap();
        assert_eq!(source_of(&mut sources, late), Some((first, &mut "first")));
        sources.remove(first);
        assert_eq!(source_of(&mut sources, late), None, "an empty slot");
        let second = sources.insert("second");
        assert_eq!(second.index(), first.index());
        assert_eq!(source_of(&mut sources, late), None, "another source");
        let found = source_of(&mut sources, token(second).unwrap());
        assert_eq!(found, Some((second, &mut "second")));
    }

    #[test]
    fn the_unparkers_token_names_no_source() {
        let key = |index: usize| Key::from_bits(u64::MAX << 32 | index as u64).unwrap();
        assert!(token(key(NO_INDEX)).is_err());
        assert_ne!(token(key(NO_INDEX - 1)).unwrap(), UNPARK);
        assert_eq!(token(key(NO_INDEX - 1)).unwrap().0, UNPARK.0 - 1);
        assert_eq!(
            source_of(&mut Slab::<{ kind::SOURCE }, ()>::default(), UNPARK),
            None
        );
    }
}
