//! What chapter 20 promises.
