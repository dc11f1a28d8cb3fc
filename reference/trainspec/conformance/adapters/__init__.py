"""The adapters that come with trainspec: one module an implementation, as anyone would write it."""
