//! What chapter 19 promises.
