//! What JSONata 2.0.6 and Step Functions refuse although the library's newer JSONata accepts it.

use jlens_core::{Ast, Node, NodeKind};

use super::SyntaxError;

/// Refuses operators added after JSONata 2.0.6, and references to the input document, which does not exist in a
/// state machine: its expressions start from variables.
pub(super) fn check(ast: &Ast) -> Result<(), SyntaxError> {
    if starts_at_context(&ast.root) {
        return Err(SyntaxError(
            "'$' at the top level of an expression refers to nothing; start from a variable such as $states.input"
                .to_owned(),
        ));
    }
    let mut problem = None;
    visit(&ast.root, &mut problem);
    problem.map_or(Ok(()), Err)
}

fn visit(node: &Node, problem: &mut Option<SyntaxError>) {
    if problem.is_some() {
        return;
    }
    match &node.kind {
        // 2.0.6 reads the first character of `??` and `?:` as the conditional operator and then meets the second.
        NodeKind::Fallback { op, .. } => {
            let second = op.symbol().chars().nth(1).unwrap_or('?');
            *problem = Some(SyntaxError(format!(
                "The symbol \"{second}\" cannot be used as a unary operator ('{}' is newer than JSONata 2.0.6)",
                op.symbol()
            )));
        }
        NodeKind::Variable { name } if name == "$" => {
            *problem = Some(SyntaxError(
                "'$$' refers to nothing in a state machine; start from a variable such as $states.input"
                    .to_owned(),
            ));
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
