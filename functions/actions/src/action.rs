//! The interface of an action, and how the dispatcher performs one without knowing its types.

use crate::context::Context;
use crate::done::presentable;
use crate::spec::{ActionSpec, Journal};
use domain::ActionError;
use futures::FutureExt;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub use crate::done::{Done, NoOutput};

/// One action: everything that the catalog, the compiler, the infrastructure and the dispatcher need to know about it.
pub trait Action: 'static {
    /// The step's inputs. Unknown fields are refused.
    type Input: DeserializeOwned + JsonSchema + Send;
    /// What later steps can read.
    type Output: Serialize + DeserializeOwned + JsonSchema + Send;

    /// Its name and what its function may do.
    const SPEC: ActionSpec;

    /// Performs it. An action that is journaled runs under the lease of [`Context::effect`] and calls
    /// [`intend`](crate::effect::Effect::intend) after looking outside and before acting.
    ///
    /// # Errors
    /// [`NoOutput`]: the project leaves the plugin type unset, the execution is parked, or the action failed.
    fn run(
        context: &Context<'_>,
        input: Self::Input,
    ) -> impl Future<Output = Result<Done<Self::Output>, NoOutput>> + Send;
}

/// An [`Action`] as data and functions over JSON.
#[derive(Debug)]
pub struct ActionEntry {
    /// The action's name and what its function may do.
    pub spec: ActionSpec,
    input_schema: fn() -> Value,
    output_schema: fn() -> Value,
    run: Run,
}

/// [`ActionEntry::run`] of one action.
type Run = for<'a> fn(&'a Context<'a>, Value) -> BoxFuture<'a, Result<Value, NoOutput>>;

impl ActionEntry {
    /// The entry of an action.
    pub const fn of<A: Action>() -> Self {
        Self {
            spec: A::SPEC,
            input_schema: || input_schema::<A::Input>(),
            output_schema: || output_schema::<A::Output>(),
            run: run::<A>,
        }
    }

    /// The JSON Schema (draft 2020-12) of the input.
    pub fn input_schema(&self) -> Value {
        (self.input_schema)()
    }

    /// The JSON Schema (draft 2020-12) of the output.
    pub fn output_schema(&self) -> Value {
        (self.output_schema)()
    }

    /// The output of a step that was skipped: every field of the action's output, `null`.
    pub fn absent_output(&self) -> Value {
        let schema = self.output_schema();
        let fields = schema["properties"].as_object().into_iter().flatten();
        Value::Object(fields.map(|(name, _)| (name.clone(), Value::Null)).collect())
    }

    /// Whether it is performed through the journal. An action that parks journals its question itself: its output comes with the answer.
    pub(crate) fn is_journaled(&self) -> bool {
        is_journaled(&self.spec)
    }

    /// Reads the input, performs the action (through the journal if it is journaled), and returns its output.
    ///
    /// # Errors
    /// `Rejected` for an invalid input, unless the step is skipped anyway; the errors of [`Action::run`].
    pub(crate) async fn run<'a>(&self, context: &'a Context<'a>, input: Value) -> Result<Value, NoOutput> {
        (self.run)(context, input).await
    }
}

fn run<'a, A: Action>(context: &'a Context<'a>, input: Value) -> BoxFuture<'a, Result<Value, NoOutput>> {
    // Boxed, because the futures hold everything that an action and its plugins wait for.
    async move {
        let spec = &A::SPEC;
        let input: A::Input = read_input(spec, input).map_err(|error| context.without_input(error))?;
        let output = if !is_journaled(spec) {
            Box::pin(A::run(context, input)).await?.output
        } else {
            let act = async |_: &crate::effect::Effect| {
                let done = Box::pin(A::run(context, input)).await?;
                Ok::<_, NoOutput>(context.with_own_inverse(done)?)
            };
            context.effect().perform(act).await?
        };
        Ok(presentable(spec.name, &output)?)
    }
    .boxed()
}

fn is_journaled(spec: &ActionSpec) -> bool {
    spec.journal != Journal::Nothing && !spec.parks
}

/// Reads the input; `null` means not given.
fn read_input<I: DeserializeOwned>(spec: &ActionSpec, mut input: Value) -> Result<I, ActionError> {
    if let Some(fields) = input.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    serde_json::from_value(input).map_err(|error| {
        ActionError::rejected(format!("the input of {} is not accepted: {error}", spec.name))
    })
}

fn input_schema<I: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_deserialize().into_generator().into_root_schema_for::<I>().to_value()
}

fn output_schema<O: JsonSchema>() -> Value {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<O>().to_value()
}
