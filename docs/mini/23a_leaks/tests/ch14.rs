//! What chapter 14 promises.
