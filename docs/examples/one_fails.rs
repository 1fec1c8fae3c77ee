//! Three sources, and the second one fails.

use executor::{Runner, gather, sleep, try_gather};
use std::time::Duration;

async fn fetch_data(n: u64) -> Result<String, String> {
    sleep(Duration::from_secs(n)).await;
    println!("source {n} has answered");
    match n {
        2 => Err("source 2 is down".into()),
        n => Ok(format!("Data from source {n}")),
    }
}

async fn program() {
    println!("-- gather: wait for all, look at each");
    for result in gather([1, 2, 3].map(fetch_data)).await {
        match result {
            Ok(data) => println!("{data}"),
            Err(error) => println!("error: {error}"),
        }
    }

    println!("-- try_gather: the first error ends it");
    match try_gather([1, 2, 3].map(fetch_data)).await {
        Ok(all) => println!("{all:?}"),
        Err(error) => println!("error: {error}"),
    }
    sleep(Duration::from_secs(5)).await;
    println!("-- five seconds later");
}

fn main() {
    Runner::builder().virtual_time().build().run(program());
}
