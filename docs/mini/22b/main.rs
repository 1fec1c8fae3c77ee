#[allow(dead_code, unused_imports)] // a program does not use all of it
mod mini;
#[cfg(test)]
mod tests;
#[cfg(all(test, feature = "model"))]
mod model;

use std::env;
use std::io::{self, Write};

use mini::{Lines, TcpListener, TcpStream, data, next, run, spawn, yield_now};

/// Asks a model, and prints its answer word by word, as the words arrive.
async fn astream_chat(address: &str, question: &str) -> io::Result<()> {
    let stream = TcpStream::connect(address).await?;
    let question = question.replace(['"', '\\'], "'");
    let message = format!(r#"{{"role":"user","content":"{question}"}}"#);
    let body = format!(r#"{{"model":"toy","stream":true,"messages":[{message}]}}"#) + "\n";
    // HTTP/1.0, because its answers end where the connection ends.
    let head = "POST /v1/chat/completions HTTP/1.0\r\nContent-Type: application/json";
    let length = body.len();
    let request = format!("{head}\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(request.as_bytes()).await?;
    let mut lines = Lines::new(&stream);
    while let Some(line) = next(&mut lines).await {
        match data(&line?) {
            None => {} // a header, or the blank line after an event
            Some("[DONE]") => break,
            Some(event) => print!("{}", word(event)),
        }
        io::stdout().flush()?; // else the words of a line appear together
    }
    println!();
    Ok(())
}

/// The text in `"content":"text"`. A real program takes a JSON library.
fn word(event: &str) -> String {
    let text = event.split_once(r#""content":""#);
    let end = text.and_then(|(_, rest)| rest.split_once('"'));
    end.map_or(String::new(), |(word, _)| word.replace(r"\n", "\n"))
}

/// A model that says one thing, in pieces that end anywhere.
async fn toy_model(listener: TcpListener) -> io::Result<()> {
    let (stream, _) = listener.accept().await?;
    let mut request = Lines::new(&stream);
    while let Some(line) = next(&mut request).await {
        if line?.starts_with('{') {
            break; // the body, which is one line
        }
    }
    let mut answer = "HTTP/1.0 200 OK\r\nContent-Type: text/event-stream\r\n\r\n".to_owned();
    for word in ["A loop", " polls", " what is", " ready."] {
        answer += &format!("data: {{\"delta\":{{\"content\":\"{word}\"}}}}\n\n");
    }
    answer += "data: [DONE]\n\n";
    for piece in answer.as_bytes().chunks(7) {
        stream.write_all(piece).await?;
        yield_now().await;
    }
    Ok(())
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    run(async {
        if let [address, question] = &arguments[..] {
            return astream_chat(address, question).await;
        }
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        spawn(toy_model(listener));
        astream_chat(&address, "What does a loop do?").await
    })
}
