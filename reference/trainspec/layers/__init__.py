"""Layers: activations, affine, batch normalisation, dropout; forward and backward."""
