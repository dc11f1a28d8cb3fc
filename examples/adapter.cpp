// The five update rules in C++, for:  c++ -std=c++17 -O2 -o adapter adapter.cpp && trainspec check -- ./adapter
#include <cmath>
#include <iostream>
#include <nlohmann/json.hpp>
#include <vector>
using nlohmann::json;

double number(const json& j) { return j.is_string() ? std::stod(j.get<std::string>()) : j.get<double>(); }
json spelled(double x) { return std::isnan(x) ? json("NaN") : std::isinf(x) ? json(x > 0 ? "Infinity" : "-Infinity") : json(x); }

double hyper(const json& h, const char* name, double below) {
  double x = number(h.at(name));
  if (!(x >= 0 && x < below)) throw std::invalid_argument(std::string(name) + " is out of its domain");
  return x;
}

// One element of type T, one step; a and b are its state, zero at first.
template <class T>
T step(const std::string& rule, const json& h, T eta, T W, T g, T& a, T& b, int t) {
  if (rule == "sgd") return W - eta * g;
  if (rule == "momentum") return W + (a = T(hyper(h, "momentum", 1)) * a - eta * g);
  T epsilon = hyper(h, "epsilon", INFINITY);
  if (rule == "adagrad") return a += g * g, W - eta * g / (std::sqrt(a) + epsilon);
  T rho = rule == "rmsprop" ? hyper(h, "rho", 1) : 0;
  if (rule == "rmsprop") return a = rho * a + (1 - rho) * g * g, W - eta * g / (std::sqrt(a) + epsilon);
  if (rule != "adam") throw std::out_of_range(rule);
  T beta1 = hyper(h, "beta1", 1), beta2 = hyper(h, "beta2", 1);
  a = beta1 * a + (1 - beta1) * g, b = beta2 * b + (1 - beta2) * g * g;
  return W - eta * (a / (1 - std::pow(beta1, T(t)))) / (std::sqrt(b / (1 - std::pow(beta2, T(t)))) + epsilon);
}

template <class T>
json run(const std::string& rule, json params, const json& grads, const json& h) {
  std::vector<std::vector<T>> a, b;
  for (auto& W : params) a.emplace_back(W["data"].size()), b.emplace_back(W["data"].size());
  json after = json::array();
  for (size_t t = 0; t < grads.size(); t++) {
    T eta = hyper({{"learning_rate", h.at("learning_rate")[t]}}, "learning_rate", INFINITY);
    for (size_t k = 0; k < params.size(); k++)
      for (size_t i = 0; i < a[k].size(); i++) {
        json& w = params[k]["data"][i];
        w = spelled(step<T>(rule, h, eta, number(w), number(grads[t][k]["data"][i]), a[k][i], b[k][i], t + 1));
      }
    after.push_back(params);
  }
  return after;
}

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    json q = json::parse(line), answer = {{"id", q["id"]}};
    try {
      if (q["operation"] == "describe") answer["outputs"] = {{"name", "trainspec example in C++"}, {"types", {"float64", "float32"}}, {"operations", {"sgd", "momentum", "adagrad", "rmsprop", "adam"}}};
      else answer["outputs"]["params"] = (q["type"] == "float32" ? run<float> : run<double>)(q["operation"], q["inputs"]["params"], q["inputs"]["grads"], q["hyperparameters"]);
    } catch (const std::out_of_range&) { answer["unsupported"] = true; }
    catch (const std::invalid_argument& e) { answer["error"] = e.what(); }
    std::cout << answer.dump() << std::endl;
  }
}
