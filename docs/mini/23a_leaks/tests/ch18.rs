//! What chapter 18 promises.
