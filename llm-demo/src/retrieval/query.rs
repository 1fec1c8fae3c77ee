//! Asking a model with the passages that fit: `aquery`.
//!
//! Invariant: the sources given are exactly the passages in the prompt, in its
//! order. Called by the program `aquery`.

use std::fmt::Write;

use super::index::Index;
use super::retriever::{NodeWithScore, Retriever};
use crate::client::OpenAi;
use crate::error::Error;
use crate::reply::ChatResponse;
use crate::stream::ChatStream;

/// An index and a model to ask; made by [`Index::as_query_engine`].
#[derive(Debug)]
pub struct QueryEngine<'a> {
    retriever: Retriever<'a>,
    llm: &'a OpenAi,
}

impl Index {
    /// Asks questions about it (LlamaIndex: `index.as_query_engine(llm)`).
    pub fn as_query_engine<'a>(&'a self, llm: &'a OpenAi) -> QueryEngine<'a> {
        QueryEngine {
            retriever: self.as_retriever(),
            llm,
        }
    }
}

impl<'a> QueryEngine<'a> {
    /// Searches with this retriever, and not with the default one.
    pub fn retriever(mut self, retriever: Retriever<'a>) -> Self {
        self.retriever = retriever;
        self
    }

    /// Finds the passages, asks the model with them and gives the answer as a
    /// stream (LlamaIndex: `aquery` with `streaming=True`; for the whole
    /// answer, [`get_response`](StreamingResponse::get_response)).
    ///
    /// ```
    /// use llm_demo::{OpenAi, retrieval::Index};
    ///
    /// executor::run(async {
    ///     let llm = OpenAi::builder().build();
    ///     let index = Index::from_texts([("fables.md", "# Heron\nThe heron waits for fish.")]);
    ///     let mut answer = index.as_query_engine(&llm).aquery("What does the heron do?").await?;
    ///     assert_eq!(answer.get_response().await?, "The heron waits for fish.");
    ///     assert_eq!(answer.source_nodes()[0].node.source(), "fables.md:Heron");
    ///     Ok::<(), llm_demo::Error>(())
    /// })
    /// .unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the endpoint, before its first word.
    pub async fn aquery(&self, question: &str) -> Result<StreamingResponse, Error> {
        let sources = self.retriever.aretrieve(question).await?;
        let prompt = prompt(question, &sources);
        let stream = self.llm.astream_chat([("user", prompt)]).await?;
        Ok(StreamingResponse { sources, stream })
    }
}

/// An answer that is being told, and what it was made from (LlamaIndex:
/// `AsyncStreamingResponse`).
#[derive(Debug)]
pub struct StreamingResponse {
    sources: Vec<NodeWithScore>,
    stream: ChatStream,
}

impl StreamingResponse {
    /// The next piece of the answer, or `None` at its end.
    ///
    /// # Errors
    ///
    /// If the stream breaks.
    pub async fn try_next(&mut self) -> Result<Option<ChatResponse>, Error> {
        self.stream.try_next().await
    }

    /// Waits for the end; gives the whole text, also of what was read before.
    ///
    /// # Errors
    ///
    /// If the stream breaks.
    pub async fn get_response(&mut self) -> Result<String, Error> {
        while self.try_next().await?.is_some() {}
        Ok(self.stream.message().content().to_string())
    }

    /// The passages that the model was given, best first.
    pub fn source_nodes(&self) -> &[NodeWithScore] {
        &self.sources
    }

    /// The passages as lines to read, each cut after so many characters.
    pub fn formatted_sources(&self, length: usize) -> String {
        let mut text = String::new();
        for (number, source) in self.sources.iter().enumerate() {
            let passage = source
                .node
                .text
                .split_whitespace()
                .collect::<Vec<_>>()
                .join(" ");
            let cut: String = passage.chars().take(length).collect();
            let more = if cut.len() < passage.len() { "..." } else { "" };
            let (number, name) = (number + 1, source.node.source());
            // Writing to a string does not fail.
            let _ = writeln!(text, "[{number}] {name} ({:.2}): {cut}{more}", source.score);
        }
        text
    }
}

/// The passages between two lines of dashes, and then the question.
fn prompt(question: &str, sources: &[NodeWithScore]) -> String {
    let mut context = String::new();
    for (number, source) in sources.iter().enumerate() {
        let (number, name) = (number + 1, source.node.source());
        let _ = writeln!(context, "[{number}] {name}\n\n{}\n", source.node.text);
    }
    let rule = "-".repeat(20);
    format!(
        "These passages come from the documents that the question is about.\n\
         {rule}\n{context}{rule}\n\
         Answer from the passages alone; if they do not say, say so.\n\
         Query: {question}\n\
         Answer:"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_prompt_has_the_passages_with_their_sources_and_then_the_question() {
        let index = Index::from_texts([("a.md", "# One\nA loop.")]);
        let node = index.nodes[0].clone();
        let prompt = prompt("What?", &[NodeWithScore { node, score: 1.0 }]);
        let expected = "--------------------\n[1] a.md:One\n\nA loop.\n\n--------------------\n";
        assert!(prompt.contains(expected), "{prompt}");
        assert!(prompt.ends_with("\nQuery: What?\nAnswer:"), "{prompt}");
    }
}
