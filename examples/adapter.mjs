// The five update rules in JavaScript, whole or step by step, for:  trainspec check -- node examples/adapter.mjs
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

// A run holds parameters and, for each element, a state; a step of null leaves a tensor alone.
class Run {
  constructor(rule, params, h) {
    validate(h);
    Object.assign(this, { rule, params, h, t: 0, states: params.map((W) => W.data.map(() => ({}))) });
  }
  step(grads, learning_rate) {
    const h = { ...this.h, learning_rate }, t = ++this.t;
    const move = (W, g, states) => ({ ...W, data: W.data.map((w, e) => this.rule(w, g.data[e], states[e], h, t)) });
    return (this.params = this.params.map((W, k) => (grads[k] ? move(W, grads[k], this.states[k]) : W)));
  }
}

const runs = {};
const verbs = {
  step: ({ run, inputs, hyperparameters: h }) => ({ outputs: { params: runs[run].step(inputs.grads, h.learning_rate) } }),
  save: ({ run }) => ({ state: { t: runs[run].t, states: runs[run].states } }),
  restore: ({ run, state }) => (Object.assign(runs[run], structuredClone(state)), { outputs: {} }),
  end: ({ run }) => (delete runs[run], { outputs: {} }),
  describe: () => ({ outputs: { name: "trainspec example in JavaScript", types: ["float64"],
    operations: Object.keys(rules).flatMap((name) => [name, `${name}_start`]) } }),
};
for (const [name, rule] of Object.entries(rules)) {
  verbs[`${name}_start`] = ({ run, inputs, hyperparameters: h }) =>
    ((runs[run] = new Run(rule, inputs.params, h)), { outputs: {} });
  verbs[name] = ({ inputs: { params, grads }, hyperparameters: h }) => {
    const whole = new Run(rule, params, h);
    return { outputs: { params: grads.map((g, i) => whole.step(g, h.learning_rate[i])) } };
  };
}

const special = { NaN, Infinity, "-Infinity": -Infinity };
const read = (key, x) => (typeof x === "string" && x in special ? special[x] : x);
const write = (key, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x);

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line, read), verb = verbs[request.operation];
  let answer = { unsupported: true };
  try {
    if (verb) answer = verb(request);
  } catch (error) { answer = { error: error.message }; }
  console.log(JSON.stringify({ id: request.id, ...answer }, write));
}
