// An adapter for trainspec, with serde_json:  cargo add serde_json --features float_roundtrip
// Check:  cargo build --release && trainspec check -- target/release/adapter
use serde_json::{json, Value};
use std::io::{self, BufRead, Write};

// Numbers that JSON lacks are strings: "NaN", "Infinity", "-Infinity".
#[allow(dead_code)]
fn number(value: &Value) -> f64 {
    match value {
        Value::String(word) => word.parse().unwrap_or(f64::NAN),
        other => other.as_f64().unwrap_or(f64::NAN),
    }
}

#[allow(dead_code)]
fn spelled(x: f64) -> Value {
    if x.is_nan() {
        json!("NaN")
    } else if x.is_infinite() {
        json!(if x > 0.0 { "Infinity" } else { "-Infinity" })
    } else {
        json!(x)
    }
}

// Fill in: give, for every step, the list of tensors after it; a tensor is {"shape", "data"}.
// An Err says why a hyperparameter is refused.
fn update(operation: &str, _params: &Value, _grads: &Value, _hyper: &Value) -> Result<Value, String> {
    Err(format!("not written yet: {operation}"))
}

fn main() {
    for line in io::stdin().lock().lines().map_while(Result::ok) {
        let request: Value = serde_json::from_str(&line).expect("a request is JSON");
        let (inputs, hyper) = (&request["inputs"], &request["hyperparameters"]);
        let mut answer = match request["operation"].as_str().unwrap_or("") {
            // List what you offer, for example "operations": ["sgd", "adam"].
            "describe" => json!({"outputs": {"name": "my library", "types": ["float64"], "operations": []}}),
            operation => match update(operation, &inputs["params"], &inputs["grads"], hyper) {
                Ok(params) => json!({"outputs": {"params": params}}),
                Err(message) => json!({ "error": message }),
            },
        };
        answer["id"] = request["id"].clone();
        println!("{answer}");
        io::stdout().flush().expect("standard output is open");
    }
}
