//! What chapter 22 promises.
