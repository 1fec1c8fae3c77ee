//! What `aretrieve` and `aquery` have in common on the command line.
//!
//! Invariant: without options it is this project's own documents, by words.
//! Called by these two programs.

use std::path::PathBuf;

use clap::Args;
use first_programs::at_least_one;

use super::index::Index;
use super::retriever::Retriever;
use crate::client::OpenAi;
use crate::error::Error;

/// Where to search, and how.
#[derive(Args, Clone, Debug)]
pub struct IndexArgs {
    /// A Markdown file, or a folder of them; this project's README and its book
    /// if not given
    #[arg(long, value_name = "PATH")]
    pub docs: Option<PathBuf>,

    /// How many passages to find at most
    #[arg(long, value_name = "N", default_value = "2", value_parser = at_least_one)]
    pub top_k: std::num::NonZeroUsize,

    /// Compare embeddings, which the API makes, and not words
    #[arg(long)]
    pub embeddings: bool,
}

impl IndexArgs {
    /// Reads the documents and indexes them.
    ///
    /// # Errors
    ///
    /// If they cannot be read; those of the endpoint, if it embeds them.
    pub async fn index(&self, llm: &OpenAi) -> Result<Index, Error> {
        let index = match &self.docs {
            Some(path) => Index::read(path).await?,
            None => Index::of_this_project().await?,
        };
        if self.embeddings {
            return index.embed(llm).await;
        }
        Ok(index)
    }

    /// The search that the options describe.
    pub fn retriever<'a>(&self, index: &'a Index, llm: &'a OpenAi) -> Retriever<'a> {
        let retriever = index.as_retriever().top_k(self.top_k.get());
        if self.embeddings {
            return retriever.by_embedding(llm);
        }
        retriever
    }
}
