//! What JSONata 2.0.6 and Step Functions refuse although the library's newer JSONata accepts it.

use jlens_core::{Expression, Node, NodeKind};

use super::Refusal;

/// Refuses operators added after JSONata 2.0.6, and references to the input document, which does not exist in a
/// state machine: its expressions start from variables.
pub(super) fn check(expression: &Expression) -> Result<(), Refusal> {
    let root = &expression.ast().root;
    let mut problem = None;
    visit(root, &mut problem);
    if let Some(problem) = problem {
        return Err(problem);
    }
    if starts_at_context(root) {
        return Err(Refusal::Unsupported("$".to_owned()));
    }
    let reads = expression.reads();
    match reads.input().and_then(|input| input.fields()?.keys().next().cloned()) {
        Some(name) => Err(Refusal::Unsupported(name)),
        None => Ok(()),
    }
}

fn visit(node: &Node, problem: &mut Option<Refusal>) {
    if problem.is_some() {
        return;
    }
    match &node.kind {
        // 2.0.6 reads the first character of `??` and `?:` as the conditional operator and then meets the second.
        NodeKind::Fallback { op, .. } => {
            let second = op.symbol().chars().nth(1).unwrap_or('?');
            *problem = Some(Refusal::Invalid(format!(
                "The symbol \"{second}\" cannot be used as a unary operator ('{}' is newer than JSONata 2.0.6)",
                op.symbol()
            )));
        }
        NodeKind::Variable { name } if name == "$" => {
            *problem = Some(Refusal::Unsupported("$$".to_owned()));
        }
        _ => jlens_core::stack::grow(|| node.for_each_child(|child| visit(child, problem))),
    }
}

fn starts_at_context(root: &Node) -> bool {
    match &root.kind {
        NodeKind::Variable { name } => name.is_empty(),
        NodeKind::Path { steps, .. } => {
            matches!(steps.first().map(|step| &step.kind), Some(NodeKind::Variable { name }) if name.is_empty())
        }
        _ => false,
    }
}
