//! What chapter 16 promises.
