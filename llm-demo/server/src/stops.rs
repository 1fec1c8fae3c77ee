//! Ends a text at the client's stop sequences.
//!
//! Invariant: no part of a stop sequence is ever given out, also when it comes
//! in several tokens: what could be the beginning of one is held back. Called
//! by `model`.

/// The tokens of `inner` up to the first of the stop sequences.
pub(crate) struct UntilStop<I> {
    inner: I,
    stops: Vec<String>,
    held: String,
    ended: bool,
}

impl<I> UntilStop<I> {
    pub(crate) fn new(inner: I, stops: Vec<String>) -> Self {
        UntilStop {
            inner,
            stops,
            held: String::new(),
            ended: false,
        }
    }

    /// How many bytes at the end of what is held could begin a stop sequence.
    fn suspicious(&self) -> usize {
        let begins_a_stop = |at: &usize| {
            let end = &self.held[*at..];
            self.stops.iter().any(|stop| stop.starts_with(end))
        };
        let places = self.held.char_indices().map(|(at, _)| at);
        let first = places.into_iter().find(begins_a_stop);
        first.map_or(0, |at| self.held.len() - at)
    }
}

impl<I: Iterator<Item = String>> Iterator for UntilStop<I> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        while !self.ended {
            let Some(token) = self.inner.next() else {
                self.ended = true;
                break;
            };
            self.held.push_str(&token);
            let found = self
                .stops
                .iter()
                .filter_map(|stop| self.held.find(stop.as_str()))
                .min();
            if let Some(at) = found {
                self.held.truncate(at);
                self.ended = true;
                break;
            }
            let keep = self.held.len() - self.suspicious();
            if keep > 0 {
                let rest = self.held.split_off(keep);
                return Some(std::mem::replace(&mut self.held, rest));
            }
        }
        Some(std::mem::take(&mut self.held)).filter(|text| !text.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn until(tokens: &[&str], stops: &[&str]) -> Vec<String> {
        let tokens: Vec<String> = tokens.iter().map(ToString::to_string).collect();
        let stops = stops.iter().map(ToString::to_string).collect();
        UntilStop::new(tokens.into_iter(), stops).collect()
    }

    #[test]
    fn the_text_ends_before_the_stop_also_when_it_comes_in_parts() {
        assert_eq!(until(&["a", " river", " bank"], &[" river"]), ["a"]);
        assert_eq!(until(&["a", " ri", "ver", " bank"], &["river"]), ["a", " "]);
        assert_eq!(until(&["abcabd"], &["abd", "zz"]), ["abc"]);
    }

    #[test]
    fn what_only_looked_like_a_stop_comes_later() {
        assert_eq!(until(&["a", " ri", "ce"], &["river"]), ["a", " ", "rice"]);
        assert_eq!(until(&["a", " ri"], &["river"]), ["a", " ", "ri"]);
    }
}
