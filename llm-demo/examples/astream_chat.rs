//! The chat example of LlamaIndex's page on async Python, line for line.

use std::io::{Write, stdout};

use executor::run;
use llm_demo::{Builder, Error};

async fn async_main() -> Result<(), Error> {
    let llm = Builder::from_env().model("gpt-4").build();

    // The answer streams in.
    let mut response = llm.astream_chat([("user", "Tell me a story")]).await?;

    while let Some(chunk) = response.try_next().await? {
        print!("{}", chunk.delta);
        stdout().flush()?;
    }
    Ok(())
}

fn main() -> Result<(), Error> {
    run(async_main())
}
