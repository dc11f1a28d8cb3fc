"""Update rules: SGD, Momentum, AdaGrad, RMSProp, Adam. One a module, each with `init` and `step`."""
