"""Adapters to fill in, for `trainspec new`: they run, and answer that they support nothing."""

from __future__ import annotations

PYTHON = '''"""An adapter for trainspec: fill in what your library offers, delete the rest.

Check it with:  trainspec check THIS_FILE.py
"""

name = "my library"
version = "0"
# types = ["float64", "float32"]                     # what it computes in, if not all four
# variants = {"momentum": "rate-outside-velocity"}   # what it is, if not the canonical form


def sgd(params, grads, *, learning_rate):
    raise NotImplementedError


def momentum(params, grads, *, learning_rate, momentum):
    raise NotImplementedError


def adagrad(params, grads, *, learning_rate, epsilon):
    raise NotImplementedError


def rmsprop(params, grads, *, learning_rate, rho, epsilon):
    raise NotImplementedError


def adam(params, grads, *, learning_rate, beta1, beta2, epsilon):
    """params: a list of arrays; grads: for every step a list of arrays; learning_rate: one
    number a step. Return, for every step, the list of arrays after it, of the same type."""
    raise NotImplementedError
'''

JAVASCRIPT = """// An adapter for trainspec. Check it with:  trainspec check -- node THIS_FILE.mjs
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
"""

CPP = """// An adapter for trainspec, with nlohmann-json (Debian: nlohmann-json3-dev).
// Build:  c++ -std=c++17 -O2 -o adapter THIS_FILE.cpp      Check:  trainspec check -- ./adapter
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <string>

using nlohmann::json;

// Numbers that JSON lacks are strings.
double number(const json& j) { return j.is_string() ? std::stod(j.get<std::string>()) : j.get<double>(); }
json spelled(double x) {
  if (std::isnan(x)) return "NaN";
  if (std::isinf(x)) return x > 0 ? "Infinity" : "-Infinity";
  return x;
}

// Fill in: give, for every step, the list of tensors after it; a tensor is {"shape", "data"}.
json update(const std::string& operation, const json& params, const json& grads, const json& hyper) {
  throw std::invalid_argument("not written yet: " + operation);
}

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    json request = json::parse(line), answer = {{"id", request["id"]}};
    std::string operation = request["operation"];
    if (operation == "describe")
      answer["outputs"] = {{"name", "my library"}, {"types", {"float64"}}, {"operations", json::array()}};
    else
      try {
        answer["outputs"]["params"] = update(operation, request["inputs"]["params"],
                                             request["inputs"]["grads"], request["hyperparameters"]);
      } catch (const std::invalid_argument& error) {
        answer["error"] = error.what();
      }
    std::cout << answer.dump() << std::endl;  // endl flushes
  }
}
"""

_TEMPLATES = {"python": PYTHON, "javascript": JAVASCRIPT, "cpp": CPP}


def template(language: str) -> str:
    """The adapter to fill in for a language: python, javascript or cpp."""
    return _TEMPLATES[language]
