"""The chapter's experiments, with anyone's parts: `page, implementation -> figures -> claims`.

A page under spec/effects/ says what is claimed; the experiment of the same name, in
`experiments/`, measures it. `parts` holds what is under test, `network` and `training` are the
loop, `trials` runs the experiments side by side and keeps what is done, and `judge` holds the
figures against the claims.
"""
