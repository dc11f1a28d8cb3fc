// An adapter for trainspec. Check it with:  trainspec check -- node THIS_FILE.mjs
import { createInterface } from "node:readline";

// Fill in: (params, grads, hyperparameters) -> for every step the list of tensors after it.
// A tensor is { shape: [...], data: [...] }; hyperparameters.learning_rate has one number a step.
const operations = {
  // adam(params, grads, { learning_rate, beta1, beta2, epsilon }) { ... },
};

const about = { name: "my library", version: "0", types: ["float64"], variants: {} };
const special = { NaN, Infinity, "-Infinity": -Infinity };
const read = (key, value) => (typeof value === "string" && value in special ? special[value] : value);
const write = (key, value) =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value;

for await (const line of createInterface({ input: process.stdin })) {
  const { id, operation, inputs, hyperparameters } = JSON.parse(line, read);
  let answer;
  if (operation === "describe")
    answer = { id, outputs: { ...about, operations: Object.keys(operations) } };
  else if (!(operation in operations)) answer = { id, unsupported: true };
  else {
    try {
      answer = { id, outputs: { params: operations[operation](inputs.params, inputs.grads, hyperparameters) } };
    } catch (error) {
      answer = { id, error: error.message };
    }
  }
  console.log(JSON.stringify(answer, write));
}
