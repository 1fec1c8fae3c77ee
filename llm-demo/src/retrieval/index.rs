//! An index over Markdown: passages, their terms, perhaps their embeddings.
//!
//! Invariant: node `n` is text `n` of the term counts and row `n` of the
//! embeddings. Called by the programs and by `QueryEngine`.

use std::io;
use std::path::Path;

use llm_demo_server::ranking::{Bm25, terms};

use super::files;
use super::markdown::passages;
use crate::client::OpenAi;
use crate::error::Error;

/// How many passages are embedded with one request.
const BATCH: usize = 64;

/// A passage of a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Node {
    /// Its text, without the heading.
    pub text: String,
    /// The file, below the folder that was indexed.
    pub file: String,
    /// The heading that it stands under; empty before the first.
    pub heading: String,
}

impl Node {
    /// Where it stands: `file:heading`.
    pub fn source(&self) -> String {
        match self.heading.as_str() {
            "" => self.file.clone(),
            heading => format!("{}:{heading}", self.file),
        }
    }
}

/// Passages that can be searched; see [`as_retriever`](Index::as_retriever).
#[derive(Debug)]
pub struct Index {
    pub(super) nodes: Vec<Node>,
    pub(super) bm25: Bm25,
    /// One of length 1 for each node, if they were asked for.
    pub(super) embeddings: Option<Vec<Vec<f32>>>,
}

impl Index {
    /// Indexes Markdown texts, each with the name it is to be known by.
    ///
    /// ```
    /// use llm_demo::retrieval::Index;
    ///
    /// let index = Index::from_texts([("fables.md", "# Heron\nShe waits.\n# Fox\nHe runs.")]);
    /// assert_eq!(index.len(), 2);
    /// ```
    pub fn from_texts<F: Into<String>, T: AsRef<str>>(
        texts: impl IntoIterator<Item = (F, T)>,
    ) -> Index {
        let mut nodes = Vec::new();
        for (file, text) in texts {
            let file: String = file.into();
            let found = passages(text.as_ref()).into_iter();
            nodes.extend(found.map(|passage| Node {
                text: passage.text,
                file: file.clone(),
                heading: passage.heading,
            }));
        }
        // The words of a heading count twice: it says what the passage is about.
        let terms_of = |node: &Node| {
            terms(
                &[&node.heading, &node.heading, &node.text]
                    .map(String::as_str)
                    .join(" "),
            )
        };
        Index {
            bm25: Bm25::new(nodes.iter().map(terms_of)),
            nodes,
            embeddings: None,
        }
    }

    /// Reads and indexes a Markdown file, or all of them below a folder. The
    /// reading is done on the thread pool.
    ///
    /// *Cancel safety:* files that are being read are read to their end;
    /// nothing is kept.
    ///
    /// # Errors
    ///
    /// If a file or folder cannot be read, with its path; or if there is no
    /// Markdown in it.
    pub async fn read(from: impl AsRef<Path>) -> io::Result<Index> {
        let from = from.as_ref();
        let index = Index::from_texts(files::read(from.to_path_buf()).await?);
        if index.is_empty() {
            let text = format!("{}: there is no Markdown to search", from.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, text));
        }
        Ok(index)
    }

    /// Reads and indexes this project's README and its book.
    ///
    /// # Errors
    ///
    /// As [`read`](Index::read); so if the sources are no longer where the
    /// program was built.
    pub async fn of_this_project() -> io::Result<Index> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
        let mut texts = files::read(root.join("README.md")).await?;
        let book = files::read(root.join("docs")).await?.into_iter();
        texts.extend(book.map(|(file, text)| (format!("docs/{file}"), text)));
        Ok(Index::from_texts(texts))
    }

    /// Asks the endpoint for the embedding of every passage, so that retrievers
    /// go by meaning, as far as the endpoint's model knows any, and not by words.
    ///
    /// # Errors
    ///
    /// Those of the endpoint.
    pub async fn embed(mut self, llm: &OpenAi) -> Result<Index, Error> {
        let mut embeddings = Vec::new();
        for batch in self.nodes.chunks(BATCH) {
            let texts: Vec<String> = batch
                .iter()
                .map(|node| format!("{}\n{}", node.heading, node.text))
                .collect();
            let vectors = llm.aembed(&texts).await?;
            embeddings.extend(vectors.into_iter().map(scaled));
        }
        self.embeddings = Some(embeddings);
        Ok(self)
    }

    /// How many passages there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

/// Scales a vector to length 1, so that a product of two is a cosine.
pub(super) fn scaled(mut vector: Vec<f32>) -> Vec<f32> {
    let length = vector.iter().map(|x| x * x).sum::<f32>().sqrt();
    if length > 0.0 {
        vector.iter_mut().for_each(|x| *x /= length);
    }
    vector
}
