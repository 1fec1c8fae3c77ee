//! FNV-1a: a hash that is the same on every machine and in every release.
//!
//! Invariant: never change it; stories and embeddings would change with it.
//! Called by `model` and `embed`. (std's hasher promises no such thing.)

/// The hash of some bytes, begun with a seed.
pub(crate) fn fnv1a(seed: u64, bytes: impl IntoIterator<Item = u8>) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325 ^ seed;
    bytes.into_iter().fold(start, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_values_come_out() {
        assert_eq!(fnv1a(0, []), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(0, *b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(0, *b"foobar"), 0x8594_4171_f739_67e8);
    }
}
