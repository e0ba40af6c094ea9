"""One file a library: its registry, its contexts, and its best documented way to ask, without a network."""
