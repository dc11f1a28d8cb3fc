// The update rules of the spec pages, made from their rule blocks: do not edit.
// step(W, g, $state, $given, t) returns the new W of one number: $state holds its state, $given the
// hyperparameters, and t counts the steps from 1.
