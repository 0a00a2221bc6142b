//! Signed statements of how pull requests came about, and the parts of such a statement that are nowhere else.

use crate::error::RecordsError;
use crate::item::{Item, attribute, from_item, is_under, number, to_item, whole_number};
use crate::keys;
use crate::stored::{compress, decompress};
use crate::table::Table;
use crate::timestamp;
use crate::write::Write;
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use domain::{BranchName, CommitSha, RepositoryName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// A signed statement about our newest commit in a pull request. It does not expire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedEvidence {
    /// The repository of the pull request.
    pub repository: RepositoryName,
    /// Its number there.
    pub number: u64,
    /// The branch that it comes from.
    pub branch: BranchName,
    /// The project's key.
    pub project: String,
    /// The commit.
    pub commit: CommitSha,
    /// The execution that it was signed for: the one that worked on the pull request last.
    pub execution: String,
    /// Whether that execution had ended.
    pub ended: bool,
    /// When it was signed.
    #[serde(with = "timestamp")]
    pub at: Timestamp,
    /// The public key, in PEM.
    pub public_key: String,
    /// The envelope.
    #[serde(skip)]
    pub envelope: String,
}

/// The attribute with the compressed envelope.
const ENVELOPE: &str = "envelope";
/// The attribute with its size before that, in bytes.
const SIZE: &str = "size";

/// The SHA-256 of documents in force, in hexadecimal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentDigests {
    /// The agents.
    pub agents: Option<String>,
    /// The configuration.
    pub configuration: Option<String>,
    /// The prompts.
    pub prompts: Option<String>,
}

impl SignedEvidence {
    fn item(&self, key: keys::Key) -> Result<Item, RecordsError> {
        let mut item = to_item(self, key, None)?;
        let compressed = compress(self.envelope.as_bytes())?;
        item.insert(SIZE.to_owned(), number(self.envelope.len() as u64));
        item.insert(ENVELOPE.to_owned(), AttributeValue::B(Blob::new(compressed)));
        Ok(item)
    }

    fn of_item(item: Item) -> Result<Self, RecordsError> {
        let place = attribute(&item, keys::SK).unwrap_or_default().to_owned();
        let corrupt = || RecordsError::Corrupt(format!("the evidence `{place}` cannot be read"));
        let bytes = item.get(ENVELOPE).and_then(|bytes| bytes.as_b().ok()).cloned().ok_or_else(corrupt)?;
        let size = whole_number(&item, SIZE)?;
        let found: Self = from_item(item)?;
        let envelope = decompress(bytes.as_ref(), size.min(LARGEST)).ok_or_else(corrupt)?;
        Ok(Self { envelope: String::from_utf8(envelope).map_err(|_| corrupt())?, ..found })
    }
}

/// Which pull request from a branch has evidence.
#[derive(Debug, Serialize, Deserialize)]
struct OfBranch {
    number: u64,
}

/// No envelope is larger, in bytes.
const LARGEST: u64 = 4 * 1024 * 1024;

impl Table {
    /// Stores evidence: as that of its pull request, and as that of its commit.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn put_evidence(&self, evidence: &SignedEvidence) -> Result<(), RecordsError> {
        let (repository, number) = (evidence.repository.as_str(), evidence.number);
        let places = [
            keys::evidence(repository, number),
            keys::evidence_of_commit(repository, number, evidence.commit.as_str()),
        ];
        let writes =
            places.into_iter().map(|key| Ok(Write::Put { item: evidence.item(key)?, condition: None }));
        let mut writes = writes.collect::<Result<Vec<_>, RecordsError>>()?;
        let of_branch = keys::evidence_of_branch(repository, evidence.branch.as_str());
        writes.push(Write::Put { item: to_item(&OfBranch { number }, of_branch, None)?, condition: None });
        // Without a condition nothing can refuse it.
        let _ = self.transact("keep evidence", writes).await?;
        Ok(())
    }

    /// The newest evidence of a pull request, or that of one of its commits.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn evidence(
        &self,
        repository: &RepositoryName,
        number: u64,
        commit: Option<&CommitSha>,
    ) -> Result<Option<SignedEvidence>, RecordsError> {
        let key = match commit {
            None => keys::evidence(repository.as_str(), number),
            Some(commit) => keys::evidence_of_commit(repository.as_str(), number, commit.as_str()),
        };
        self.get(key).await?.map(SignedEvidence::of_item).transpose()
    }

    /// The number of the newest pull request from a branch that has evidence.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn pull_request_with_evidence(
        &self,
        repository: &RepositoryName,
        branch: &BranchName,
    ) -> Result<Option<u64>, RecordsError> {
        let found = self.get(keys::evidence_of_branch(repository.as_str(), branch.as_str())).await?;
        Ok(found.map(from_item::<OfBranch>).transpose()?.map(|found| found.number))
    }

    /// The digests of the documents in force that say how agents work.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn document_digests(&self) -> Result<DocumentDigests, RecordsError> {
        let [agents, configuration, prompts] =
            self.documents_json(["agents", "configuration", "prompts"]).await?;
        let digest = |json: Option<Vec<u8>>| json.map(|json| hex::encode(Sha256::digest(json)));
        Ok(DocumentDigests {
            agents: digest(agents),
            configuration: digest(configuration),
            prompts: digest(prompts),
        })
    }

    /// The SHA-256 of the beginning of an agent's session, and of the fixed part of each of its generations: byte for byte as it was sent to the
    /// model. Expired ones are absent.
    ///
    /// # Errors
    /// [`RecordsError`] when the table does not answer.
    pub async fn session_digests(
        &self,
        id: &str,
        generations: u32,
    ) -> Result<(Option<String>, Vec<String>), RecordsError> {
        let prefixes = (1..=generations).map(|generation| keys::session_prefix(id, generation));
        let wanted: Vec<_> = std::iter::once(keys::session_opening(id)).chain(prefixes).collect();
        let items = self.get_many(wanted.clone()).await?;
        let mut digests = Vec::with_capacity(wanted.len());
        for key in &wanted {
            let read = match items.iter().find(|item| is_under(item, key)) {
                Some(item) => self.read_kept(item).await,
                None => continue,
            };
            match read {
                Ok(bytes) => digests.push((key, hex::encode(Sha256::digest(bytes)))),
                Err(RecordsError::Missing(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let is_opening = digests.first().is_some_and(|(key, _)| **key == keys::session_opening(id));
        let mut digests = digests.into_iter().map(|(_, digest)| digest);
        let opening = if is_opening { digests.next() } else { None };
        Ok((opening, digests.collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::text;

    #[test]
    fn an_envelope_is_kept_byte_for_byte() {
        let repository: RepositoryName = "Acme/shop".parse().unwrap();
        let commit: CommitSha = "0a1b2c3d4e5f60718293a4b5c6d7e8f901234567".parse().unwrap();
        let envelope = "{\"payload\":\"\u{e4} \"}\n".to_owned();
        let evidence = SignedEvidence {
            repository,
            number: 7,
            branch: "feature/SHOP-1".parse().unwrap(),
            project: "SHOP".into(),
            commit,
            execution: "e".into(),
            ended: false,
            at: Timestamp::UNIX_EPOCH,
            public_key: "k".into(),
            envelope,
        };
        let item = evidence.item(keys::evidence("Acme/shop", 7)).unwrap();
        assert_eq!(item[keys::PK], text("REPOSITORY#acme/shop"));
        assert_eq!(SignedEvidence::of_item(item).unwrap(), evidence);
    }
}
