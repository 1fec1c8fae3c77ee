//! What chapter 21 promises.
