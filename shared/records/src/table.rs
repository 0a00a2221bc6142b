//! The table itself: the way to it, its creation, and the few ways in which it is read.

use crate::audit_turns::Turns;
use crate::cached::{Cached, Contents, Last, LastTurns};
use crate::error::RecordsError;
use crate::item::{Item, is_under};
use crate::keys::{EXPIRES_AT, GSI1, GSI1_PK, GSI1_SK, Key, PK, SK};
use crate::local_turns::LocalTurns;
use crate::managed::{AllManaged, PutTogether};
use crate::store::Store;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::batch_get_item::BatchGetItemInput;
use aws_sdk_dynamodb::operation::get_item::GetItemInput;
use aws_sdk_dynamodb::operation::query::builders::QueryInputBuilder;
use aws_sdk_dynamodb::operation::query::{QueryInput, QueryOutput};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType,
    KeysAndAttributes, Projection, ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType,
    TimeToLiveSpecification,
};
use domain::AgentDefinition;
use domain::configuration::Configuration;
use domain::reference::References;
use domain::routes::Routes;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The one table. Cloning is cheap; clones share the cached documents.
///
/// Timeouts and retries of single requests are the client's settings. Transactions that collide are repeated here, a bounded
/// number of times.
#[derive(Debug, Clone)]
pub struct Table {
    pub(crate) client: Client,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) name: Arc<str>,
    pub(crate) configuration: Arc<Cached<Configuration>>,
    pub(crate) references: Arc<Cached<References>>,
    pub(crate) managed: Arc<Last<AllManaged>>,
    pub(crate) put_together: Arc<Last<PutTogether>>,
    pub(crate) routes: Arc<Cached<Routes>>,
    pub(crate) prompts: Arc<Cached<BTreeMap<String, String>>>,
    pub(crate) agents: Arc<Cached<BTreeMap<String, AgentDefinition>>>,
    pub(crate) audit_turns: Arc<Turns>,
    pub(crate) last_turns: Arc<LastTurns>,
    pub(crate) local_turns: Option<Arc<LocalTurns>>,
    pub(crate) contents: Arc<Contents>,
}

/// Which sort keys of a partition a query takes.
#[derive(Clone, Copy)]
enum Range<'a> {
    All,
    Prefix(&'a str),
    /// Both are included.
    FromTo(&'a str, &'a str),
}

impl Table {
    /// The table called `name`, through `client`. Nothing is sent yet.
    pub fn new(client: Client, name: impl Into<String>) -> Self {
        Self {
            store: Arc::new(client.clone()),
            client,
            name: name.into().into(),
            configuration: Arc::default(),
            references: Arc::default(),
            managed: Arc::default(),
            put_together: Arc::default(),
            routes: Arc::default(),
            prompts: Arc::default(),
            agents: Arc::default(),
            audit_turns: Arc::default(),
            last_turns: Arc::default(),
            local_turns: None,
            contents: Arc::default(),
        }
    }

    /// The same, whose records are read and written through `store`.
    pub fn through(self, store: Arc<dyn Store>) -> Self {
        Self { store, ..self }
    }

