//! What chapter 12 promises.
