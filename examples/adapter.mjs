// The five update rules in JavaScript, for:  trainspec check -- node examples/adapter.mjs
import { createInterface } from "node:readline";

// A rule takes one element: (W, g, state, hyperparameters, t) -> the new W.
const rules = {
  sgd: (W, g, s, h) => W - h.learning_rate * g,
  momentum: (W, g, s, h) => W + (s.v = h.momentum * (s.v ?? 0) - h.learning_rate * g),
  adagrad: (W, g, s, h) => {
    s.h = (s.h ?? 0) + g * g;
    return W - (h.learning_rate * g) / (Math.sqrt(s.h) + h.epsilon);
  },
  rmsprop: (W, g, s, h) => {
    s.h = h.rho * (s.h ?? 0) + (1 - h.rho) * g * g;
    return W - (h.learning_rate * g) / (Math.sqrt(s.h) + h.epsilon);
  },
  adam: (W, g, s, h, t) => {
    s.m = h.beta1 * (s.m ?? 0) + (1 - h.beta1) * g;
    s.v = h.beta2 * (s.v ?? 0) + (1 - h.beta2) * g * g;
    const mHat = s.m / (1 - h.beta1 ** t), vHat = s.v / (1 - h.beta2 ** t);
    return W - (h.learning_rate * mHat) / (Math.sqrt(vHat) + h.epsilon);
  },
};
const below1 = ["momentum", "rho", "beta1", "beta2"];

function validate(h) {
  for (const [name, value] of Object.entries(h))
    for (const x of [value].flat())
      if (!(x >= 0 && x < (below1.includes(name) ? 1 : Infinity)))
        throw new RangeError(`${name} is out of its domain: ${x}`);
}

function run(rule, { params, grads }, h) {
  validate(h);
  const states = params.map((W) => W.data.map(() => ({})));
  return grads.map((step, i) =>
    (params = params.map((W, k) => ({
      shape: W.shape,
      data: W.data.map((w, e) =>
        rule(w, step[k].data[e], states[k][e], { ...h, learning_rate: h.learning_rate[i] }, i + 1)),
    }))));
}

const special = { NaN, Infinity, "-Infinity": -Infinity };
const read = (key, x) => (typeof x === "string" && x in special ? special[x] : x);
const write = (key, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x);

for await (const line of createInterface({ input: process.stdin })) {
  const { id, operation, inputs, hyperparameters } = JSON.parse(line, read);
  const answer = { id };
  try {
    if (operation === "describe")
      answer.outputs = { name: "trainspec example in JavaScript", types: ["float64"], operations: Object.keys(rules) };
    else if (operation in rules) answer.outputs = { params: run(rules[operation], inputs, hyperparameters) };
    else answer.unsupported = true;
  } catch (error) { answer.error = error.message; }
  console.log(JSON.stringify(answer, write));
}
