//! When to send a request again, and after how long: the rule of OpenAI's own
//! Python client.
//!
//! **Invariant:** this is the only place where that is decided, and nothing is
//! sent again once the first byte of an answer's body was given to the user.
//!
//! Called by `client`. One difference: an account without money
//! (`insufficient_quota`) is not asked again, as waiting will not fill it.

use std::time::{Duration, SystemTime};

use hyper::HeaderMap;

use crate::error::{ApiError, Error};

/// The longest wait that a server may ask for. It is not asked again at all
/// if it wants more.
const LONGEST_WAIT: Duration = Duration::from_secs(120);

/// The first wait where the server names none; each later one is twice as
/// long, up to the last.
const FIRST_WAIT: f64 = 0.5;
const LAST_WAIT: f64 = 8.0;

/// What to do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Advice {
    /// It would fail again.
    Never,
    /// Try again after a wait that grows.
    BackOff,
    /// Try again when the server says.
    After(Duration),
}

/// About a request that got no answer, or half of one.
pub(crate) fn about_error(error: &Error) -> Advice {
    match error {
        Error::Connect { source, .. } if source.kind() == std::io::ErrorKind::InvalidInput => {
            Advice::Never // a proxy that is not supported will not be one later
        }
        Error::Connect { source, .. } if source.to_string().contains("certificate") => {
            Advice::Never
        }
        Error::Timeout { phase, .. } if *phase == crate::error::Phase::Total => Advice::Never,
        Error::Connect { .. } | Error::Broken { .. } | Error::Timeout { .. } => Advice::BackOff,
        _ => Advice::Never,
    }
}

/// About a refusal.
pub(crate) fn about_refusal(error: &ApiError, headers: &HeaderMap) -> Advice {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let retry = match text("x-should-retry") {
        Some("true") => true,
        Some("false") => false,
        _ if error.code.as_deref() == Some("insufficient_quota") => false,
        _ => matches!(error.status, Some(408 | 409 | 429 | 500..)),
    };
    if !retry {
        return Advice::Never;
    }
    match asked_for(
        text("retry-after-ms"),
        text("retry-after"),
        SystemTime::now(),
    ) {
        Some(wait) if wait > LONGEST_WAIT => Advice::Never,
        Some(wait) if !wait.is_zero() => Advice::After(wait),
        _ => Advice::BackOff,
    }
}

/// The wait that the server asks for: milliseconds, seconds or a date.
fn asked_for(millis: Option<&str>, after: Option<&str>, now: SystemTime) -> Option<Duration> {
    let number = |text: &str| text.trim().parse::<f64>().ok();
    let seconds = |seconds: f64| {
        // Negative is no wait; endless is longer than any that is kept.
        Duration::try_from_secs_f64(seconds.max(0.0)).unwrap_or(Duration::MAX)
    };
    if let Some(millis) = millis.and_then(number) {
        return Some(seconds(millis / 1e3));
    }
    let after = after?;
    if let Some(after) = number(after) {
        return Some(seconds(after));
    }
    let date = httpdate::parse_http_date(after.trim()).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

/// The wait before retry number `retry`, from 0: it doubles, and a part of it
/// is chance, so that clients that failed together do not come back together.
pub(crate) fn back_off(retry: u32, chance: f64) -> Duration {
    let wait = FIRST_WAIT * 2f64.powi(retry.min(16) as i32);
    Duration::from_secs_f64(wait.min(LAST_WAIT) * (1.0 - 0.25 * chance))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn advice(status: u16, code: &str, headers: &[(&'static str, &str)]) -> Advice {
        let error = ApiError {
            status: Some(status),
            code: Some(code.into()),
            ..ApiError::default()
        };
        let headers = headers.iter().map(|(name, value)| {
            let name = hyper::header::HeaderName::from_static(name);
            (name, value.parse().unwrap())
        });
        about_refusal(&error, &headers.collect())
    }

    #[test]
    fn a_status_that_may_pass_is_tried_again() {
        for status in [408, 409, 429, 500, 502, 503, 504, 529] {
            assert_eq!(advice(status, "", &[]), Advice::BackOff, "{status}");
        }
        for status in [400, 401, 403, 404, 413, 422] {
            assert_eq!(advice(status, "", &[]), Advice::Never, "{status}");
        }
    }

    #[test]
    fn the_server_has_the_last_word() {
        assert_eq!(
            advice(503, "", &[("x-should-retry", "false")]),
            Advice::Never
        );
        assert_eq!(
            advice(400, "", &[("x-should-retry", "true")]),
            Advice::BackOff
        );
        assert_eq!(advice(429, "insufficient_quota", &[]), Advice::Never);
    }

    #[test]
    fn a_wait_that_the_server_asks_for_is_kept_up_to_two_minutes() {
        let after = |millis| Advice::After(Duration::from_millis(millis));
        let cases = [
            (("retry-after", "1"), after(1000)),
            (("retry-after", "0.5"), after(500)),
            (("retry-after-ms", "250"), after(250)),
            (("retry-after", "120"), after(120_000)),
            (("retry-after", "121"), Advice::Never),
            (("retry-after", "1e300"), Advice::Never),
            (("retry-after", "0"), Advice::BackOff),
            (("retry-after", "-1"), Advice::BackOff),
            (("retry-after", "soon"), Advice::BackOff),
            (("retry-after", "NaN"), Advice::BackOff),
            (
                ("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"),
                Advice::BackOff,
            ),
            (
                ("retry-after", "Sat, 06 Nov 2094 08:49:37 GMT"),
                Advice::Never,
            ),
        ];
        for (header, expected) in cases {
            assert_eq!(advice(429, "", &[header]), expected, "{header:?}");
        }
        let both = [("retry-after", "60"), ("retry-after-ms", "20")];
        assert_eq!(advice(429, "", &both), after(20));
    }

    #[test]
    fn a_date_is_a_wait_from_now() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        let now = httpdate::parse_http_date(date).unwrap() - Duration::from_secs(7);
        let wait = asked_for(None, Some(date), now);
        assert_eq!(wait, Some(Duration::from_secs(7)));
    }

    #[test]
    fn waits_double_up_to_eight_seconds_less_a_quarter_by_chance() {
        let seconds = |retry| back_off(retry, 0.0).as_secs_f64();
        let waits: Vec<_> = (0..7).map(seconds).collect();
        assert_eq!(waits, [0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0]);
        assert_eq!(back_off(u32::MAX, 1.0), Duration::from_secs(6));
    }
}
