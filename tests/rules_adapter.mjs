// The update rules of the site's figures as an implementation: node rules_adapter.mjs RULES_MODULE
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const { rules } = await import(pathToFileURL(process.argv[2]));
const special = { NaN, Infinity, "-Infinity": -Infinity };
const read = (key, x) => (typeof x === "string" && x in special ? special[x] : x);
const write = (key, x) => (typeof x === "number" && !Number.isFinite(x) ? String(x) : x);

function run(form, { params, grads }, given) {
  const states = params.map((W) => W.data.map(() => ({})));
  return grads.map((gradient, i) => {
    const h = { ...given, learning_rate: given.learning_rate[i] };
    const move = (w, k, e) => form.step(w, gradient[k].data[e], states[k][e], h, i + 1);
    params = params.map((W, k) => ({ ...W, data: W.data.map((w, e) => move(w, k, e)) }));
    return params;
  });
}

const forms = Object.entries(rules).flatMap(([name, rule]) =>
  Object.keys(rule.forms).filter((form) => form !== "canonical").map((form) => `${name}:${form}`));

for await (const line of createInterface({ input: process.stdin })) {
  const { id, operation, form, inputs, hyperparameters } = JSON.parse(line, read);
  let answer = { unsupported: true };
  if (operation === "describe")
    answer = { outputs: { name: "figures", types: ["float64"], operations: Object.keys(rules), forms } };
  else if (rules[operation])
    answer = { outputs: { params: run(rules[operation].forms[form || "canonical"], inputs, hyperparameters) } };
  console.log(JSON.stringify({ id, ...answer }, write));
}
