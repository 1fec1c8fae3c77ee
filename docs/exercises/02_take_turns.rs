//! Two tasks in one loop. One of them never lets the other run.

use std::process::ExitCode;

use docs::Exercise;
use executor::{spawn_named, yield_now};

async fn polite() {
    for n in 0..3 {
        executor::println!("polite {n}");
        yield_now().await;
    }
}

async fn busy() {
    for n in 0..3 {
        executor::println!("busy {n}");
        // TODO: let the other task run here.
    }
}

async fn program() {
    let busy = spawn_named("busy", busy());
    let polite = spawn_named("polite", polite());
    busy.await.unwrap();
    polite.await.unwrap();
}

fn main() -> ExitCode {
    let hint = "`polite` does it; so does `sleep(Duration::ZERO).await`";
    Exercise::new(hint).check(program(), |seen, ()| {
        let wanted = [
            "busy 0", "polite 0", "busy 1", "polite 1", "busy 2", "polite 2",
        ];
        if seen.printed != wanted {
            return Err(format!("printed {:?}", seen.printed));
        }
        Ok(())
    })
}
