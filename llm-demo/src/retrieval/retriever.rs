//! Finding the passages that fit a question best: `aretrieve`.
//!
//! Invariant: what it gives is in falling order of score, and equal scores are
//! in the order of the index. Called by the programs and by `QueryEngine`.

use llm_demo_server::ranking::terms;

use super::index::{Index, Node, scaled};
use crate::client::OpenAi;
use crate::error::Error;

/// A passage that fits, and how well. (LlamaIndex: `NodeWithScore`)
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct NodeWithScore {
    /// The passage.
    pub node: Node,
    /// By words: its BM25 score. By embeddings: the cosine.
    pub score: f64,
}

/// A search of an [`Index`]; made by [`Index::as_retriever`].
#[derive(Debug)]
pub struct Retriever<'a> {
    index: &'a Index,
    top_k: usize,
    llm: Option<&'a OpenAi>,
}

impl Index {
    /// Searches it (LlamaIndex: `index.as_retriever()`).
    pub fn as_retriever(&self) -> Retriever<'_> {
        Retriever {
            index: self,
            top_k: 2,
            llm: None,
        }
    }
}

impl<'a> Retriever<'a> {
    /// How many passages it gives at most; 2 if not set, as in LlamaIndex.
    pub fn top_k(mut self, n: usize) -> Self {
        self.top_k = n;
        self
    }

    /// Goes by embeddings, not by words, if the index [has some](Index::embed);
    /// the question's comes from this endpoint.
    pub fn by_embedding(mut self, llm: &'a OpenAi) -> Self {
        self.llm = Some(llm);
        self
    }

    /// Gives the passages that fit the question best (LlamaIndex: `aretrieve`).
    ///
    /// By words, this waits for nothing.
    ///
    /// ```
    /// use llm_demo::retrieval::Index;
    ///
    /// executor::run(async {
    ///     let index = Index::from_texts([("fables.md", "# Heron\nShe waits.\n# Fox\nHe runs.")]);
    ///     let nodes = index.as_retriever().top_k(1).aretrieve("Who is waiting?").await?;
    ///     assert_eq!(nodes[0].node.source(), "fables.md:Heron");
    ///     Ok::<(), llm_demo::Error>(())
    /// })
    /// .unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Those of the endpoint, if it goes by embeddings.
    pub async fn aretrieve(&self, question: &str) -> Result<Vec<NodeWithScore>, Error> {
        let best = match (self.llm, &self.index.embeddings) {
            (Some(llm), Some(vectors)) => {
                let asked = llm.aembed(&[question.to_string()]).await?;
                let asked = scaled(asked.into_iter().next().unwrap_or_default());
                nearest(vectors, &asked, self.top_k)
            }
            _ => self.index.bm25.best(&terms(question), self.top_k),
        };
        let with_score = |(number, score): (usize, f64)| NodeWithScore {
            node: self.index.nodes[number].clone(),
            score,
        };
        Ok(best.into_iter().map(with_score).collect())
    }
}

fn nearest(vectors: &[Vec<f32>], asked: &[f32], n: usize) -> Vec<(usize, f64)> {
    let cosine = |vector: &Vec<f32>| -> f64 {
        let products = vector.iter().zip(asked).map(|(a, b)| f64::from(a * b));
        products.sum()
    };
    let mut found: Vec<_> = vectors.iter().map(cosine).enumerate().collect();
    found.sort_by(|a, b| b.1.total_cmp(&a.1)); // stable
    found.truncate(n);
    found
}
