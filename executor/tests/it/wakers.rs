//! wakers
