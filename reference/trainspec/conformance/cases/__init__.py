"""The golden examples: records, loading, inputs in a type, and what can come of a case."""
