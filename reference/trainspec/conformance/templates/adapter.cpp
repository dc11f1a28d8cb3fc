// An adapter for trainspec, with nlohmann-json (Debian: nlohmann-json3-dev).
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
      // List what you offer, for example {"operations", {"sgd", "adam"}}.
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
