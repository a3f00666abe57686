//! What async-openai and genai see: takes and prints the JSON of situations.py.

use async_openai::config::OpenAIConfig;
use genai::adapter::AdapterKind;
use genai::resolver::{AuthData, Endpoint, ProviderConfig};
use serde_json::{json, Map, Value};

type Outcome = Result<Vec<String>, (String, String)>;

async fn async_openai(url: &str, key: &str) -> Outcome {
    let config = OpenAIConfig::new().with_api_base(format!("{url}/v1")).with_api_key(key);
    match async_openai::Client::with_config(config).models().list().await {
        Ok(list) => Ok(list.data.into_iter().map(|model| model.id).collect()),
        Err(error) => Err((variant(&error), error.to_string())),
    }
}

async fn genai(kind: AdapterKind, url: &str, key: &str) -> Outcome {
    let path = if kind == AdapterKind::Gemini { "v1beta" } else { "v1" };
    let provider = ProviderConfig {
        endpoint: Some(Endpoint::from_owned(format!("{url}/{path}/"))),
        auth: Some(AuthData::from_single(key)),
    };
    match genai::Client::builder().build().expect("a client").all_model_names(kind, provider).await {
        Ok(names) => Ok(names),
        Err(error) => Err((variant(&error), error.to_string())),
    }
}

/// The name of an enum's variant.
fn variant(error: &impl std::fmt::Debug) -> String {
    format!("{error:?}").split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default().to_string()
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let argument = std::env::args().nth(1).expect("instructions in JSON");
    let instructions: Map<String, Value> = serde_json::from_str(&argument).expect("JSON");
    let mut seen = Map::new();
    for (client, situations) in instructions {
        let mut outcomes = Map::new();
        for (situation, at) in situations.as_object().expect("situations") {
            let (url, key) = (at[0].as_str().unwrap(), at[1].as_str().unwrap());
            let outcome = match client.as_str() {
                "async-openai" => async_openai(url, key).await,
                "genai for Rust, OpenAI" => genai(AdapterKind::OpenAI, url, key).await,
                "genai for Rust, Anthropic" => genai(AdapterKind::Anthropic, url, key).await,
                "genai for Rust, Gemini" => genai(AdapterKind::Gemini, url, key).await,
                other => panic!("{other} is not a client"),
            };
            let shown = match outcome {
                Ok(ids) => json!({ "ids": ids }),
                Err((error, text)) => json!({ "error": error, "text": text }),
            };
            outcomes.insert(situation.clone(), shown);
        }
        seen.insert(client, Value::Object(outcomes));
    }
    println!("{}", Value::Object(seen));
}