    /// The table's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Creates the table with its index, stream of keys and time to live, billed on demand; an existing table is left unchanged.
    /// For one machine and for tests: in an account, infrastructure code creates it.
    ///
    /// # Errors
    /// [`RecordsError`] when DynamoDB refuses or does not answer.
    pub async fn create_table(&self) -> Result<(), RecordsError> {
        let build = |error: aws_sdk_dynamodb::error::BuildError| RecordsError::Invalid(error.to_string());
        let mut request = self
            .client
            .create_table()
            .table_name(&*self.name)
            .billing_mode(BillingMode::PayPerRequest)
            .stream_specification(
                StreamSpecification::builder()
                    .stream_enabled(true)
                    .stream_view_type(StreamViewType::KeysOnly)
                    .build()
                    .map_err(build)?,
            );
        for name in [PK, SK, GSI1_PK, GSI1_SK] {
            let attribute = AttributeDefinition::builder()
                .attribute_name(name)
                .attribute_type(ScalarAttributeType::S)
                .build()
                .map_err(build)?;
            request = request.attribute_definitions(attribute);
        }
        let part = |name, kind| {
            KeySchemaElement::builder().attribute_name(name).key_type(kind).build().map_err(build)
        };
        let index = GlobalSecondaryIndex::builder()
            .index_name(GSI1)
            .key_schema(part(GSI1_PK, KeyType::Hash)?)
            .key_schema(part(GSI1_SK, KeyType::Range)?)
            .projection(Projection::builder().projection_type(ProjectionType::KeysOnly).build())
            .build()
            .map_err(build)?;
        let created = request
            .key_schema(part(PK, KeyType::Hash)?)
            .key_schema(part(SK, KeyType::Range)?)
            .global_secondary_indexes(index)
            .send()
            .await;
        match created {
            Ok(_) => {}
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_resource_in_use_exception()) =>
            {
                return Ok(());
            }
            Err(error) => return Err(RecordsError::from_sdk("create the table", &error)),
        }
        let expiry = TimeToLiveSpecification::builder()
            .attribute_name(EXPIRES_AT)
            .enabled(true)
            .build()
            .map_err(build)?;
        Box::pin(
            self.client
                .update_time_to_live()
                .table_name(&*self.name)
                .time_to_live_specification(expiry)
                .send(),
        )
        .await
        .map_err(|error| RecordsError::from_sdk("set the table's time to live", &error))?;
        Ok(())
    }

    /// The item under a key, read consistently.
    pub(crate) async fn get(&self, key: Key) -> Result<Option<Item>, RecordsError> {
        let answer = self
            .store
            .get_item(
                GetItemInput::builder()
                    .table_name(&*self.name)
                    .key(PK, AttributeValue::S(key.pk))
                    .key(SK, AttributeValue::S(key.sk))
                    .consistent_read(true),
            )
            .await
            .map_err(|error| RecordsError::from_sdk("read a record", &error))?;
        Ok(answer.item)
    }

    /// The items under these keys, which differ, in the keys' order, read consistently in one request.
    pub(crate) async fn get_each<const N: usize>(
        &self,
        keys: [Key; N],
    ) -> Result<[Option<Item>; N], RecordsError> {
        let mut found = self.get_many(keys.to_vec()).await?;
        Ok(keys.map(|key| found.iter().position(|item| is_under(item, &key)).map(|at| found.swap_remove(at))))
    }

    /// Every item of a partition whose sort key starts with `prefix`, in its order, read consistently.
    pub(crate) async fn query(&self, partition: String, prefix: &str) -> Result<Vec<Item>, RecordsError> {
        self.query_fields(partition, prefix, &[]).await
    }

    /// As [`Table::query`], of each item only these attributes; none means all.
    pub(crate) async fn query_fields(
        &self,
        partition: String,
        prefix: &str,
        fields: &[&str],
    ) -> Result<Vec<Item>, RecordsError> {
        // An empty prefix is not a legal operand of `begins_with`.
        let condition = match prefix.is_empty() {
            true => Range::All,
            false => Range::Prefix(prefix),
        };
        self.query_range(partition, condition, fields).await
    }

    /// Every item of a partition from one sort key to another, both included, in its order, read consistently.
    pub(crate) async fn query_from_to(
        &self,
        partition: String,
        first: &str,
        last: &str,
    ) -> Result<Vec<Item>, RecordsError> {
        self.query_range(partition, Range::FromTo(first, last), &[]).await
    }

    /// As [`Table::query`], in one request, if these are at most `most` items; `None` if they are more, or too large for one answer.
    pub(crate) async fn query_few(
        &self,
        partition: String,
        prefix: &str,
        most: usize,
    ) -> Result<Option<Vec<Item>>, RecordsError> {
        let page = self
            .query_page(
                "query few records",
                QueryInput::builder()
                    .consistent_read(true)
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":pk", AttributeValue::S(partition))
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned()))
                    .limit(i32::try_from(most.saturating_add(1)).unwrap_or(i32::MAX)),
            )
            .await?;
        let goes_on = page.last_evaluated_key.is_some();
        let items = page.items.unwrap_or_default();
        Ok(Some(items).filter(|items| !goes_on && items.len() <= most))
    }

    /// One page of a query of this table. `operation` names it for people.
    pub(crate) async fn query_page(
        &self,
        operation: &str,
        request: QueryInputBuilder,
    ) -> Result<QueryOutput, RecordsError> {
        let page = self.store.query(request.table_name(&*self.name)).await;
        page.map_err(|error| RecordsError::from_sdk(operation, &error))
    }

    async fn query_range(
        &self,
        partition: String,
        range: Range<'_>,
        fields: &[&str],
    ) -> Result<Vec<Item>, RecordsError> {
        let placeholders: Vec<String> = fields.iter().map(|field| format!("#{field}")).collect();
        let names = placeholders.iter().cloned().zip(fields.iter().map(|field| (*field).to_owned()));
        let names: HashMap<String, String> = names.collect();
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let mut request = QueryInput::builder()
                .consistent_read(true)
                .expression_attribute_values(":pk", AttributeValue::S(partition.clone()))
                .set_projection_expression(Some(placeholders.join(", ")).filter(|fields| !fields.is_empty()))
                .set_expression_attribute_names(Some(names.clone()).filter(|names| !names.is_empty()))
                .set_exclusive_start_key(start);
            request = match range {
                Range::All => request.key_condition_expression("pk = :pk"),
                Range::Prefix(prefix) => request
                    .key_condition_expression("pk = :pk AND begins_with(sk, :prefix)")
                    .expression_attribute_values(":prefix", AttributeValue::S(prefix.to_owned())),
                Range::FromTo(first, last) => request
                    .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
                    .expression_attribute_values(":first", AttributeValue::S(first.to_owned()))
                    .expression_attribute_values(":last", AttributeValue::S(last.to_owned())),
            };
            let page = self.query_page("query records", request).await?;
            items.extend(page.items.unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// The first items of a partition whose sort keys start with `prefix` and are above `after`, read consistently. An empty `after` means
    /// all of them.
    pub(crate) async fn query_after(
        &self,
        partition: String,
        prefix: &str,
        after: &str,
        limit: usize,
    ) -> Result<Vec<Item>, RecordsError> {
        let from = if after.is_empty() { prefix } else { after };
        // The lowest above it: nothing is between the two. `~` sorts after every character in our sort keys.
        self.query_between(partition, format!("{from}\u{1}"), format!("{prefix}~"), true, limit).await
    }

    /// The last items of a partition, descending, whose sort keys start with `prefix` and are below `before`.
    pub(crate) async fn query_newest(
        &self,
        partition: String,
        prefix: &str,
        before: Option<String>,
        limit: usize,
    ) -> Result<Vec<Item>, RecordsError> {
        // `~` sorts after every character in our sort keys.
        let last = before.map_or_else(|| format!("{prefix}~"), |before| format!("{prefix}{before}"));
        self.query_between(partition, prefix.to_owned(), last, false, limit).await
    }

    /// Items of a partition between two sort keys, both included, in ascending or descending order.
    pub(crate) async fn query_between(
        &self,
        partition: String,
        first: String,
        last: String,
        ascending: bool,
        limit: usize,
    ) -> Result<Vec<Item>, RecordsError> {
        let page = self
            .query_page(
                "query some records",
                QueryInput::builder()
                    .consistent_read(true)
                    .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
                    .expression_attribute_values(":pk", AttributeValue::S(partition))
                    .expression_attribute_values(":first", AttributeValue::S(first))
                    .expression_attribute_values(":last", AttributeValue::S(last))
                    .scan_index_forward(ascending)
                    .limit(i32::try_from(limit).unwrap_or(i32::MAX)),
            )
            .await?;
        Ok(page.items.unwrap_or_default())
    }

    /// The existing items under the keys, unordered.
    pub(crate) async fn get_many(&self, keys: Vec<Key>) -> Result<Vec<Item>, RecordsError> {
        if let [only] = keys.as_slice() {
            return Ok(self.get(only.clone()).await?.into_iter().collect());
        }
        let mut items = Vec::with_capacity(keys.len());
        // DynamoDB takes 100 keys at a time and may leave some unread.
        const AT_A_TIME: usize = 100;
        let mut wanted: Vec<Item> = keys
            .into_iter()
            .map(|key| {
                HashMap::from([
                    (PK.to_owned(), AttributeValue::S(key.pk)),
                    (SK.to_owned(), AttributeValue::S(key.sk)),
                ])
            })
            .collect();
        let mut fruitless = 0;
        while !wanted.is_empty() {
            let rest = wanted.split_off(wanted.len().min(AT_A_TIME));
            let request = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .build()
                .map_err(|error| RecordsError::Invalid(error.to_string()))?;
            let answer = self
                .store
                .batch_get_item(BatchGetItemInput::builder().request_items(&*self.name, request))
                .await
                .map_err(|error| RecordsError::from_sdk("read several records", &error))?;
            let found: Vec<Item> = answer.responses.unwrap_or_default().into_values().flatten().collect();
            wanted = answer
                .unprocessed_keys
                .unwrap_or_default()
                .into_values()
                .flat_map(|unread| unread.keys)
                .collect();
            fruitless = if found.is_empty() && !wanted.is_empty() { fruitless + 1 } else { 0 };
            if fruitless == 5 {
                return Err(RecordsError::Unavailable("it left the same records unread five times".into()));
            }
            items.extend(found);
            wanted.extend(rest);
        }
        Ok(items)
    }
}
