"""What a node is, before any propagation: text embeddings, knowledge-graph embeddings, free vectors."""
