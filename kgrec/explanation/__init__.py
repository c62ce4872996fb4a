"""Why an item: paths through the graph, scored by the model and told in words."""
