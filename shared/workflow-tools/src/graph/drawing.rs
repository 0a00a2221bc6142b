//! The graph laid out and drawn.

use super::mermaid;
use super::shapes::{Box, Graph};
use mermaid_rs_renderer::{LayoutConfig, Theme, compute_layout, parse_mermaid, render_svg};

/// Why a graph could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the graph cannot be drawn: {0}")]
pub struct DrawingError(String);

/// Lays a graph out and draws it. Widths of texts are estimated, so that the result does not depend on a machine's fonts.
pub(super) fn svg(graph: &Graph) -> Result<String, DrawingError> {
    let parsed = parse_mermaid(&mermaid::text(graph)).map_err(|error| DrawingError(error.to_string()))?;
    let mut flowchart = parsed.graph;
    let ids = mermaid::ids(graph);
    // The renderer does not decode entities, so texts are set unchanged.
    for node in &graph.nodes {
        if let Some(known) = ids.get(node.id.as_str()).and_then(|id| flowchart.nodes.get_mut(id)) {
            known.label = node.label.join("\n");
        }
    }
    for (drawn, arrow) in flowchart.edges.iter_mut().zip(&graph.arrows) {
        drawn.label.clone_from(&arrow.label);
    }
    for each in all_boxes(&graph.boxes) {
        let drawn =
            flowchart.subgraphs.iter_mut().find(|drawn| drawn.id.as_ref() == ids.get(each.id.as_str()));
        if let Some(drawn) = drawn {
            drawn.label.clone_from(&each.label);
        }
    }
    let theme = Theme::modern();
    let layout_settings = LayoutConfig { fast_text_metrics: true, ..LayoutConfig::default() };
    let layout = compute_layout(&flowchart, &theme, &layout_settings);
    Ok(render_svg(&layout, &theme, &layout_settings))
}

fn all_boxes(boxes: &[Box]) -> Vec<&Box> {
    boxes.iter().flat_map(|each| std::iter::once(each).chain(all_boxes(&each.boxes))).collect()
}
