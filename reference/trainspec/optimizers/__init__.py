"""Update rules: SGD, Momentum, AdaGrad, RMSProp, Adam; each module has `init` and `step`."""
