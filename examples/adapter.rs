// The five update rules in Rust, with serde_json, for:  trainspec check -- ./adapter
// Its only dependency:  cargo add serde_json --features float_roundtrip
use serde_json::{json, Map, Value};
use std::io::{self, BufRead, Write};

type Numbers = Map<String, Value>;

// Numbers that JSON lacks are strings: "NaN", "Infinity", "-Infinity".
fn number(value: &Value) -> f64 {
    match value {
        Value::String(word) => word.parse().unwrap_or(f64::NAN),
        other => other.as_f64().unwrap_or(f64::NAN),
    }
}

fn spelled(x: f64) -> Value {
    if x.is_nan() {
        json!("NaN")
    } else if x.is_infinite() {
        json!(if x > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        json!(x)
    }
}

fn hyper(h: &Numbers, name: &str, below: f64) -> Result<f64, String> {
    let x = number(h.get(name).ok_or(format!("{name} is missing"))?);
    if x >= 0.0 && x < below { Ok(x) } else { Err(format!("{name} is out of its domain: {x}")) }
}

// One step of one element; a and b are its state, zero at first.
fn step(rule: &str, h: &Numbers, eta: f64, w: f64, g: f64, a: &mut f64, b: &mut f64, t: i32) -> Result<f64, String> {
    match rule {
        "sgd" => Ok(w - eta * g),
        "momentum" => {
            *a = hyper(h, "momentum", 1.0)? * *a - eta * g;
            Ok(w + *a)
        }
        "adagrad" => {
            *a += g * g;
            Ok(w - eta * g / (a.sqrt() + hyper(h, "epsilon", f64::INFINITY)?))
        }
        "rmsprop" => {
            let rho = hyper(h, "rho", 1.0)?;
            *a = rho * *a + (1.0 - rho) * g * g;
            Ok(w - eta * g / (a.sqrt() + hyper(h, "epsilon", f64::INFINITY)?))
        }
        _ => {
            let (beta1, beta2) = (hyper(h, "beta1", 1.0)?, hyper(h, "beta2", 1.0)?);
            *a = beta1 * *a + (1.0 - beta1) * g;
            *b = beta2 * *b + (1.0 - beta2) * g * g;
            let (m_hat, v_hat) = (*a / (1.0 - beta1.powi(t)), *b / (1.0 - beta2.powi(t)));
            Ok(w - eta * m_hat / (v_hat.sqrt() + hyper(h, "epsilon", f64::INFINITY)?))
        }
    }
}

fn run(rule: &str, inputs: &Value, h: &Numbers) -> Result<Value, String> {
    let mut params = inputs["params"].as_array().cloned().unwrap_or_default();
    let mut states: Vec<Vec<(f64, f64)>> =
        params.iter().map(|w| vec![(0.0, 0.0); w["data"].as_array().map_or(0, Vec::len)]).collect();
    let mut after = Vec::new();
    for (t, grads) in inputs["grads"].as_array().into_iter().flatten().enumerate() {
        let rate = json!({ "learning_rate": h["learning_rate"][t] });
        let eta = hyper(rate.as_object().unwrap(), "learning_rate", f64::INFINITY)?;
        for (k, w) in params.iter_mut().enumerate() {
            for (i, (a, b)) in states[k].iter_mut().enumerate() {
                let (old, g) = (number(&w["data"][i]), number(&grads[k]["data"][i]));
                w["data"][i] = spelled(step(rule, h, eta, old, g, a, b, t as i32 + 1)?);
            }
        }
        after.push(Value::Array(params.clone()));
    }
    Ok(json!({ "params": after }))
}

fn main() {
    let rules = ["sgd", "momentum", "adagrad", "rmsprop", "adam"];
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let request: Value = serde_json::from_str(&line).expect("a request is JSON");
        let operation = request["operation"].as_str().unwrap_or("");
        let mut answer = match operation {
            "describe" => json!({"outputs": {"name": "trainspec example in Rust", "types": ["float64"], "operations": rules}}),
            rule if rules.contains(&rule) => {
                match run(rule, &request["inputs"], request["hyperparameters"].as_object().unwrap()) {
                    Ok(outputs) => json!({ "outputs": outputs }),
                    Err(message) => json!({ "error": message }),
                }
            }
            _ => json!({"unsupported": true}),
        };
        answer["id"] = request["id"].clone();
        println!("{answer}");
        io::stdout().flush().expect("standard output is open");
    }
}
