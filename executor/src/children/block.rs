//! Sixteen futures in one allocation.
//!
//! **Invariant:** a future stays where it was put until it has returned or is
//! dropped.
//!
//! Used by `children`.

use std::pin::Pin;
use std::task::Poll;

use pin_project::pin_project;

use super::Verdict;

/// How many futures share one allocation. Safe Rust has no way to pin the
/// elements of a slice one by one, but it can pin the fields of a struct; the
/// other way would be an allocation for each future.
pub(super) const BLOCK: usize = 16;

/// A place for one future, and for its output if that is to wait there.
#[pin_project(project = PlaceProjection, project_replace = PlaceOwned)]
pub(super) enum Place<F: Future> {
    Empty,
    Full(#[pin] F),
    Done(F::Output),
}

macro_rules! block {
    ($($index:literal $field:ident),*) => {
        /// Sixteen places, pinned together.
        #[pin_project]
        pub(super) struct Block<F: Future> {
            $(#[pin] $field: Place<F>,)*
        }

        impl<F: Future> Block<F> {
            pub(super) fn empty() -> Self {
                Block { $($field: Place::Empty,)* }
            }

            #[inline]
            pub(super) fn place(self: Pin<&mut Self>, index: usize) -> Pin<&mut Place<F>> {
                let this = self.project();
                match index % BLOCK {
                    $($index => this.$field,)*
                    _ => unreachable!("a remainder of 16"),
                }
            }

            /// Visits the places in their order. A call of
            /// [`place`](Self::place) has to choose among sixteen: with this, a
            /// gather of ten ready futures went from 183 to 125 instructions a
            /// child (callgrind).
            #[inline]
            pub(super) fn for_each(self: Pin<&mut Self>, mut visit: impl FnMut(usize, Pin<&mut Place<F>>)) {
                let this = self.project();
                $(visit($index, this.$field);)*
            }
        }
    };
}

block!(
    0 p0, 1 p1, 2 p2, 3 p3, 4 p4, 5 p5, 6 p6, 7 p7,
    8 p8, 9 p9, 10 p10, 11 p11, 12 p12, 13 p13, 14 p14, 15 p15
);

/// Polls the future in a place, if it has not returned, and does with its
/// output what `each` says. `true` if that is to stop.
#[inline]
pub(super) fn poll_place<F: Future>(
    mut place: Pin<&mut Place<F>>,
    alive: &mut usize,
    poll: impl FnOnce(Pin<&mut F>) -> Poll<F::Output>,
    each: impl FnOnce(F::Output) -> Verdict<F::Output>,
) -> bool {
    let PlaceProjection::Full(future) = place.as_mut().project() else {
        return false;
    };
    let Poll::Ready(output) = poll(future) else {
        return false;
    };
    *alive -= 1;
    place.set(Place::Empty);
    match each(output) {
        Verdict::Taken => false,
        Verdict::Keep(output) => {
            place.set(Place::Done(output));
            false
        }
        Verdict::Stop => true,
    }
}
