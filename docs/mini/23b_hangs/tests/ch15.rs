//! What chapter 15 promises.
