//! A gather that ends with the first error. What has not returned by then is
//! dropped: `futures` belongs to `try_gather`, and ends with it.

use std::future::poll_fn;
use std::process::ExitCode;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use docs::Exercise;
use executor::sleep;

/// Gives all values, or the first error.
async fn try_gather<T, F>(futures: impl IntoIterator<Item = F>) -> Result<Vec<T>, String>
where
    F: Future<Output = Result<T, String>>,
{
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_some() {
                continue; // it has returned, and must not be polled again
            }
            match future.as_mut().poll(cx) {
                Poll::Ready(Ok(value)) => *output = Some(value),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => {}
            }
        }
        match outputs.iter().all(Option::is_some) {
            true => Poll::Ready(Ok(())),
            false => Poll::Pending,
        }
    })
    .await?;
    Ok(outputs.into_iter().flatten().collect())
}

/// Waits, then fails if it is the second one.
async fn fetch(seconds: u64, _in_use: Rc<()>) -> Result<u64, String> {
    sleep(Duration::from_secs(seconds)).await;
    match seconds {
        2 => Err("the second one failed".into()),
        seconds => Ok(seconds),
    }
}

fn main() -> ExitCode {
    let program = async {
        let all_well = try_gather([fetch(3, Rc::default()), fetch(1, Rc::default())]).await;
        let in_use = Rc::new(());
        let fetches = [1, 2, 9].map(|seconds| fetch(seconds, Rc::clone(&in_use)));
        let one_fails = try_gather(fetches).await;
        (all_well, one_fails, Rc::strong_count(&in_use) - 1)
    };
    let hint = "`poll_fn` may return `Poll::Ready(Err(..))` as soon as there is an error";
    Exercise::new(hint).check(program, |seen, (all_well, one_fails, alive)| {
        let took = seen.took.as_secs();
        match (all_well.as_deref(), one_fails) {
            (Ok([3, 1]), Err(_)) if took == 3 + 2 && alive == 0 => Ok(()),
            (Ok([3, 1]), Err(_)) if alive > 0 => Err(format!("{alive} futures are still there")),
            (Ok([3, 1]), Err(_)) => Err(format!("{took} s are too long: 3 + 2 are enough")),
            (Ok([3, 1]), Ok(_)) => Err("the error is lost".into()),
            (other, _) => Err(format!("without an error it gives {other:?}")),
        }
    })
}
