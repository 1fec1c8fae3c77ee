//! What chapter 22 promises.

use std::time::Duration;

use crate::mini::{Lines, TcpListener, TcpStream, data, next, run, sleep, spawn, timeout};

const PAUSE: Duration = Duration::from_millis(1);

/// Connects to a server that sends these pieces, one after another.
async fn sent_in(pieces: Vec<Vec<u8>>) -> TcpStream {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        for piece in pieces {
            stream.write_all(&piece).await.unwrap();
            sleep(PAUSE).await;
        }
    });
    TcpStream::connect(address).await.unwrap()
}

#[test]
fn lines_are_the_same_wherever_the_reads_cut_them() {
    let text = "für\r\n\n12 €\nlast, without an end";
    for size in [1, 2, 3, 100] {
        let pieces = text.as_bytes().chunks(size).map(<[u8]>::to_vec).collect();
        run(async {
            let stream = sent_in(pieces).await;
            let mut lines = Lines::new(&stream);
            for expected in ["für", "", "12 €", "last, without an end"] {
                assert_eq!(next(&mut lines).await.unwrap().unwrap(), expected);
            }
            assert!(next(&mut lines).await.is_none());
        });
    }
}

#[test]
fn a_line_that_is_given_up_halfway_is_not_lost() {
    run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        spawn(async move {
            let (stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"half a ").await.unwrap();
            stream.read(&mut [0]).await.unwrap(); // the reader has given up
            stream.write_all(b"line\n").await.unwrap();
        });
        let stream = TcpStream::connect(address).await.unwrap();
        let mut lines = Lines::new(&stream);
        assert!(timeout(50 * PAUSE, next(&mut lines)).await.is_err());
        stream.write_all(b"!").await.unwrap();
        assert_eq!(next(&mut lines).await.unwrap().unwrap(), "half a line");
    });
}

#[test]
fn data_is_what_the_field_data_has() {
    assert_eq!(data("data: [DONE]"), Some("[DONE]"));
    assert_eq!(data("data:{}"), Some("{}"));
    assert_eq!(data("data:  two blanks"), Some(" two blanks"));
    let others = [": a comment", "event: end", "", "database: 1"];
    assert_eq!(others.map(data), [None; 4]);
}
