//! Retrieval over real files, and questions to the embedded server with it.

use std::fs;
use std::path::PathBuf;

use executor::run;
use llm_demo::OpenAi;
use llm_demo::retrieval::{Index, NodeWithScore};
use llm_demo::server::Server;

/// A folder of Markdown that is removed at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left over lies in the build's own folder.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    // Of this process alone: the tests may run twice at once.
    let name = format!("{name}-{}", std::process::id());
    let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (file, text) in [
        (
            "b.md",
            "# Timers\nA timer fires late, never early.\n\n## Heap\nDeadlines lie in a heap.",
        ),
        (
            "a/loop.md",
            "The loop polls its tasks.\n# Parking\nA loop with nothing to do parks.",
        ),
        ("a/notes.txt", "# Timers\nnot Markdown"),
        (".hidden/c.md", "# Timers\nhidden"),
        ("target/d.md", "# Timers\nbuilt"),
    ] {
        let path = root.join(file);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }
    Folder(root)
}

fn sources(nodes: &[NodeWithScore]) -> Vec<String> {
    nodes.iter().map(|node| node.node.source()).collect()
}

fn client() -> OpenAi {
    let server = Server::builder().no_delay().bind().expect("a port");
    let llm = OpenAi::builder().base_url(server.base_url()).build();
    server.start();
    llm
}

#[test]
fn a_question_finds_the_passage_with_its_file_and_heading() {
    let folder = folder("finds");
    run(async {
        let index = Index::read(&folder.0).await?;
        assert_eq!(index.len(), 4);
        let nodes = index
            .as_retriever()
            .aretrieve("When does a timer fire?")
            .await?;
        assert_eq!(sources(&nodes), ["b.md:Timers"]);
        assert!(nodes[0].score > 0.0);
        let nodes = index.as_retriever().top_k(9).aretrieve("loop").await?;
        assert_eq!(sources(&nodes), ["a/loop.md", "a/loop.md:Parking"]);
        assert!(nodes[0].score >= nodes[1].score);
        assert!(
            index
                .as_retriever()
                .aretrieve("the and of")
                .await?
                .is_empty()
        );
        Ok::<_, llm_demo::Error>(())
    })
    .expect("all well");
}

#[test]
fn one_file_can_be_read_and_one_that_is_not_there_is_named() {
    let folder = folder("one");
    run(async {
        let index = Index::read(folder.0.join("b.md")).await.expect("read");
        let nodes = index
            .as_retriever()
            .aretrieve("heap")
            .await
            .expect("words only");
        assert_eq!(sources(&nodes), ["b.md:Heap"]);
        let error = Index::read(folder.0.join("none.md")).await.unwrap_err();
        assert!(error.to_string().contains("none.md"), "{error}");
        fs::create_dir(folder.0.join("empty")).expect("made");
        let error = Index::read(folder.0.join("empty")).await.unwrap_err();
        assert!(error.to_string().contains("no Markdown"), "{error}");
    });
}

#[test]
fn this_project_can_be_searched() {
    run(async {
        let index = Index::of_this_project().await.expect("its files");
        let nodes = index
            .as_retriever()
            .aretrieve("event loop")
            .await
            .expect("words only");
        assert!(!nodes.is_empty());
        assert!(nodes.iter().all(|node| node.node.file.ends_with(".md")));
    });
}

#[test]
fn an_answer_is_told_from_the_passages_and_lists_them() {
    let folder = folder("answer");
    run(async {
        let (index, llm) = (Index::read(&folder.0).await?, client());
        let engine = index.as_query_engine(&llm);
        let mut answer = engine.aquery("When does a timer fire?").await?;
        let mut text = String::new();
        while let Some(chunk) = answer.try_next().await? {
            text.push_str(&chunk.delta);
        }
        assert_eq!(text, "A timer fires late, never early.");
        assert_eq!(answer.get_response().await?, text);
        assert_eq!(sources(answer.source_nodes()), ["b.md:Timers"]);
        let listed = answer.formatted_sources(7);
        assert!(listed.starts_with("[1] b.md:Timers ("), "{listed}");
        assert!(listed.ends_with("): A timer...\n"), "{listed}");
        let mut answer = engine.aquery("Who bakes bread?").await?;
        assert_eq!(answer.get_response().await?, "The context does not say.");
        Ok::<_, llm_demo::Error>(())
    })
    .expect("all well");
}

#[test]
fn by_embedding_the_nearest_passages_come_even_if_they_share_no_word() {
    let folder = folder("embeds");
    run(async {
        let llm = client();
        let index = Index::read(&folder.0).await?.embed(&llm).await?;
        let retriever = index.as_retriever().by_embedding(&llm).top_k(4);
        // No word of it stands there; pieces of "timer" and "heap" do.
        let nodes = retriever.aretrieve("timerless heaping").await?;
        assert_eq!(nodes.len(), 4);
        assert!(nodes.windows(2).all(|two| two[0].score >= two[1].score));
        assert!(nodes[0].node.file == "b.md", "{nodes:?}");
        assert!(nodes[0].score <= 1.001 && nodes[3].score >= -1.001);
        Ok::<_, llm_demo::Error>(())
    })
    .expect("all well");
}

#[test]
fn what_the_server_refuses_comes_out_of_aquery() {
    run(async {
        let server = Server::builder().bind().expect("a port");
        let llm = OpenAi::builder()
            .base_url(server.base_url())
            .model("missing")
            .build();
        server.start();
        let index = Index::from_texts([("a.md", "A loop polls.")]);
        let error = index
            .as_query_engine(&llm)
            .aquery("loop")
            .await
            .unwrap_err();
        assert!(error.to_string().contains("model_not_found"), "{error}");
    });
}
