//! What chapter 17 promises.
