//! What chapter 13 promises.
