//! Whether a stage has the functions of this version.

use super::Finding;
use crate::account::Stage;
use crate::connection::Connection;
use crate::exit::Exit;
use crate::functions;

/// Asks Lambda for each function by its name in the stage.
pub(super) async fn functions(stage: &Stage, connection: &Connection) -> Finding {
    Finding::new(format!("functions of the stage {}", stage.name()), check(stage, connection).await)
}

async fn check(stage: &Stage, connection: &Connection) -> Result<(), String> {
    let mut missing = Vec::new();
    for function in functions::all() {
        let name = format!("{}{}", connection.function_prefix, function.name);
        match connection.lambda.get_function_configuration().function_name(&name).send().await {
            Ok(_) => {}
            Err(error)
                if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) =>
            {
                missing.push(name);
            }
            Err(error) => return Err(Exit::from_aws(format!("cannot look up {name}"), &error).to_string()),
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let missing = missing.join(", ");
    Err(format!("not deployed: {missing}; deploy with `ticketsmith deploy --stage {}`", stage.name()))
}
