//! Programs that were found at random, kept as tests.
//!
//! Invariant: each failed once, and is as small as shrinking made it. Called
//! by nobody.

use crate::generate::Kind;
use crate::interpret::run;
use crate::judge;
use crate::world::{Failed, Made, World};

