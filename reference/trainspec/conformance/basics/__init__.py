"""Nothing about a technique: paths, float types, tensors, and how names are written."""
