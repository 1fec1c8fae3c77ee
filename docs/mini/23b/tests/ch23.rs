//! What chapter 23 promises.
